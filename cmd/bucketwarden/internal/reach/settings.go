package reach

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// Requirement is what is required of the buckets, and who says so.
type Requirement struct {
	// Policy decides for each bucket: that of a file, or one that requires the same of
	// all ([policy.Simple]).
	Policy *policy.Policy
	// Compare replaces how the rules of a policy file compare; empty keeps it.
	Compare ossenc.Compare
	// Words are for people, such as: AES256 or stronger (--algorithm).
	Words string
}

// readSettings reads the function's settings from the environment, so that a laptop
// sees what the function does. Those that flags replace are not read.
func (f *Flags) readSettings(env map[string]string) (settings.Config, error) {
	var replaced []string
	if f.policy != "" || f.algorithm != "" {
		replaced = append(replaced, settings.Policy, settings.Algorithm, settings.KMSKeyID, settings.KMSDataEncryption, settings.Compare)
	}
	if f.endpoint != "" {
		replaced = append(replaced, settings.OSSEndpoint, settings.OSSInternal)
	}
	var environ []string
	for name, value := range env {
		if strings.HasPrefix(name, settings.Prefix) && !slices.Contains(replaced, name) {
			environ = append(environ, name+"="+value)
		}
	}
	slices.Sort(environ)
	cfg, err := settings.Read(environ)
	if err != nil {
		return cfg, &app.Error{Exit: app.Usage, Err: err}
	}
	return cfg, nil
}

// requirement finds what is required: the flags' policy, the flags' rule, what the
// function's settings say, or else AES256.
func (f *Flags) requirement(env map[string]string, cfg settings.Config) (Requirement, error) {
	compare, err := f.Compare()
	if err != nil {
		return Requirement{}, err
	}
	rule, given, err := f.Rule()
	if err != nil {
		return Requirement{}, err
	}
	switch {
	case f.policy != "" && given:
		return Requirement{}, app.Usagef("--policy and --algorithm both say what is required; give one of them")
	case f.policy != "":
		return byPolicyFile(f.policy, compare)
	case given:
		return byRule(rule, compare, "--algorithm"), nil
	}
	required, simple := cfg.Policy.Simple()
	if !simple {
		return byPolicy(cfg.Policy, env[settings.Policy], settings.Policy, compare), nil
	}
	if f.compare == "" {
		compare = required.Compare
	}
	if env[settings.Algorithm] == "" && env[settings.Compare] == "" {
		return byRule(required.Rule, compare, "the default"), nil
	}
	return byRule(required.Rule, compare, settings.Algorithm), nil
}

func byPolicyFile(file string, compare ossenc.Compare) (Requirement, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return Requirement{}, app.Usagef("--policy: there is no file %s", file)
	}
	if err != nil {
		return Requirement{}, app.Usagef("--policy: %w", err)
	}
	p, err := policy.Parse(file, data)
	if err != nil {
		return Requirement{}, &app.Error{Exit: app.Usage, Err: err, Next: "bucketwarden policy check " + file}
	}
	return byPolicy(p, file, "--policy", compare), nil
}

func byPolicy(p *policy.Policy, file, source string, compare ossenc.Compare) Requirement {
	r := Requirement{Policy: p, Words: fmt.Sprintf("what %s says (%s)", file, source)}
	if compare == ossenc.Exact { // the flag's default is floor, and says nothing
		r.Compare = compare
	}
	return r
}

func byRule(rule ossenc.Rule, compare ossenc.Compare, source string) Requirement {
	words := "or stronger"
	if compare == ossenc.Exact {
		words = "exactly"
	}
	return Requirement{Policy: policy.Simple(ossenc.Desired{Rule: rule, Compare: compare}), Words: fmt.Sprintf("%s %s (%s)", rule, words, source)}
}
