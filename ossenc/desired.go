package ossenc

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Mode says whether a difference is written. The modes are in the order of how much
// they hold back; the empty Mode holds nothing back and leaves it to the others.
type Mode string

const (
	// Enforce writes the required rule where the bucket differs.
	Enforce Mode = "enforce"
	// Approve writes what was approved ([Task.Approved]) and nothing else, and says
	// what else would be written.
	Approve Mode = "approve"
	// ReportOnly writes nothing and says what would be written.
	ReportOnly Mode = "report"
)

var modesByStrictness = []Mode{"", Enforce, Approve, ReportOnly}

// MayWrite reports whether a task in this mode may write. approved is whether the very
// change was approved. A mode that is not known writes nothing.
func (m Mode) MayWrite(approved bool) bool {
	switch m {
	case "", Enforce:
		return true
	case Approve:
		return approved
	}
	return false
}

// Strictest returns the mode that holds back most. A mode that is not known holds
// back more than any other, because nothing says what it allows.
func Strictest(modes ...Mode) Mode {
	rank := func(m Mode) int {
		if i := slices.Index(modesByStrictness, m); i >= 0 {
			return i
		}
		return len(modesByStrictness)
	}
	var strictest Mode
	for _, m := range modes {
		if rank(m) > rank(strictest) {
			strictest = m
		}
	}
	return strictest
}

// Desired is what a bucket should have: a rule, or to be without one. The zero
// Desired asks for nothing and is invalid.
type Desired struct {
	// Rule is the required rule; the zero Rule with Remove only.
	Rule Rule
	// Remove asks for a bucket without a rule. This weakens.
	Remove bool
	// Compare is [Floor] if empty. With Remove it is [Exact], or empty.
	Compare Compare
	Mode    Mode
}

// Check returns why d does not say what a bucket should have; nil if it does.
func (d Desired) Check() error {
	switch {
	case d.Remove && !d.Rule.IsNone():
		return fmt.Errorf("asks for the rule %s and for its removal; ask for one of them", d.Rule)
	case !d.Remove && d.Rule.IsNone():
		return errors.New("asks for nothing: neither for a rule nor for the removal of one")
	case d.Remove && d.Compare == Floor:
		return errors.New("asks for the removal of a rule and to weaken nothing")
	case d.Compare != "" && d.Compare != Floor && d.Compare != Exact:
		return fmt.Errorf("compare %.40q is neither floor nor exact", d.Compare)
	case !slices.Contains(modesByStrictness, d.Mode):
		return fmt.Errorf("mode %.40q is none of enforce, approve, report", d.Mode)
	}
	return nil
}

// comparison returns how a present rule is compared.
func (d Desired) comparison() Compare {
	if d.Remove {
		return cmp.Or(d.Compare, Exact)
	}
	return d.Compare
}
