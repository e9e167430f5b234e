package buckets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/remote"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// survey reads the selected buckets once: report and check.
type survey struct {
	app     *app.App
	flags   reach.Flags
	via     remote.Via
	outputs outputs
	failOn  []finding
	// language is that of the page.
	language string
	// since are files of earlier reports.
	since   []string
	earlier []*report.Earlier
	history report.History
	// exitCode is whether findings are a status of their own.
	exitCode bool
	// allowEmpty takes an account without buckets as a success.
	allowEmpty bool
}

// ReportCommand returns the verb report.
func ReportCommand(a *app.App) *cobra.Command {
	s := &survey{app: a, failOn: []finding{findNoncompliant, findUnknown}, allowEmpty: true}
	c := &cobra.Command{
		Use:   "report",
		Short: "Show the rule of every bucket, and how it compares with the required one",
		Long:  "Show the rule of every bucket, and how it compares with the required one.\nNothing is ever written to a bucket. The status is 0 even with findings, unless\n--exit-code is given; 3 if something could not be read.",
		Example: `  bucketwarden report
  bucketwarden report --profile prod --policy policy.yaml
  bucketwarden report --region cn-hangzhou --format csv --output report.csv
  bucketwarden report --output report.json --output report.html
  bucketwarden report --since monday.json --since tuesday.json
  bucketwarden report --via bucketwarden --output report.html`,
		Args: app.None,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	s.addFlags(c)
	c.Flags().BoolVar(&s.exitCode, "exit-code", false, "status 2 if a bucket is not compliant")
	return c
}

// CheckCommand returns the verb check.
func CheckCommand(a *app.App) *cobra.Command {
	s := &survey{app: a, exitCode: true}
	var failOn []string
	c := &cobra.Command{
		Use:   "check",
		Short: "Like report, with a status for CI: 0 only if every bucket is compliant",
		Long: `Like report, with a status for CI: 0 only if every bucket is compliant, 2 with
findings, 3 if something could not be read. No buckets at all are a failure,
unless --allow-empty is given. Nothing is ever written to a bucket.`,
		Example: `  bucketwarden check
  bucketwarden check --policy policy.yaml --output report.json
  bucketwarden check --fail-on unencrypted,unknown --prefix prod-`,
		Args: app.None,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if s.failOn, err = parseFindings(failOn); err != nil {
				return err
			}
			return s.run(cmd.Context())
		},
	}
	s.addFlags(c)
	c.Flags().StringSliceVar(&failOn, "fail-on", []string{string(findNoncompliant), string(findUnknown)}, "what is a failure: "+joined(findings))
	c.Flags().BoolVar(&s.allowEmpty, "allow-empty", false, "no buckets at all are a success")
	app.FromEnv(c.Flags(), "fail-on")
	return c
}

func (s *survey) addFlags(c *cobra.Command) {
	s.flags.Where(c)
	s.flags.Which(c)
	s.flags.Required(c)
	s.via.ViaFlags(c)
	s.outputs.flags(c)
	c.Flags().StringVar(&s.language, "lang", "", "language of --format html: "+strings.Join(report.Languages(), ", ")+"; without it that of LC_ALL, LC_MESSAGES or LANG")
	app.FromEnv(c.Flags(), "lang")
	c.Flags().StringArrayVar(&s.since, "since", nil, "compare with an earlier report in the JSON form; repeatable, several make a trend")
}

func (s *survey) run(ctx context.Context) error {
	targets, err := s.outputs.targets()
	if err != nil {
		return err
	}
	if s.language, err = pageLanguage(s.language, s.app.Env); err != nil {
		return err
	}
	if err := s.readSince(); err != nil {
		return err
	}
	ctx, cancel := s.flags.Timeout(ctx)
	defer cancel()
	if s.via.IsGiven() {
		return s.collect(ctx, targets)
	}
	r, err := s.flags.Open(ctx, s.app)
	if err != nil {
		return err
	}
	if err := s.check(r.Origin(s.app.Version), targets); err != nil {
		return err
	}
	if r.Compare != "" {
		return app.Usagef("--compare exact cannot stand beside a policy, which says it for each rule")
	}
	if err := r.Select(ctx, &s.flags); err != nil {
		return err
	}
	if err := s.sameAccount(s.view(ctx, r).Account); err != nil {
		return err
	}
	var count tally
	sum, err := s.writeAll(s.view(ctx, r), s.source(r.Context(ctx), r, &count), targets)
	if err != nil {
		return failed(s.app, err)
	}
	s.summarize([]string{r.First(), readAs(sum)}, sum, &count, targets)
	return s.status(sum, &count)
}

// newService returns the use cases over what a verb reaches.
func newService(r *reach.Reach) *service.Service {
	return &service.Service{
		Warden: func() service.Warden { return r.Warden }, Policy: r.Policy, PlanAge: r.PlanAge, Now: r.Now,
		Concurrency: r.Concurrency,
		Log:         slog.New(slog.DiscardHandler),
	}
}

// writeAll goes over the buckets once and writes all reports. One report is
// written as the rows come; for several they are kept.
func (s *survey) writeAll(view report.View, source report.Source, targets []target) (*report.Summary, error) {
	if len(targets) == 1 {
		return targets[0].write(s.app, &s.outputs, view, source)
	}
	var rows []ossenc.Result
	swept, err := source(func(res ossenc.Result) bool { rows = append(rows, res); return true })
	replay := func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		for _, res := range rows {
			if !row(res) {
				break
			}
		}
		return swept, err
	}
	var last *report.Summary
	for _, t := range targets {
		sum, err := t.write(s.app, &s.outputs, view, replay)
		if err != nil {
			return sum, err
		}
		last = sum
	}
	return last, nil
}

