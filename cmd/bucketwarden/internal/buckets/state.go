// Package buckets has the verbs about buckets and their rules: rule, report,
// check, plan, apply and undo.
package buckets

import (
	"fmt"
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/ossenc"
)

// state is how a bucket is, in the words of the summary. A bucket has one.
type state string

// The states, the worst first.
const (
	foreignKey   state = "foreign key"  // a KMS key that the policy does not name: an attack by encryption looks so
	unencrypted  state = "unencrypted"  // no rule, and one is required
	noncompliant state = "noncompliant" // a rule, but not the required one
	unknown      state = "unknown"      // the rule could not be read
	exempt       state = "exempt"
	compliant    state = "compliant"
	gone         state = "gone" // deleted since it was listed
)

var states = []state{foreignKey, unencrypted, noncompliant, unknown, exempt, compliant, gone}

// stateOf returns the state of a result.
func stateOf(r ossenc.Result) state {
	switch {
	case r.Code == ossenc.ForeignKey:
		return foreignKey
	case r.Verdict == ossenc.WouldFix || r.Verdict == ossenc.Blocked:
		if r.Observed && r.After.IsNone() {
			return unencrypted
		}
		return noncompliant
	case r.Verdict == ossenc.Exempt:
		return exempt
	case r.Verdict == ossenc.Compliant || r.Verdict == ossenc.Fixed:
		return compliant
	case r.Verdict == ossenc.Gone:
		return gone
	}
	return unknown
}

func (s state) colour() term.Colour {
	switch s {
	case foreignKey:
		return term.Worst
	case unencrypted, noncompliant:
		return term.Bad
	case unknown:
		return term.Warn
	case compliant:
		return term.Good
	}
	return term.Dim
}

func (s state) rank() int { return slices.Index(states, s) }

// finding is a value of --fail-on. A bucket may be several.
type finding string

// The findings.
const (
	findUnencrypted  finding = "unencrypted"  // no rule, even where the policy exempts the bucket
	findNoncompliant finding = "noncompliant" // not as required, whatever the reason
	findForeignKey   finding = "foreign_key"
	findUnknown      finding = "unknown"
)

var findings = []finding{findUnencrypted, findNoncompliant, findForeignKey, findUnknown}

// is reports whether a result is such a finding.
func (f finding) is(r ossenc.Result) bool {
	switch f {
	case findUnencrypted:
		return r.Observed && r.After.IsNone() && r.Verdict != ossenc.Gone
	case findNoncompliant:
		return r.Verdict == ossenc.WouldFix || r.Verdict == ossenc.Blocked
	case findForeignKey:
		return r.Code == ossenc.ForeignKey
	}
	return stateOf(r) == unknown
}

// parseFindings reads the values of --fail-on.
func parseFindings(names []string) ([]finding, error) {
	var all []finding
	for _, n := range names {
		f := finding(strings.TrimSpace(n))
		if !slices.Contains(findings, f) {
			return nil, app.Usagef("--fail-on: %.40q is not one of %s", n, joined(findings))
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return nil, app.Usagef("--fail-on: name at least one of %s", joined(findings))
	}
	return all, nil
}

func joined[T ~string](values []T) string {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = string(v)
	}
	return strings.Join(text, ", ")
}

// tally counts the buckets of a run by their state.
type tally struct {
	counts map[state]int
	total  int
	// failing is how many are a finding that --fail-on names.
	failing int
}

func (t *tally) add(r ossenc.Result, failOn []finding) {
	if t.counts == nil {
		t.counts = map[state]int{}
	}
	t.total++
	t.counts[stateOf(r)]++
	if slices.ContainsFunc(failOn, func(f finding) bool { return f.is(r) }) {
		t.failing++
	}
}

// String says: 26 buckets: 3 unencrypted, 1 unknown, 22 compliant.
func (t *tally) String() string {
	var parts []string
	for _, s := range states {
		if n := t.counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	text := counted(t.total, "bucket")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// counted returns "1 bucket", "2 buckets".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
