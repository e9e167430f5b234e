package deploy

import (
	"errors"
	"fmt"
	"maps"
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
		Props     function
	}
}

type function struct {
	Role      string
	Variables map[string]string `yaml:"environmentVariables"`
	Triggers  []struct {
		Type   string `yaml:"triggerType"`
		Config struct {
			AuthType string `yaml:"authType"`
		} `yaml:"triggerConfig"`
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
		for name, value := range r.Props.Variables {
			r.Props.Variables[name] = expand(value, vars, env)
		}
		if err := errors.Join(checkVariables(r.Props.Variables, policy), r.Props.check()); err != nil {
			errs = append(errs, fmt.Errorf("resources.%s: %w", name, err))
		}
	}
	if found == 0 {
		errs = append(errs, errors.New("there is no function in it"))
	}
	return errors.Join(errs...)
}

func checkVariables(variables map[string]string, policy string) error {
	var environ []string
	for name, value := range variables {
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

// check finds what the function cannot see at its start: settings that do not reach it,
// and those that do not go with what stands beside them.
func (f function) check() error {
	if len(f.Variables) == 0 {
		return errors.New("environmentVariables: there are none, so no setting reaches the function")
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(f.Variables)) {
		if strings.Contains(strings.ToUpper(name), "WARDEN_") && !strings.HasPrefix(name, "WARDEN_") {
			errs = append(errs, fmt.Errorf("%s: the function reads only names that begin with WARDEN_", name))
		}
	}
	_, role, _ := strings.Cut(f.Role, ":role/")
	if name := f.Variables[settings.RoleName]; name != "" && role != "" && name != role {
		errs = append(errs, fmt.Errorf("%s: is %s, and the function's role is %s: it would not know its own writes", settings.RoleName, name, role))
	}
	for _, t := range f.Triggers {
		auth := f.Variables[settings.HTTPAuth]
		if t.Type == "http" && (t.Config.AuthType == "anonymous") != (auth == "tokens") {
			errs = append(errs, fmt.Errorf("%s: %q does not go with authType %s: a trigger that lets everybody in needs tokens, and no other does", settings.HTTPAuth, auth, t.Config.AuthType))
		}
	}
	return errors.Join(errs...)
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
// shows. Where s.yaml does not have the lines of Missing once, because a person has
// exchanged or changed them, there is nothing to exchange, and no Text.
type Variant struct{ Name, Text, Missing string }

var exchange = regexp.MustCompile("(?s)<!-- replace -->\n```yaml\n(.*?)```\n\n<!-- with -->\n```yaml\n(.*?)```")

// Variants returns the variants of s.yaml that a document shows under its headings.
func Variants(doc, sYAML string) []Variant {
	var all []Variant
	for section := range strings.SplitSeq("\n"+doc, "\n## ") {
		pairs := exchange.FindAllStringSubmatch(section, -1)
		if len(pairs) == 0 {
			continue
		}
		v := Variant{Text: sYAML}
		v.Name, _, _ = strings.Cut(section, "\n")
		for _, m := range pairs {
			if strings.Count(v.Text, m[1]) != 1 {
				v.Text, v.Missing = "", m[1]
				break
			}
			v.Text = strings.Replace(v.Text, m[1], m[2], 1)
		}
		all = append(all, v)
	}
	return all
}

// CheckProject reads the settings of s.yaml, s.local.yaml and every variant of s.yaml
// in docs/s-variants.md, in root, and returns the names of what it read, those of the
// variants that do not fit s.yaml any more, and all that is wrong. policy is the file to
// pack; a variant that needs one and has none takes the example.
func CheckProject(root, policy string, env map[string]string) (read, left []string, err error) {
	texts := map[string]string{}
	for _, name := range []string{"s.yaml", "s.local.yaml", "docs/s-variants.md", "docs/examples/policy.yaml"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, nil, err
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
	if policy == "" {
		policy = filepath.Join(root, "docs/examples/policy.yaml")
	}
	if len(errs) > 0 { // which each variant would have, too
		return read, nil, errors.Join(errs...)
	}
	for _, v := range Variants(texts["docs/s-variants.md"], texts["s.yaml"]) {
		name := "docs/s-variants.md, " + v.Name
		if v.Missing != "" {
			left = append(left, name)
			continue
		}
		check(name, v.Text, policy)
	}
	return read, left, errors.Join(errs...)
}
