package deploy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"bucketwarden/internal/settings"
)

// serverless is what a Serverless Devs file says about settings.
type serverless struct {
	Vars      map[string]string
	Resources map[string]struct {
		Component string
		Props     struct {
			Variables map[string]string `yaml:"environmentVariables"`
		}
	}
}

// CheckSettings reads the settings of every function in a Serverless Devs file as the
// function reads them at its start, and returns what is wrong with them; nil for
// nothing. policy is the file that is packed as the function's policy; empty for none.
// env are the variables that the file may ask for.
func CheckSettings(text, policy string, env map[string]string) error {
	var doc serverless
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return err
	}
	vars := map[string]string{}
	for name, value := range doc.Vars {
		vars[name] = expand(value, nil, env)
	}
	var errs []error
	found := 0
	for name, r := range doc.Resources {
		if strings.HasPrefix(r.Component, "fc3-domain") {
			continue
		}
		found++
		if err := checkVariables(r.Props.Variables, policy, vars, env); err != nil {
			errs = append(errs, fmt.Errorf("resources.%s: %w", name, err))
		}
	}
	if found == 0 {
		errs = append(errs, errors.New("there is no function in it"))
	}
	return errors.Join(errs...)
}

func checkVariables(variables map[string]string, policy string, vars, env map[string]string) error {
	var environ []string
	for name, value := range variables {
		value = expand(value, vars, env)
		if name == settings.Policy && value != "" {
			file, err := packed(value, policy)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			value = file
		}
		environ = append(environ, name+"="+value)
	}
	slices.Sort(environ)
	_, err := settings.Read(environ)
	return err
}

// packed returns the file that will be at a path of the function.
func packed(path, policy string) (string, error) {
	switch {
	case path != PolicyPath && path != Policy:
		return "", fmt.Errorf("%s is not in the package, which has the policy as %s, whatever it was called before", path, PolicyPath)
	case policy == "":
		return "", errors.New("the package has no policy; give the file that is packed: POLICY=path")
	}
	return policy, nil
}

// SetsPolicy reports whether the settings in a Serverless Devs file name a policy.
func SetsPolicy(text string) bool {
	return regexp.MustCompile(`(?m)^ *` + settings.Policy + `:`).MatchString(text)
}

var placeholder = regexp.MustCompile(`\$\{(?:vars\.(\w+)|env\('(\w+)',\s*'([^']*)'\))\}`)

// expand puts in ${vars.x} and ${env('X', 'default')}.
func expand(value string, vars, env map[string]string) string {
	return placeholder.ReplaceAllStringFunc(value, func(whole string) string {
		m := placeholder.FindStringSubmatch(whole)
		if m[1] != "" {
			return vars[m[1]]
		}
		if set, ok := env[m[2]]; ok {
			return set
		}
		return m[3]
	})
}

// Variant is s.yaml with the lines exchanged that a section of docs/s-variants.md
// shows.
type Variant struct{ Name, Text string }

var exchange = regexp.MustCompile("(?s)<!-- replace -->\n```yaml\n(.*?)```\n\n<!-- with -->\n```yaml\n(.*?)```")

// Variants returns the variants of s.yaml that a document shows under its headings.
func Variants(doc, sYAML string) ([]Variant, error) {
	var all []Variant
	for section := range strings.SplitSeq("\n"+doc, "\n## ") {
		v := Variant{Text: sYAML}
		v.Name, _, _ = strings.Cut(section, "\n")
		for _, m := range exchange.FindAllStringSubmatch(section, -1) {
			if strings.Count(v.Text, m[1]) != 1 {
				return nil, fmt.Errorf("%s: these lines are not once in s.yaml:\n%s", v.Name, m[1])
			}
			v.Text = strings.Replace(v.Text, m[1], m[2], 1)
		}
		if v.Text != sYAML {
			all = append(all, v)
		}
	}
	return all, nil
}

// CheckProject reads the settings of s.yaml, s.local.yaml and every variant of s.yaml
// in docs/s-variants.md, in root, and returns the names of what it read and all that is
// wrong. policy is the file to pack; a variant that needs one and has none takes the
// example.
func CheckProject(root, policy string, env map[string]string) (read []string, err error) {
	texts := map[string]string{}
	for _, name := range []string{"s.yaml", "s.local.yaml", "docs/s-variants.md", "docs/examples/policy.yaml"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		texts[name] = string(data)
	}
	policy = FindPolicy(root, policy)
	var errs []error
	check := func(name, text, policy string) {
		read = append(read, name)
		if err := CheckSettings(text, policy, env); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	check("s.yaml", texts["s.yaml"], policy)
	if policy != "" && !SetsPolicy(texts["s.yaml"]) {
		errs = append(errs, fmt.Errorf("s.yaml: %s is packed, and no setting names it, so the function would not read it: see docs/s-variants.md, A policy", policy))
	}
	check("s.local.yaml", texts["s.local.yaml"], policy)
	variants, err := Variants(texts["docs/s-variants.md"], texts["s.yaml"])
	if err != nil {
		errs = append(errs, err)
	}
	if policy == "" {
		policy = filepath.Join(root, "docs/examples/policy.yaml")
	}
	for _, v := range variants {
		check("docs/s-variants.md, "+v.Name, v.Text, policy)
	}
	return read, errors.Join(errs...)
}
