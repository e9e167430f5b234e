package trails

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/history"
)

// timeline is the verb history.
type timeline struct {
	app     *app.App
	flags   reach.Flags
	output  output
	since   time.Duration
	account bool
}

// entry is one line of a timeline.
type entry struct {
	Account string    `json:"account,omitempty"`
	Bucket  string    `json:"bucket"`
	Region  string    `json:"region"`
	Time    time.Time `json:"time"`
	// What is created, rule_set, rule_removed, repaired, deleted or attempted.
	What string `json:"what"`
	// Rule is the rule that was written, if the record shows it.
	Rule *ossenc.Rule `json:"rule,omitempty"`
	By   ossenc.Actor `json:"by"`
	// Own is whether the function made the change.
	Own bool `json:"own"`
	// After is how long after the change before it, in seconds; absent for the first.
	After *int64 `json:"after_s,omitempty"`
	ID    string `json:"request_id"`
	// Overwrote is the write of the function that overwrote this change without having seen
	// it, or may have.
	Overwrote *ossenc.Overwrite `json:"overwrote,omitempty"`
}

// repaired is a rule that the function set after a change of another.
const repaired = "repaired"

// HistoryCommand returns the verb history.
func HistoryCommand(a *app.App) *cobra.Command {
	t := &timeline{app: a}
	c := &cobra.Command{
		Use:   "history [BUCKET]",
		Short: "Show who changed a bucket's rule, and when, from ActionTrail",
		Long: `Show who changed a bucket's rule, and when, from ActionTrail, which keeps 90 days
of every account. What happened in the last 20 minutes may not be there yet.
--all shows every bucket. The key needs actiontrail:LookupEvents. Nothing is
ever written to a bucket. The status is 3 if something could not be read.`,
		Example: `  bucketwarden history my-bucket --role bucketwarden
  bucketwarden history --all --since 168h
  bucketwarden history --all --output history.html`,
		Args: func(c *cobra.Command, args []string) error {
			every := t.account || c.Flags().Changed("account")
			if every == (len(args) == 1) && !(len(args) == 1 && !t.account) || len(args) > 1 {
				return app.Usagef("give one BUCKET, or --all, or an --account, for every bucket")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd.Context(), args) },
	}
	t.flags.Where(c)
	t.flags.Which(c)
	t.flags.Asking(c)
	t.output.flags(c, "table", "json", "html")
	c.Flags().BoolVar(&t.account, "all", false, "every bucket of the account")
	c.Flags().DurationVar(&t.since, "since", 90*24*time.Hour, "how far back, such as 24h; 90 days are kept")
	return c
}

func (t *timeline) run(ctx context.Context, args []string) error {
	target, err := t.output.target()
	if err != nil {
		return err
	}
	if t.since <= 0 {
		return app.Usagef("--since: %s is not a time ago", t.since)
	}
	ctx, cancel := t.flags.Timeout(ctx)
	defer cancel()
	r, err := t.flags.Open(ctx, t.app)
	if err != nil {
		return err
	}
	withoutRoles(t.app, r)
	bucket := ""
	if len(args) == 1 {
		bucket = args[0]
		if !ossenc.ValidBucketName(bucket) {
			return app.Usagef("%.80q is not the name of a bucket: 3 to 63 characters a-z, 0-9 and -", bucket)
		}
	}
	if err := r.Select(ctx, &t.flags); err != nil {
		return err
	}
	p := newPast(r)
	p.own = r.Own(ctx)
	if err := t.ask(ctx, r, p, bucket); err != nil {
		return err
	}
	p.problems = append(p.problems, p.unread()...)
	entries := t.entries(p, bucket)
	fought := fights(ctx, r, p, bucket)
	if err := target.write(t.app, t.writer(target.format, entries, fought)); err != nil {
		return err
	}
	for _, f := range fought {
		t.app.Notef("%s: a fight: %s. What ends it:\n%s", f.Bucket, f.Fight, f.Advice)
	}
	return t.finish(p, entries)
}

// ask reads what happened, in the regions of the buckets.
func (t *timeline) ask(ctx context.Context, r *reach.Reach, p *past, bucket string) error {
	period := askable(history.Interval{From: t.app.Now().Add(-t.since), To: t.app.Now()}, t.app.Now())
	if !period.From.Before(period.To) {
		return app.Usagef("--since: ActionTrail is late, so it knows nothing of the last %s", late)
	}
	for _, account := range r.Accounts() {
		regions, err := regionsOf(r, &t.flags, account)
		if err != nil {
			p.problems = append(p.problems, err.Error())
		}
		if bucket != "" {
			regions = t.regionOf(r, account, bucket, regions)
		}
		for _, region := range regions {
			p.ask(ctx, account, region, bucket, period)
		}
		if bucket != "" && len(p.problems) == 0 && len(p.changes) == 0 && len(regions) > 0 {
			t.app.Notef("no event is found by the name of the bucket; all events of %s are read instead", strings.Join(regions, ", "))
			for _, region := range regions {
				p.ask(ctx, account, region, "", period)
			}
		}
	}
	return nil
}

