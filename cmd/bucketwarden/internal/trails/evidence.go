package trails

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
	"bucketwarden/ossenc/policy"
)

// evidence is the verb evidence.
type evidence struct {
	app     *app.App
	flags   reach.Flags
	output  output
	from    string
	to      string
	results []string
	trails  []string
	covers  []string
	objects bool
}

// EvidenceCommand returns the verb evidence.
func EvidenceCommand(a *app.App) *cobra.Command {
	e := &evidence{app: a}
	c := &cobra.Command{
		Use:   "evidence",
		Short: "Show when each bucket's rule was weaker than required, for an auditor",
		Long: `Show when each bucket's rule was weaker than the policy requires now, from
ActionTrail. What nothing says is "not known", never "fine":
  unencrypted      the rule was removed, until it was set again
  weaker           the record shows a rule that is weaker than required
  rule_not_known   another writer set a rule, or made the bucket, and the record
                   does not show the rule; until the function's next write or read
  not_known        nothing was recorded, as more than 90 days ago
Days are UTC; --to is the end of the period and not in it. Run it monthly and
join the files. The status is 2 with windows, 3 if something could not be read.`,
		Example: `  bucketwarden evidence --from 2026-09-01 --to 2026-11-25 --role bucketwarden
  bucketwarden evidence --from 2026-11-01 --to 2026-12-01 --results function.log --output november.json
  bucketwarden evidence join october.json november.json --output quarter.html`,
		Args: app.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.Context()) },
	}
	e.flags.Where(c)
	e.flags.Which(c)
	e.flags.Required(c)
	e.flags.Asking(c)
	e.output.flags(c, "table", "json", "csv", "html")
	s := c.Flags()
	s.StringVar(&e.from, "from", "", "first day, such as 2026-09-01, or time, such as 2026-09-01T08:00:00Z")
	s.StringVar(&e.to, "to", "", "the day, or time, that ends the period and is not in it; now without it")
	s.StringArrayVar(&e.results, "results", nil, "file that says what was read and when: the function's log, a report as JSON, the journal of an apply; .gz too; repeatable")
	s.StringArrayVar(&e.trails, "trail", nil, "file that a trail delivered: JSON or JSON lines, .gz too; repeatable")
	s.StringArrayVar(&e.covers, "trail-covers", nil, "FROM/TO: the --trail files have every event of this time; without it they add changes, and prove nothing is missing")
	s.BoolVar(&e.objects, "objects", false, "for buckets with a window, bound how many objects may be stored unencrypted; needs oss:GetBucketStat")
	c.AddCommand(joinCommand(a))
	return c
}

func (e *evidence) run(ctx context.Context) error {
	target, err := e.output.target()
	if err != nil {
		return err
	}
	period, err := e.period()
	if err != nil {
		return err
	}
	files, err := e.readFiles()
	if err != nil {
		return err
	}
	ctx, cancel := e.flags.Timeout(ctx)
	defer cancel()
	r, err := e.flags.Open(ctx, e.app)
	if err != nil {
		return err
	}
	withoutRoles(e.app, r)
	if err := r.Select(ctx, &e.flags); err != nil {
		return err
	}
	p := newPast(r)
	p.own, p.covered[everywhere] = r.Own(ctx), files.covered
	for _, event := range files.events {
		p.add(everywhere, ownAccount(event.AccountOf, p.own), event.Event)
	}
	e.ask(ctx, r, p, period)
	p.problems = append(p.problems, p.unread()...)
	doc := e.document(ctx, r, p, files, period)
	if err := target.write(e.app, writerOf(e.app, target.format, doc)); err != nil {
		return err
	}
	return finish(e.app, doc)
}

// ownAccount is "" for the credentials' own account.
func ownAccount(account, own string) string {
	if account == own {
		return ""
	}
	return account
}

