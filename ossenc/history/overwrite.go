package history

import (
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// skew is how far the function's clock may be from that of the records.
const skew = time.Second

// Writes returns the function's own writes among the changes, as far as their records say
// what they were decided on.
func Writes(changes []Change) []ossenc.OwnWrite {
	var all []ossenc.OwnWrite
	for _, c := range Order(changes) {
		if !c.Own || c.Look.At.IsZero() || c.Kind != RuleSet && c.Kind != RuleRemoved {
			continue
		}
		at := c.moments()
		all = append(all, ossenc.OwnWrite{ID: c.ID, Look: c.Look, Rule: c.left(), From: at.From, To: at.To})
	}
	return all
}

// FindOverwrite finds the write that overwrote the change of another writer without having
// seen it; nil if there is none. A write that may have is found too, and is not
// certain. others are all changes of the bucket if whole says that none is missing from
// the second of the change to that of the write; a proof by the rules needs them.
func FindOverwrite(c Change, writes []ossenc.OwnWrite, others []Change, whole bool) *ossenc.Overwrite {
	if c.Own || c.Time.IsZero() || c.Kind != RuleSet && c.Kind != RuleRemoved {
		return nil
	}
	at, left := c.moments(), c.left()
	var found *ossenc.Overwrite
	for _, w := range writes {
		switch {
		case w.Look.At.IsZero(), w.ID != "" && strings.EqualFold(w.ID, c.ID):
			continue
		case !at.From.Before(w.To), !at.To.After(w.Look.At): // behind the write, or before its look
			continue
		case left != nil && ossenc.Saw(*left) == w.Look.Saw: // the look saw what they set
			continue
		}
		unseen := !at.From.Before(w.Look.At.Add(skew)) || left != nil && whole && alonePair(c, w, others)
		o := overwrite(c, w)
		o.Certain = unseen && !at.To.After(w.From.Add(-margin(w)))
		if found == nil || o.Certain && !found.Certain {
			found = o
		}
	}
	return found
}

func overwrite(c Change, w ossenc.OwnWrite) *ossenc.Overwrite {
	at := c.moments()
	apart := max(w.To.Sub(at.From), at.To.Sub(w.From)) + margin(w)
	call := map[Kind]string{RuleSet: "PutBucketEncryption", RuleRemoved: "DeleteBucketEncryption"}[c.Kind]
	return &ossenc.Overwrite{
		By: c.By, Call: call, At: c.Time.UTC(), Rule: c.left(), WrittenAt: w.From.UTC(), WriteID: w.ID,
		WithinMS: int64((apart + time.Millisecond - 1) / time.Millisecond),
	}
}

// margin is how far the times of a write may be from those of the records.
func margin(w ossenc.OwnWrite) time.Duration {
	if w.Remembered {
		return skew
	}
	return 0
}

// alonePair reports whether nothing but the change and the write happened from the second
// of the one to that of the other. Then a look that saw another rule than the change left was
// before the change, whatever the clocks say.
func alonePair(c Change, w ossenc.OwnWrite, others []Change) bool {
	if w.ID == "" || c.ID == "" {
		return false
	}
	at := c.moments()
	for _, o := range others {
		if strings.EqualFold(o.ID, c.ID) || strings.EqualFold(o.ID, w.ID) {
			continue
		}
		if m := o.moments(); m.To.After(second(at.From)) && m.From.Before(w.To) {
			return false
		}
	}
	return true
}

// moments are those at which the change may have been made: any of the second, unless
// the record has a finer time.
func (c Change) moments() Interval {
	from := c.Time.UTC()
	if from.Nanosecond() == 0 {
		return Interval{from, from.Add(time.Second)}
	}
	from = from.Truncate(time.Millisecond)
	return Interval{from, from.Add(time.Millisecond)}
}

// left is the rule that the change left; nil where the record does not show it.
func (c Change) left() *ossenc.Rule {
	switch {
	case c.Kind == RuleRemoved:
		return &ossenc.Rule{}
	case c.Kind == RuleSet && c.Shown:
		return &c.Rule
	}
	return nil
}