// regionOf is where the bucket is; where it may have been, if it is not there.
func (t *timeline) regionOf(r *reach.Reach, account, bucket string, otherwise []string) []string {
	buckets, _ := r.Buckets(account)
	for _, b := range buckets {
		if b.Name == bucket {
			return []string{b.Region}
		}
	}
	return otherwise
}

// entries returns the timeline, the oldest change first.
func (t *timeline) entries(p *past, only string) []entry {
	all := []entry{}
	for k, changes := range p.changes {
		if only != "" && k.bucket != only {
			continue
		}
		all = append(all, timelineOf(k, p.regions[k], changes, len(p.problems) == 0)...)
	}
	slices.SortFunc(all, func(a, b entry) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Account+a.Bucket+a.ID, b.Account+b.Bucket+b.ID)
	})
	return all
}

// timelineOf is the timeline of one bucket. whole says that all its events were read.
func timelineOf(k key, region string, changes []history.Change, whole bool) []entry {
	var all []entry
	undone := false // what another did is not undone yet
	writes := history.Writes(changes)
	for _, c := range history.Order(changes) {
		e := entry{Account: k.account, Bucket: k.bucket, Region: region, Time: c.Time.UTC(), What: string(c.Kind), By: c.By, Own: c.Own, ID: c.ID}
		if c.Shown && c.Kind == history.RuleSet {
			e.Rule = &c.Rule
		}
		if c.Own && c.Kind == history.RuleSet && undone {
			e.What = repaired
		}
		e.Overwrote = history.FindOverwrite(c, writes, changes, whole)
		undone = !c.Own
		if n := len(all); n > 0 {
			after := int64(e.Time.Sub(all[n-1].Time).Seconds())
			e.After = &after
		}
		all = append(all, e)
	}
	return all
}

func (t *timeline) writer(format string, entries []entry, fought []fight) func(io.Writer) error {
	switch format {
	case "json":
		return func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(map[string]any{"entries": entries, "fights": fought})
		}
	case "html":
		return func(w io.Writer) error {
			return page().ExecuteTemplate(w, "history", map[string]any{"Entries": entries, "Fights": fought})
		}
	}
	return func(w io.Writer) error { return t.table(w, entries) }
}

func (t *timeline) table(w io.Writer, entries []entry) error {
	columns := []term.Column{{Title: "TIME"}, {Title: "BUCKET", Shrink: 1, Least: 12}, {Title: "WHAT"}, {Title: "RULE", Shrink: 2, Least: 8, Middle: true}, {Title: "BY", Shrink: 3, Least: 16}, {Title: "AFTER"}}
	var rows [][]term.Cell
	for _, e := range entries {
		rule, after := "", ""
		if e.Rule != nil {
			rule = e.Rule.String()
		}
		if e.After != nil {
			after = length(time.Duration(*e.After) * time.Second)
		}
		rows = append(rows, []term.Cell{{Text: e.Time.Format(time.DateTime)}, {Text: e.Bucket}, {Text: e.Words(), Colour: colourOf(e)}, {Text: rule}, {Text: e.who()}, {Text: after}})
	}
	if len(rows) == 0 {
		return nil
	}
	return t.app.Terminal().Table(w, columns, rows)
}

// Words is what happened, for people, and whether the function overwrote it unseen.
func (e entry) Words() string {
	words := strings.ReplaceAll(e.What, "_", " ")
	switch {
	case e.Overwrote == nil:
		return words
	case e.Overwrote.Certain:
		return words + ", overwritten"
	}
	return words + ", perhaps overwritten"
}

// who is the actor; the function itself is called so.
func (e entry) who() string {
	if e.Own {
		return "the function (" + e.By.Name + ")"
	}
	return e.By.String()
}

func colourOf(e entry) term.Colour {
	switch e.What {
	case string(history.RuleRemoved), string(history.Attempted):
		return term.Bad
	case string(history.RuleSet):
		if e.Overwrote != nil {
			return term.Bad
		}
	case repaired:
		return term.Good
	}
	return ""
}

func (t *timeline) finish(p *past, entries []entry) error {
	for _, problem := range p.problems {
		t.app.Notef("%s", problem)
	}
	for _, e := range entries {
		if e.Overwrote != nil {
			t.app.Notef("%s: %s; see docs/operations.md, \"What OSS cannot prevent\"", e.Bucket, e.Overwrote)
		}
	}
	if len(p.problems) > 0 {
		return app.End(app.Incomplete)
	}
	if len(entries) == 0 {
		t.app.Notef("no change is recorded since %s", t.app.Now().Add(-t.since).UTC().Format(time.DateTime))
	} else {
		t.app.Notef("%d change(s); times are UTC; what happened in the last %d minutes may be missing", len(entries), int(late.Minutes()))
	}
	return nil
}