// source passes the results of the selected buckets on, and shows progress.
func (s *survey) source(ctx context.Context, r *reach.Reach, count *tally) report.Source {
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		progress := r.Progress("Reading rules")
		defer progress.Keep(term.Count{Found: r.Found(), Whole: true}, r.Throttled)()
		options := ossenc.SweepOptions{Mode: ossenc.ReportOnly, Concurrency: r.Concurrency, Reserve: time.Nanosecond}
		return r.Warden.Sweep(ctx, options, func(res ossenc.Result) bool {
			count.add(res, s.failOn)
			progress.Show(term.Count{Done: count.total, Found: r.Found(), Whole: true, Throttled: r.Throttled()})
			return row(res)
		})
	}
}

func (s *survey) view(ctx context.Context, r *reach.Reach) report.View {
	required, _ := r.Policy.Simple() // zero where a policy decides for each bucket
	return report.View{
		Language: s.language,
		Origin:   r.Origin(s.app.Version), History: s.history, Scope: s.flags.Scope(), Now: s.app.Now(),
		Account: cmp.Or(r.Account, r.Caller().Account), Region: r.Region, Wanted: required.Rule, Compare: required.Compare,
		Reach: report.ReachCommand, Exemptions: r.Policy.Exemptions(), Accounts: r.Policy.HasAccounts(),
		AccountName: newService(r).AccountNames(r.Context(ctx)),
		EndingSoon:  newService(r).ExemptionsEndingSoon(s.app.Now()),
	}
}

// summarize says what came out: beside a table on the output, else on the error
// stream, so that a file or a pipe holds the report alone.
func (s *survey) summarize(head []string, sum *report.Summary, count *tally, targets []target) {
	out := s.app.Err
	for _, t := range targets {
		if t.file == "" && t.format == tableFormat {
			out = s.app.Out
			fmt.Fprintln(out)
		}
	}
	if s.app.Quiet && out == s.app.Err {
		return
	}
	for _, line := range head {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out, count)
	sayAccounts(out, sum.Accounts)
	if sum.Changes != nil {
		fmt.Fprintln(out, "changes:", sum.Changes)
		sayTrend(out, sum.Changes.Trend)
	}
	sayIncomplete(s.app, out, sum)
	for _, e := range sum.EndingSoon {
		fmt.Fprintf(out, "ends soon: %s: %s\n", term.Clean(e.Rule), term.Clean(e.String()))
	}
	for _, t := range targets {
		if t.file != "" {
			fmt.Fprintf(out, "written: %s (%s)\n", term.Clean(t.file), t.format)
		}
	}
	if n := s.next(count); n != "" {
		fmt.Fprintln(out, "next:", n)
	}
}

// readAs says whose key read the buckets.
func readAs(sum *report.Summary) string {
	if p := sum.Provenance; p.Identity == "" {
		return "Read as: unknown (" + term.Clean(p.IdentityError) + ")"
	}
	return "Read as: " + term.Clean(sum.Provenance.Identity)
}

// sayIncomplete says why a report misses something.
func sayIncomplete(a *app.App, out io.Writer, sum *report.Summary) {
	why := sum.Missing
	if why != "" && a.Stopping() {
		why = "interrupted"
	}
	if why != "" {
		fmt.Fprintln(out, "NOT COMPLETE:", term.Clean(why))
	}
}

// next says what to do about the worst there is.
func (s *survey) next(count *tally) string {
	switch {
	case count.counts[foreignKey] > 0:
		return "find out who set the foreign keys before anything else: an attack by encryption looks like this (docs/operations.md)"
	case count.counts[unencrypted]+count.counts[noncompliant] > 0 && s.via.IsGiven():
		return "bucketwarden call POST /sweep " + s.via.CallFlag() + " --data '{\"mode\":\"report\"}' asks the function what it would change"
	case count.counts[unencrypted]+count.counts[noncompliant] > 0:
		return "bucketwarden plan --output plan.json, with the same flags, says what would be changed"
	case count.counts[unknown] > 0 && s.via.IsGiven():
		return "see the reason of those that could not be read; usually the function's role has not the right oss:GetBucketEncryption there"
	case count.counts[unknown] > 0:
		return "see the reason of those that could not be read; usually the right oss:GetBucketEncryption is missing"
	}
	return ""
}

// status is the command's: what is missing counts more than what was found.
func (s *survey) status(sum *report.Summary, count *tally) error {
	unread := count.counts[unknown] > 0 && (!s.exitCode || slices.Contains(s.failOn, findUnknown))
	switch {
	case sum.Error != nil || sum.Next != "" || unread || count.total == 0 && !sum.Complete:
		return app.End(app.Incomplete)
	case count.total == 0 && !s.allowEmpty:
		return &app.Error{Exit: app.Findings, Err: errors.New("there are no buckets, and nothing checked is not a success"), Next: "if the account has none, give --allow-empty"}
	case s.exitCode && count.failing > 0:
		return app.End(app.Findings)
	}
	return nil
}
