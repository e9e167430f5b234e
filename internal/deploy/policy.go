package deploy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/policytest"
)

// Policy is the name of the policy in the package, whatever it is called before: what
// WARDEN_POLICY in s.yaml can rely on. PolicyPath is where the platform puts it.
const (
	Policy     = "policy.yaml"
	PolicyPath = "/code/" + Policy
)

// FindPolicy returns the file of the policy to pack: the one that is given, or else
// policy.yaml in root, or else none ("").
func FindPolicy(root, given string) string {
	own := filepath.Join(root, Policy)
	if _, err := os.Stat(own); given == "" && err == nil {
		return own
	}
	return given
}

// packPolicy returns the policy as a file of the package; none without a policy. A
// policy with a mistake, or that does not do what the file beside it expects, is an
// error that says all that is wrong. What else is to be said about it goes to out.
func packPolicy(file string, now time.Time, out io.Writer) ([]File, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the policy: %w", err)
	}
	p, err := policy.Parse(file, data)
	if err != nil {
		return nil, fmt.Errorf("the policy has mistakes, so nothing is packed:\n%w", err)
	}
	for _, w := range p.Warnings {
		w.Message = "warning: " + w.Message
		_, _ = fmt.Fprintln(out, w)
	}
	for _, e := range p.Ended(now) {
		_, _ = fmt.Fprintf(out, "%s:%d: warning: the exemption %q (%s) ended with %s\n", file, e.Line, e.Rule, e.Owner, e.Until.Format(time.DateOnly))
	}
	if err := testPolicy(file, p, now, out); err != nil {
		return nil, err
	}
	return []File{{Policy, 0o644, data}}, nil
}

// testPolicy runs the expectations that lie beside a policy.
func testPolicy(file string, p *policy.Policy, now time.Time, out io.Writer) error {
	beside := policytest.FileBeside(file)
	data, err := os.ReadFile(beside)
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = fmt.Fprintf(out, "warning: there is no %s, so the policy was checked and not tested\n", beside)
		return nil
	}
	if err != nil {
		return err
	}
	tests, err := policytest.Parse(beside, data)
	if err != nil {
		return fmt.Errorf("the tests of the policy have mistakes, so nothing is packed:\n%w", err)
	}
	if failed := policytest.Print(out, beside, p, policytest.Run(p, tests, now), false); failed > 0 {
		return fmt.Errorf("%s does not do what %s expects, so nothing is packed", file, beside)
	}
	return nil
}
