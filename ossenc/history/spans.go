package history

import (
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// State is what is known of a bucket's rule for some time.
type State string

// The states.
const (
	// Protected: the rule is known, and at least as strong as required.
	Protected State = "protected"
	// SetByFunction: the function wrote a rule, and nothing says which. It is what was
	// required then, which need not be what is required now.
	SetByFunction State = "set_by_function"
	// Weaker: the rule is known, and weaker than required.
	Weaker State = "weaker"
	// Unencrypted: the rule was removed, or a look saw that there is none.
	Unencrypted State = "unencrypted"
	// RuleNotKnown: another writer set a rule, or made the bucket, and nothing says which rule
	// it has.
	RuleNotKnown State = "rule_not_known"
	// NotKnown: nothing is known, because nothing was recorded, or what was recorded
	// does not fit together.
	NotKnown State = "not_known"
	// Absent: there was no such bucket.
	Absent State = "absent"
)

// Exposed reports whether the bucket may have been without what is required.
func (s State) Exposed() bool { return s == Weaker || s == Unencrypted || s == RuleNotKnown }

// claim ranks how much protection a state claims.
func (s State) claim() int {
	switch s {
	case Absent:
		return 4
	case Protected:
		return 3
	case SetByFunction:
		return 2
	case Weaker:
		return 1
	}
	return 0
}

// Interval is from From up to, but not including, To.
type Interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Span is some time in one state.
type Span struct {
	Interval
	State State
	// Rule is the rule that was known; none where none was or it was not known.
	Rule ossenc.Rule
	// Cause is the change that began the state; nil where none did, as at the beginning
	// of what was recorded.
	Cause *Change
}

// Evidence is what is known of one bucket.
type Evidence struct {
	// Period is what is asked for.
	Period Interval
	// Covered is when every change was recorded and read. What lies outside is not known.
	Covered []Interval
	// Changes and Readings are of this bucket, in any order.
	Changes  []Change
	Readings []Reading
	// Required is the rule that the bucket must have at least.
	Required ossenc.Rule
}

// Spans cuts the period into spans, which follow each other without a gap. Spans next
// to each other differ in state or rule.
func Spans(e Evidence) []Span {
	covered := united(e.Covered)
	changes := joined(Order(e.Changes), e.Readings, covered)
	var spans []Span
	at := e.Period.From
	for _, c := range covered {
		for _, s := range e.within(c, changes) { // from its beginning on, also before the period
			s.Interval = s.and(e.Period)
			if !s.From.Before(s.To) {
				continue
			}
			spans = appendSpan(spans, Span{Interval: Interval{at, s.From}, State: NotKnown})
			spans, at = appendSpan(spans, s), s.To
		}
	}
	return appendSpan(spans, Span{Interval: Interval{at, e.Period.To}, State: NotKnown})
}

// united returns the covered times in order and apart.
func united(covered []Interval) []Interval {
	covered = slices.Clone(covered)
	slices.SortFunc(covered, func(a, b Interval) int { return a.From.Compare(b.From) })
	var all []Interval
	for _, c := range covered {
		if !c.From.Before(c.To) {
			continue
		}
		if n := len(all); n > 0 && !c.From.After(all[n-1].To) {
			all[n-1].To = later(all[n-1].To, c.To)
			continue
		}
		all = append(all, c)
	}
	return all
}

func (i Interval) and(j Interval) Interval {
	return Interval{later(i.From, j.From), earlier(i.To, j.To)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// appendSpan leaves out what is empty and joins what is the same.
func appendSpan(spans []Span, s Span) []Span {
	if !s.From.Before(s.To) {
		return spans
	}
	if n := len(spans); n > 0 && spans[n-1].State == s.State && spans[n-1].Rule == s.Rule {
		spans[n-1].To = s.To
		return spans
	}
	return append(spans, s)
}

// joined gives a write of the function the rule that its own reading back saw, if
// no one else wrote in between.
func joined(changes []Change, readings []Reading, covered []Interval) []Change {
	for i := range changes {
		c := &changes[i]
		if !c.Own || c.Shown || c.Kind != RuleSet || c.ID == "" {
			continue
		}
		for _, r := range readings {
			if strings.EqualFold(r.ChangeID, c.ID) && !r.Gone && alone(changes, i, r.Ended) && within(covered, second(c.Time), r.Ended) {
				c.Rule, c.Shown = r.Rule, true
			}
		}
	}
	return changes
}

// within reports whether one covered time has both moments in it.
func within(covered []Interval, from, to time.Time) bool {
	return slices.ContainsFunc(covered, func(c Interval) bool { return !from.Before(c.From) && to.Before(c.To) })
}

// alone reports whether no other change lies between a change and a moment.
func alone(changes []Change, i int, until time.Time) bool {
	from, to := second(changes[i].Time), second(until)
	for j, c := range changes {
		if at := second(c.Time); j != i && !at.Before(from) && !at.After(to) {
			return false
		}
	}
	return true
}
