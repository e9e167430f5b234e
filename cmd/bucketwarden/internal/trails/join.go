package trails

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc/history"
)

// joinCommand returns the verb evidence join.
func joinCommand(a *app.App) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "join FILE...",
		Short: "Join the evidence of periods that follow each other",
		Long: `Join the evidence of periods that follow each other, in the JSON form. A window
that is open at the end of one and at the beginning of the next becomes one. The
digest of each file is checked first.`,
		Example: "  bucketwarden evidence join october.json november.json --output quarter.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return app.Usagef("give two FILEs or more, made with evidence --output NAME.json")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			target, err := o.target()
			if err != nil {
				return err
			}
			var parts []*document
			for _, name := range args {
				d, err := readDocument(name)
				if err != nil {
					return err
				}
				parts = append(parts, d)
			}
			whole, err := join(parts)
			if err != nil {
				return err
			}
			if err := target.write(a, writerOf(a, target.format, whole)); err != nil {
				return err
			}
			return finish(a, whole)
		},
	}
	o.flags(c, "table", "json", "csv", "html")
	return c
}

// readDocument reads a file and checks that it is what was written.
func readDocument(name string) (*document, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, app.Usagef("%s cannot be read", name)
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil || d.Kind != documentKind {
		return nil, app.Usagef("%s is not evidence in the JSON form of this command", name)
	}
	if dec.More() {
		return nil, app.Usagef("%s has more in it than one evidence; give each in a file of its own", name)
	}
	if d.Version != documentVersion {
		return nil, app.Usagef("%s is of version %d; this command reads %d", name, d.Version, documentVersion)
	}
	if d.digest() != d.Digest {
		return nil, app.Usagef("%s was changed after it was made: its digest is not that of what it says", name)
	}
	return &d, nil
}

// join joins periods that follow each other.
func join(parts []*document) (*document, error) {
	slices.SortFunc(parts, func(a, b *document) int { return a.Period.From.Compare(b.Period.From) })
	whole := *parts[0]
	for _, next := range parts[1:] {
		switch {
		case next.Account != whole.Account:
			return nil, app.Usagef("the files are of the accounts %s and %s", whole.Account, next.Account)
		case next.Period.From.Before(whole.Period.To):
			return nil, app.Usagef("the period from %s begins before the one before it ends, %s", next.Period.From.Format("2006-01-02 15:04:05"), whole.Period.To.Format("2006-01-02 15:04:05"))
		case next.Period.From.After(whole.Period.To):
			return nil, app.Usagef("between %s and %s there is no file", whole.Period.To.Format("2006-01-02 15:04:05"), next.Period.From.Format("2006-01-02 15:04:05"))
		}
		whole = joinTwo(whole, *next)
	}
	whole.finish()
	return &whole, nil
}

func joinTwo(a, b document) document {
	joined := b
	joined.Period = history.Interval{From: a.Period.From, To: b.Period.To}
	joined.Policies = slices.Concat(a.Policies, b.Policies)
	joined.Covered = slices.Concat(a.Covered, b.Covered)
	joined.Problems = slices.Concat(a.Problems, b.Problems)
	joined.Buckets = nil
	before := map[key]bucket{}
	for _, one := range a.Buckets {
		before[key{one.Account, one.Bucket}] = one
	}
	for _, one := range b.Buckets {
		k := key{one.Account, one.Bucket}
		earlier, ok := before[k]
		if !ok { // not in the list then, so nothing is known
			earlier = bucket{Required: one.Required, PolicyRule: one.PolicyRule, Exempt: one.Exempt, Seconds: map[history.State]int64{history.NotKnown: int64(a.Period.To.Sub(a.Period.From).Seconds())}}
		}
		delete(before, k)
		joined.Buckets = append(joined.Buckets, earlier.followedBy(one))
	}
	for _, one := range before {
		later := one
		later.Windows, later.Seconds = nil, map[history.State]int64{history.NotKnown: int64(b.Period.To.Sub(b.Period.From).Seconds())}
		joined.Buckets = append(joined.Buckets, one.followedBy(later))
	}
	return joined
}

// followedBy joins two periods of one bucket. It counts as exempt only if it was so in both,
// so that no later exemption hides a window.
func (b bucket) followedBy(next bucket) bucket {
	joined := next
	if b.Exempt == "" && next.Exempt != "" {
		joined.Required, joined.PolicyRule, joined.Exempt = b.Required, b.PolicyRule, ""
	}
	joined.Seconds = map[history.State]int64{}
	for _, part := range []bucket{b, next} {
		for state, n := range part.Seconds {
			joined.Seconds[state] += n
		}
	}
	joined.Windows = append([]window{}, b.Windows...)
	following := next.Windows
	if last := len(joined.Windows) - 1; last >= 0 && joined.Windows[last].Ending == history.Open {
		open := &joined.Windows[last]
		if len(following) > 0 && following[0].From.Equal(open.To) {
			*open, following = open.followedBy(following[0]), following[1:]
		} else { // what ended it was at the very seam, or nothing is known of it
			open.Ending = history.EndUnknown
		}
	}
	joined.Windows = append(joined.Windows, following...)
	return joined
}

// followedBy joins two windows that are one.
func (w window) followedBy(next window) window {
	w.To, w.Seconds = next.To, w.Seconds+next.Seconds
	w.Ending, w.ClosedBy = next.Ending, next.ClosedBy
	w.Spans = slices.Concat(w.Spans, next.Spans)
	if strings.Index(worst, string(next.State)) > strings.Index(worst, string(w.State)) {
		w.State = next.State
	}
	return w
}

// worst has the states in their order.
const worst = "rule_not_known weaker unencrypted"
