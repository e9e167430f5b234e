package history

import (
	"slices"
	"sort"
	"time"

	"bucketwarden/ossenc"
)

// Ending says how a window ended.
type Ending string

// The endings.
const (
	ByFunction Ending = "repaired"  // the function set a rule
	ByOther    Ending = "by_other"  // another writer set a good rule, or deleted the bucket
	Open       Ending = "open"      // it was still open at the end of the period
	EndUnknown Ending = "not_known" // nothing is known of what came then
)

// Window is some time in which a bucket may have been without what is required.
type Window struct {
	Interval
	// Spans are its parts, each [State.Exposed].
	Spans []Span
	// Worst is the worst of their states.
	Worst State
	// Begun is whether the window began with a change in the period; without it, it may be
	// older.
	Begun bool
	// OpenedBy began it, and ClosedBy ended it; nil where nothing says so.
	OpenedBy, ClosedBy *Change
	Ending             Ending
}

// Windows joins spans without protection that follow each other.
func Windows(spans []Span) []Window {
	var all []Window
	for i, s := range spans {
		switch {
		case !s.State.Exposed():
			continue
		case i > 0 && spans[i-1].State.Exposed():
			w := &all[len(all)-1]
			w.To, w.Spans, w.Worst = s.To, append(w.Spans, s), worse(w.Worst, s.State)
		default:
			all = append(all, Window{Interval: s.Interval, Spans: []Span{s}, Worst: s.State, OpenedBy: s.Cause, Begun: s.begins()})
		}
		w := &all[len(all)-1]
		w.Ending, w.ClosedBy = Open, nil
		if i+1 < len(spans) {
			w.end(spans[i+1])
		}
	}
	return all
}

// begins reports whether the span begins with its cause, not before the period.
func (s Span) begins() bool {
	return s.Cause != nil && !s.From.After(second(s.Cause.Time).Add(time.Second))
}

// end notes how the window ends with the span that follows it.
func (w *Window) end(next Span) {
	w.ClosedBy = next.Cause
	switch {
	case next.State == NotKnown:
		w.Ending, w.ClosedBy = EndUnknown, nil
	case next.Cause == nil:
		w.Ending = EndUnknown
	case next.Cause.Own:
		w.Ending = ByFunction
	default:
		w.Ending = ByOther
	}
}

// worse returns the worse of two states: a removal is worse than a weaker rule, and
// that is worse than one that nothing says.
func worse(a, b State) State {
	order := []State{RuleNotKnown, Weaker, Unencrypted}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// Length returns how long it was open.
func (w Window) Length() time.Duration { return w.To.Sub(w.From) }

// Percentile returns the smallest length that is at least as long as so many percent of
// them (nearest rank); 0 of none.
func Percentile(lengths []time.Duration, percent int) time.Duration {
	if len(lengths) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(lengths))
	rank := (percent*len(sorted) + 99) / 100
	return sorted[max(1, min(rank, len(sorted)))-1]
}

// FindFight looks for a fight in the changes from a moment on: the function undid a
// change of another writer at least [ossenc.Rounds] times, whichever that was. The zero Fight is
// none. Count is of the one that was undone most often, who may have fewer.
func FindFight(changes []Change, from time.Time) ossenc.Fight {
	var foreign *Change
	counts, since, order := map[ossenc.Actor]int{}, map[ossenc.Actor]time.Time{}, []ossenc.Actor(nil)
	total := 0
	ordered := Order(changes)
	for i, c := range ordered {
		if c.Time.Before(from) || c.Kind != RuleSet && c.Kind != RuleRemoved {
			continue
		}
		if !c.Own {
			foreign = &ordered[i]
			continue
		}
		if foreign == nil {
			continue
		}
		who := foreign.By
		who.Tool = "" // one identity may use two tools
		if counts[who]++; counts[who] == 1 {
			since[who], order = foreign.Time, append(order, who)
		}
		total++
		foreign = nil
	}
	if total < ossenc.Rounds {
		return ossenc.Fight{}
	}
	sort.SliceStable(order, func(i, j int) bool { return counts[order[i]] > counts[order[j]] })
	most := order[0]
	return ossenc.Fight{By: tooled(ordered, most), Count: counts[most], Since: since[most].UTC(), Others: len(order) - 1}
}

// tooled gives an identity the tool that it used last.
func tooled(ordered []Change, who ossenc.Actor) ossenc.Actor {
	for _, c := range slices.Backward(ordered) {
		bare := c.By
		bare.Tool = ""
		if !c.Own && bare == who {
			return c.By
		}
	}
	return who
}