// period reads --from and --to.
func (e *evidence) period() (history.Interval, error) {
	if e.from == "" {
		return history.Interval{}, app.Usagef("--from is missing: the first day, such as 2026-09-01")
	}
	from, err := moment(e.from)
	if err != nil {
		return history.Interval{}, app.Usagef("--from: %w", err)
	}
	now := e.app.Now().UTC().Truncate(time.Second)
	to := now
	if e.to != "" {
		if to, err = moment(e.to); err != nil {
			return history.Interval{}, app.Usagef("--to: %w", err)
		}
	}
	switch {
	case !from.Before(now):
		return history.Interval{}, app.Usagef("--from %s is not in the past", from.Format(time.RFC3339))
	case !from.Before(to):
		return history.Interval{}, app.Usagef("--from %s is not before --to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	case to.After(now):
		to = now
	}
	return history.Interval{From: from, To: to}, nil
}

// moment reads a day or a time.
func moment(s string) (time.Time, error) {
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is neither a day, such as 2026-09-01, nor a time, such as 2026-09-01T08:00:00Z", s)
}

// ask reads what happened, by region and event name: not by bucket, because an account
// has two calls a second and thousands of buckets.
func (e *evidence) ask(ctx context.Context, r *reach.Reach, p *past, period history.Interval) {
	// From the beginning of what is kept: what a bucket was at the period's begin follows
	// from what came before.
	asked := askable(history.Interval{From: e.app.Now().Add(-kept), To: period.To}, e.app.Now())
	for _, account := range r.Accounts() {
		regions, err := regionsOf(r, &e.flags, account)
		if err != nil {
			p.problems = append(p.problems, "not every bucket is known: "+err.Error())
		}
		for _, region := range regions {
			if asked.From.Before(asked.To) {
				p.ask(ctx, account, region, "", asked)
			}
		}
	}
}

// document puts all together.
func (e *evidence) document(ctx context.Context, r *reach.Reach, p *past, files inputs, period history.Interval) *document {
	source := r.Policy.Source
	d := &document{
		Kind: documentKind, Version: documentVersion, Made: e.app.Now().UTC().Truncate(time.Second), With: e.app.Version, Account: p.own, Period: period,
		Policies: []policyPart{{period, r.Words, source.Name, source.SHA256}},
		Covered:  []coveredPart{}, Problems: append([]string{}, p.problems...), Buckets: []bucket{}, Exemptions: r.Policy.Exemptions(),
	}
	if d.Exemptions == nil {
		d.Exemptions = []ossenc.Exemption{}
	}
	for _, place := range sortedKeys(p.covered) {
		for _, i := range p.whole(place, "") {
			d.Covered = append(d.Covered, coveredAt(place, i))
		}
	}
	for _, b := range e.buckets(ctx, r, p) {
		b = b.with(history.Evidence{
			Period: period, Covered: p.cover(key{b.Account, b.Bucket}, b.Region), Changes: p.changes[key{b.Account, b.Bucket}],
			Readings: files.readings[key{b.Account, b.Bucket}], Required: b.Required,
		})
		if e.objects && len(b.Windows) > 0 && !b.Gone {
			b.Objects = objectsOf(ctx, r, b)
		}
		d.Buckets = append(d.Buckets, b)
	}
	d.finish()
	return d
}

// with adds what is known of the bucket.
func (b bucket) with(e history.Evidence) bucket {
	spans := history.Spans(e)
	b.Seconds, b.Windows = map[history.State]int64{}, []window{}
	for _, s := range spans {
		b.Seconds[s.State] += int64(s.To.Sub(s.From).Seconds())
	}
	for _, w := range history.Windows(spans) {
		b.Windows = append(b.Windows, windowOf(w))
	}
	return b
}

func objectsOf(ctx context.Context, r *reach.Reach, b bucket) *objects {
	inside, err := r.Inside(ctx, b.Account)
	if err != nil {
		return &objects{Error: err.Error()}
	}
	stat, err := r.Stat(inside, ossenc.Bucket{Name: b.Bucket, Region: b.Region})
	if err != nil {
		return &objects{Error: err.Error()}
	}
	return &objects{AtMost: stat.Objects, Bytes: stat.Bytes, Counted: stat.Counted}
}

// buckets returns what is required of each bucket: those that are there, and those that
// something was recorded of.
func (e *evidence) buckets(ctx context.Context, r *reach.Reach, p *past) []bucket {
	var all []bucket
	seen := map[key]bool{}
	for _, account := range r.Accounts() {
		buckets, _ := r.Buckets(account)
		for _, b := range buckets {
			seen[key{account, b.Name}] = true
			all = append(all, e.require(ctx, r, bucket{Account: account, Bucket: b.Name, Region: b.Region}))
		}
	}
	scope := e.flags.Scope()
	for k := range p.changes {
		named := len(scope.Buckets) == 0 || slices.Contains(scope.Buckets, k.bucket)
		if !seen[k] && named && slices.Contains(r.Accounts(), k.account) && hasPrefix(k.bucket, scope.Prefix) {
			all = append(all, e.require(ctx, r, bucket{Account: k.account, Bucket: k.bucket, Region: p.regions[k], Gone: true}))
		}
	}
	return all
}

// require asks the policy. Where it cannot say, any rule is required, and a problem says
// so; a bucket that is gone has no tags to ask for.
func (e *evidence) require(ctx context.Context, r *reach.Reach, b bucket) bucket {
	inside, err := r.Inside(ctx, b.Account)
	var req ossenc.Requirement
	if err == nil {
		evaluator, _ := r.Warden.Policy.(policy.Evaluator)
		facts := func() (ossenc.AccountFacts, error) { return r.Warden.AccountFacts(r.Context(ctx), b.Account) }
		req, err = evaluator.Evaluate(inside, ossenc.Bucket{Name: b.Bucket, Region: b.Region, Account: b.Account}, facts)
	}
	b.Required, b.PolicyRule = req.Desired.Rule, req.Rule
	switch {
	case err != nil:
		b.Required, b.PolicyRule = ossenc.Rule{Algorithm: ossenc.AES256}, "(not known: "+err.Error()+"; any rule is taken as required)"
	case req.Exempt != nil:
		b.Exempt, b.Required = req.Exempt.String(), ossenc.Rule{Algorithm: ossenc.AES256}
	case b.Required.IsNone():
		b.Required = ossenc.Rule{Algorithm: ossenc.AES256}
	}
	return b
}

// tagged is an event and the account whose bucket it is about.
type tagged struct {
	actiontrail.Event
	AccountOf string
}

// finish says how it went.
func finish(a *app.App, d *document) error {
	for _, problem := range d.Problems {
		a.Notef("%s", problem)
	}
	switch {
	case len(d.Problems) > 0:
		return app.End(app.Incomplete)
	case d.Summary.Windows > 0:
		return app.End(app.Findings)
	}
	return nil
}
