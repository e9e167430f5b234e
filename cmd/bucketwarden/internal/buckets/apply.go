package buckets

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/service"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// changing is what apply and undo share.
type changing struct {
	app      *app.App
	flags    reach.Flags
	yes, dry bool
	result   string
	force    bool
}

func (c *changing) addFlags(cmd *cobra.Command) {
	c.flags.Where(cmd)
	c.flags.Required(cmd)
	c.flags.Many(cmd)
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "answer yes to the question")
	cmd.Flags().BoolVarP(&c.dry, "dry-run", "n", false, "show what would change, and change nothing")
	cmd.Flags().StringVar(&c.result, "result", "", "file for the result, one JSON value a line; a new name beside the input without it")
	cmd.Flags().BoolVar(&c.force, "force", false, "replace a result file that exists")
}

// ApplyCommand returns the verb apply.
func ApplyCommand(a *app.App) *cobra.Command {
	c := &changing{app: a}
	var only []string
	digest := ""
	cmd := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Make the changes of a plan, each only if the bucket is still as the plan saw it",
		Long: `Make the changes of a plan, each only if the bucket is still as the plan saw it
and the plan's target is still what is required; give the flags that the plan was
made with. Each write is noted in the result file before and after it is made.
The first ^C begins no new write and ends what is under way; the same plan can be
applied again later. bucketwarden undo takes the result file.`,
		Example: `  bucketwarden apply plan.json
  bucketwarden apply plan.json --policy policy.yaml --digest sha256:... --yes
  bucketwarden apply plan.json --only payments --dry-run`,
		Args: app.Exactly(1, "the file of a plan"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.apply(cmd.Context(), args[0], only, digest)
		},
	}
	c.addFlags(cmd)
	cmd.Flags().StringSliceVar(&only, "only", nil, "only the changes of these buckets; repeatable")
	cmd.Flags().StringVar(&digest, "digest", "", "the digest that was approved; another plan is refused")
	return cmd
}

func (c *changing) apply(ctx context.Context, file string, only []string, digest string) error {
	plan, err := readPlan(file)
	if err != nil {
		return err
	}
	if len(only) > 0 {
		if plan, err = plan.Only(only); err != nil {
			return app.Usagef("%w", err)
		}
		c.app.Notef("only %s, digest %s", counted(len(plan.Rows), "change"), plan.Digest)
	}
	if err := plan.Check(digest); err != nil {
		return &app.Error{Exit: app.Findings, Err: err, Next: "approve this one, or apply the one that was approved"}
	}
	return c.run(ctx, plan, file, plan.Digest, digest != "", func(ctx context.Context, s *service.Service, dry bool) (service.Results, error) {
		return s.Apply(ctx, plan, digest, approvedHere(s, dry))
	})
}

// approvedHere are the options for changes that a person has seen and approved: the
// policy's max_changes bounds what is done unseen. In approve mode nothing goes past
// it.
func approvedHere(s *service.Service, dry bool) service.ChangeOptions {
	return service.ChangeOptions{DryRun: dry, MayApprove: true, PastPolicy: s.Mode() != ossenc.Approve}
}

// refusedByMode refuses what the mode of the settings does not let be written, before
// a person is asked about it. approved is whether the changes have been approved.
func refusedByMode(m ossenc.Mode, dry, approved bool, next string) error {
	if dry || m.MayWrite(approved) {
		return nil
	}
	if m == ossenc.Approve {
		return &app.Error{Exit: app.Findings, Err: fmt.Errorf("%s is approve, so only an approved plan is written; nothing was changed", settings.Mode), Next: next}
	}
	return &app.Error{Exit: app.Findings, Err: fmt.Errorf("%s is %s, so nothing is written", settings.Mode, m), Next: "--dry-run shows what would change"}
}

// run shows the changes, asks, makes them, and says what became of them.
func (c *changing) run(ctx context.Context, plan *service.Plan, file, digest string, approved bool, do func(context.Context, *service.Service, bool) (service.Results, error)) error {
	ctx, cancel := c.flags.Timeout(ctx)
	defer cancel()
	r, err := c.flags.Open(ctx, c.app)
	if err != nil {
		return err
	}
	if r.Compare != "" {
		return app.Usagef("--compare exact cannot stand beside a policy, which says it for each rule")
	}
	if err := refusedByMode(r.Warden.Mode, c.dry, approved, "give --digest with the digest that was approved"); err != nil {
		return err
	}
	if len(plan.Rows) == 0 {
		_, err := fmt.Fprintln(c.app.Out, "there is nothing to change")
		return err
	}
	if err := writeChanges(c.app.Terminal(), c.app.Err, plan.Rows); err != nil {
		return err
	}
	if !c.dry {
		if err := confirm(ctx, c.app, fmt.Sprintf("Make %s?", counted(len(plan.Rows), "change")), c.yes); err != nil {
			return err
		}
	}
	g, err := c.guard(r, file, digest, len(plan.Rows))
	if err != nil {
		return err
	}
	s := newService(r)
	s.Warden = func() service.Warden { return g }
	stop := g.progress.Keep(term.Count{Found: g.total, Whole: true}, g.throttled)
	results, err := do(r.Context(ctx), s, c.dry)
	stop()
	if err != nil {
		return &app.Error{Exit: app.Findings, Err: err}
	}
	return app.Join(c.report(g, results), g.close())
}

