package policytest

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"bucketwarden/ossenc/policy"
)

// Print writes the outcomes for people and returns how many failed. For a
// failure, or for all if verbose, it says why the earlier rules did not match.
func Print(w io.Writer, file string, p *policy.Policy, outcomes []Outcome, verbose bool) int {
	failed := 0
	reached := map[string]bool{}
	for _, o := range outcomes {
		word := "ok  "
		if len(o.Failures) > 0 {
			word = "FAIL"
			failed++
		}
		reached[o.Requirement.Rule] = true
		_, _ = fmt.Fprintf(w, "%s %s:%d: %s: %s\n", word, file, o.Test.Line, o.Test.about(), o)
		for _, f := range o.Failures {
			_, _ = fmt.Fprintf(w, "       %s\n", f)
		}
		if verbose || len(o.Failures) > 0 {
			for _, s := range o.Skipped {
				_, _ = fmt.Fprintf(w, "       not %q: %s\n", s.Rule, s.Why)
			}
		}
	}
	_, _ = fmt.Fprintf(w, "%d tests, %d failed\n", len(outcomes), failed)
	if rest := slices.DeleteFunc(p.RuleNames(), func(name string) bool { return reached[name] }); len(rest) > 0 {
		_, _ = fmt.Fprintf(w, "no test reaches: %s\n", strings.Join(rest, ", "))
	}
	return failed
}

// about says which bucket the test is about.
func (t Test) about() string {
	s := t.Bucket + " in " + t.Region
	if t.Account != "" {
		s += " of " + t.Account
	}
	if !t.On.IsZero() {
		s += " on " + t.On.Format("2006-01-02")
	}
	return s
}
