package history

import (
	"time"

	"bucketwarden/ossenc"
)

// belief is what is believed of the rule between two changes.
type belief struct {
	state State // NotKnown, RuleNotKnown, SetByFunction, Absent; empty if the rule is known
	rule  ossenc.Rule
	cause *Change
}

// group is the changes of one second, whose order is not known.
type group struct {
	at      time.Time
	changes []Change
}

// within returns the spans of a covered time. The rule is the same all the time
// between two changes, so one reading in between says what it was from the one to the
// other.
func (e Evidence) within(c Interval, changes []Change) []Span {
	groups := grouped(changes, c)
	var spans []Span
	now, from := belief{state: NotKnown}, c.From
	for i := range len(groups) + 1 {
		gap := Interval{from, c.To}
		if i < len(groups) {
			gap.To = groups[i].at
		}
		now = e.read(now, gap)
		spans = appendSpan(spans, e.span(now, gap.and(c)))
		if i == len(groups) {
			break
		}
		g := groups[i]
		next := g.after(now)
		from = g.at.Add(time.Second)
		known := e.read(next, e.gapAfter(groups, i, c.To))
		spans = appendSpan(spans, e.during(g, now, known, Interval{g.at, from}.and(c)))
		now = next
	}
	return spans
}

func (e Evidence) span(b belief, i Interval) Span {
	return Span{Interval: i, State: e.state(b), Rule: b.rule, Cause: b.cause}
}

// gapAfter is the time between a group and the next one.
func (e Evidence) gapAfter(groups []group, i int, end time.Time) Interval {
	if i+1 < len(groups) {
		end = groups[i+1].at
	}
	return Interval{groups[i].at.Add(time.Second), end}
}

// during is the second of a group. The change was made at any moment of it, so what
// claims less of before and after counts; several changes leave nothing known.
func (e Evidence) during(g group, before, after belief, second Interval) Span {
	if len(g.changes) > 1 {
		return Span{Interval: second, State: RuleNotKnown, Cause: &g.changes[0]}
	}
	if e.state(after).claim() > e.state(before).claim() {
		return e.span(before, second)
	}
	return e.span(after, second)
}

// grouped returns the changes of a covered time, by second.
func grouped(changes []Change, c Interval) []group {
	var groups []group
	for i := range changes {
		at := second(changes[i].Time)
		if at.Before(second(c.From)) || !at.Before(c.To) {
			continue
		}
		if n := len(groups); n > 0 && groups[n-1].at.Equal(at) {
			groups[n-1].changes = append(groups[n-1].changes, changes[i])
			continue
		}
		groups = append(groups, group{at, []Change{changes[i]}})
	}
	return groups
}

// after is what is believed after the changes of a second. Several that do not come to
// the same leave nothing known, because their order is not.
func (g group) after(before belief) belief {
	now := g.changes[0].after(before)
	now.cause = &g.changes[0]
	for i := range g.changes[1:] {
		if other := g.changes[i+1].after(before); other.state != now.state || other.rule != now.rule {
			return belief{state: RuleNotKnown, cause: &g.changes[0]}
		}
	}
	return now
}

// after is what is believed after one change.
func (c Change) after(before belief) belief {
	switch {
	case c.Kind == Deleted:
		return belief{state: Absent}
	case c.Kind == RuleRemoved:
		return belief{}
	case c.Kind == RuleSet && c.Shown:
		return belief{rule: c.Rule}
	case c.Kind == RuleSet && c.Own:
		return belief{state: SetByFunction}
	case c.Kind == Created && c.Shown && before.state == Absent:
		return belief{rule: c.Rule}
	case c.Kind == Created && before.state != Absent && before.state != NotKnown:
		return before // the bucket was there, so the call changed nothing
	}
	return belief{state: RuleNotKnown}
}

// read applies the readings between two changes. Those that contradict each other, or
// what is believed, show that a change is missing.
func (e Evidence) read(now belief, gap Interval) belief {
	found := now
	known := now.state == "" || now.state == Absent
	for _, r := range e.Readings {
		if r.Ended.Before(r.Began) || !r.Began.After(gap.From) || !r.Ended.Before(gap.To) {
			continue
		}
		seen := belief{rule: r.Rule, cause: now.cause}
		if r.Gone {
			seen = belief{state: Absent, cause: now.cause}
		}
		if known && (found.state != seen.state || found.rule != seen.rule) {
			return belief{state: NotKnown, cause: now.cause}
		}
		found, known = seen, true
	}
	return found
}

// state compares what is believed with what is required.
func (e Evidence) state(b belief) State {
	switch {
	case b.state != "":
		return b.state
	case b.rule.IsNone():
		return Unencrypted
	case b.rule.Strength().AtLeast(e.Required.Strength()):
		return Protected
	}
	return Weaker
}