// guard makes the result file, unless nothing is written.
func (c *changing) guard(r *reach.Reach, file, digest string, total int) (*guard, error) {
	g := &guard{app: c.app, Warden: r.Warden, progress: r.Progress("Changing rules"), total: total, throttled: r.Throttled}
	if c.dry {
		return g, nil
	}
	if c.result == "" {
		c.result = strings.TrimSuffix(file, filepath.Ext(file)) + "." + c.app.Now().UTC().Format("20060102T150405.000Z") + ".result.jsonl"
	}
	var err error
	if g.journal, err = files.CreateJournal(c.result, c.force); err != nil {
		return nil, err
	}
	if !g.note(beginLine{g.stamp("begin"), digest}) {
		return nil, errors.Join(g.err, g.journal.Close())
	}
	return g, nil
}

// close ends the journal.
func (g *guard) close() error {
	if g.journal == nil {
		return nil
	}
	g.note(g.stamp("end"))
	if err := errors.Join(g.err, g.journal.Close()); err != nil {
		return &app.Error{Exit: app.Incomplete, Err: fmt.Errorf("the result file could not be written: %w", err), Next: "bucketwarden report says how the buckets are"}
	}
	return nil
}

// report writes what became of the changes, and returns the status.
func (c *changing) report(g *guard, results service.Results) error {
	if err := writeOutcomes(c.app.Terminal(), c.app.Out, results.Results); err != nil {
		return err
	}
	counts, exit := map[string]int{}, app.Done
	for _, r := range results.Results {
		counts[string(r.Verdict)]++
		exit = max(exit, outcomeExit(r.Result))
	}
	fmt.Fprintf(c.app.Out, "\n%s: %s\n", counted(len(results.Results), "change"), inOrder(counts))
	if c.result != "" && !c.dry {
		fmt.Fprintln(c.app.Out, "result:", c.result)
		if counts[string(ossenc.Fixed)] > 0 {
			fmt.Fprintf(c.app.Out, "next: bucketwarden undo %s takes it back\n", c.result)
		}
	}
	if n := counts[string(ossenc.WouldFix)]; n > 0 && !c.dry {
		exit = max(exit, app.Findings) // asked for, and not made
		fmt.Fprintf(c.app.Out, "next: %s not written because of the mode of the policy's rule; mode: approve takes --digest with the digest that was approved\n", counted(n, "change"))
	}
	if g.skipped > 0 {
		fmt.Fprintf(c.app.Out, "%s not begun; apply the same plan again to go on\n", counted(g.skipped, "change"))
		exit = app.Interrupted
	}
	return app.End(exit)
}

// outcomeExit is the status of one change.
func outcomeExit(r ossenc.Result) app.Exit {
	switch {
	case !r.Verdict.Failed():
		return app.Done
	case r.Verdict == ossenc.Blocked && (r.Code == ossenc.Refused || r.Code == ossenc.ForeignKey):
		return app.Findings
	}
	return app.Incomplete
}

// inOrder says: 2 fixed, 1 blocked.
func inOrder(counts map[string]int) string {
	var parts []string
	for _, v := range []ossenc.Verdict{ossenc.Fixed, ossenc.WouldFix, ossenc.Compliant, ossenc.Exempt, ossenc.Gone, ossenc.Blocked, ossenc.Unknown} {
		if n := counts[string(v)]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(parts, ", ")
}

// UndoCommand returns the verb undo.
func UndoCommand(a *app.App) *cobra.Command {
	c := &changing{app: a}
	cmd := &cobra.Command{
		Use:   "undo RESULT...",
		Short: "Take changes back: each bucket gets the rule from before, unless it has changed since",
		Long: `Take changes back: each bucket gets the rule from before, unless it has changed
since. RESULT is any JSON that Bucketwarden prints: the result file of an apply, an
answer of the function, a report, lines of its log. Several changes of one bucket
are undone together, the newest first. Undoing makes rules weaker; that is shown.`,
		Example: `  bucketwarden undo plan.20261125T235240.000Z.result.jsonl
  bucketwarden undo answer.json --dry-run`,
		Args: app.AtLeastOne("one or more files with results"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.undo(cmd.Context(), args) },
	}
	c.addFlags(cmd)
	return cmd
}

func (c *changing) undo(ctx context.Context, names []string) error {
	var all []service.Change
	for _, name := range names {
		data, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			return app.Usagef("there is no file %s", name)
		}
		if err != nil {
			return app.Usagef("%w", err)
		}
		changes, err := service.ParseChanges(data, math.MaxInt)
		if err != nil {
			return &app.Error{Exit: app.Usage, Err: fmt.Errorf("%s: %w", name, err)}
		}
		all = append(all, changes...)
	}
	joined, earlier := service.Newest(all)
	var rows []service.PlanRow
	for _, ch := range joined {
		rows = append(rows, service.PlanRow{Account: ch.Account, Bucket: ch.Bucket, Region: ch.Region, Before: ch.After, Target: ch.Before})
		if ch.Unconfirmed {
			c.app.Notef("%s: the write was begun, and nothing says how it ended; it is undone only if it was made", ch.Bucket)
		}
	}
	plan, err := (&service.Plan{Version: service.PlanVersion, Time: c.app.Now()}).With(rows)
	if err != nil {
		return app.Usagef("%w", err)
	}
	err = c.run(ctx, plan, strings.TrimSuffix(names[0], filepath.Ext(names[0]))+".undo.json", plan.Digest, true, func(ctx context.Context, s *service.Service, dry bool) (service.Results, error) {
		return s.Restore(ctx, service.ResultsOf(joined), approvedHere(s, dry))
	})
	if len(earlier) > 0 {
		err = app.Join(err, &app.Error{Exit: app.Findings, Err: fmt.Errorf("%s earlier: another writer changed the bucket in between (%s)", counted(len(earlier), "change"), earlier[0].Bucket), Next: "see its history in ActionTrail, and use bucketwarden rule set"})
	}
	return err
}
