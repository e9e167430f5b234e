package reach

import (
	"cmp"
	"fmt"
	"os"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// Requirement is what is required of the buckets, and who says so.
type Requirement struct {
	// Desired is for all buckets; the zero Desired where a policy decides.
	Desired ossenc.Desired
	// Policy decides for each bucket; nil if Desired does.
	Policy *policy.Policy
	// Exactly takes the policy's rules with [ossenc.Exact].
	Exactly bool
	// Words are for people, such as: AES256 or stronger (--algorithm).
	Words string
}

// requirement finds what is required: the flags' policy, the flags' rule, what the
// function's settings say, or else AES256.
func (f *Flags) requirement(env map[string]string) (Requirement, error) {
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
		return byPolicy(f.policy, "--policy", compare)
	case given:
		return byRule(rule, compare, "--algorithm"), nil
	case env["WARDEN_POLICY"] != "":
		return byPolicy(env["WARDEN_POLICY"], "WARDEN_POLICY", compare)
	}
	return f.bySettings(env, compare)
}

func byPolicy(file, source string, compare ossenc.Compare) (Requirement, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return Requirement{}, app.Usagef("%s: %w", source, err)
	}
	p, err := policy.Parse(file, data)
	if err != nil {
		return Requirement{}, &app.Error{Exit: app.Usage, Err: err, Next: "bucketwarden policy check " + file}
	}
	return Requirement{Policy: p, Exactly: compare == ossenc.Exact, Words: fmt.Sprintf("what %s says (%s)", file, source)}, nil
}

// bySettings takes the function's own settings, so that a laptop sees what the
// function does.
func (f *Flags) bySettings(env map[string]string, compare ossenc.Compare) (Requirement, error) {
	algorithm := env["WARDEN_ALGORITHM"]
	if algorithm == "" && env["WARDEN_COMPARE"] == "" {
		return byRule(ossenc.Rule{Algorithm: ossenc.AES256}, compare, "the default"), nil
	}
	rule, err := ossenc.NewRule(cmp.Or(algorithm, ossenc.AES256), env["WARDEN_KMS_KEY_ID"], env["WARDEN_KMS_DATA_ENCRYPTION"])
	if err != nil {
		return Requirement{}, app.Usagef("WARDEN_ALGORITHM, WARDEN_KMS_KEY_ID, WARDEN_KMS_DATA_ENCRYPTION: %w", err)
	}
	switch set := ossenc.Compare(env["WARDEN_COMPARE"]); set {
	case "", ossenc.Floor, ossenc.Exact:
		if f.compare == "" && set != "" {
			compare = set
		}
	default:
		return Requirement{}, app.Usagef("WARDEN_COMPARE: %.40q is neither floor nor exact", set)
	}
	return byRule(rule, compare, "WARDEN_ALGORITHM"), nil
}

func byRule(rule ossenc.Rule, compare ossenc.Compare, source string) Requirement {
	words := "or stronger"
	if compare == ossenc.Exact {
		words = "exactly"
	}
	return Requirement{Desired: ossenc.Desired{Rule: rule, Compare: compare}, Words: fmt.Sprintf("%s %s (%s)", rule, words, source)}
}
