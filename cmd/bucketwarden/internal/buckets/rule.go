package buckets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/service"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// one is the work on the rule of one bucket.
type one struct {
	app      *app.App
	flags    reach.Flags
	json     bool
	yes, dry bool
	override bool
}

// RuleCommand returns the verb rule.
func RuleCommand(a *app.App) *cobra.Command {
	c := app.Group(&cobra.Command{
		Use:   "rule",
		Short: "Get, set or remove the rule of one bucket",
		Example: `  bucketwarden rule get my-bucket
  bucketwarden rule set my-bucket --algorithm KMS
  bucketwarden rule remove my-bucket`,
	})
	c.AddCommand(getCommand(a), setCommand(a), removeCommand(a))
	return c
}

func getCommand(a *app.App) *cobra.Command {
	o := &one{app: a}
	c := &cobra.Command{
		Use:   "get BUCKET",
		Short: "Print the rule of a bucket: none, AES256, SM4, KMS, KMS(key-id), KMS+SM4",
		Example: `  bucketwarden rule get my-bucket
  bucketwarden rule get my-bucket --region cn-beijing --json`,
		Args: app.Exactly(1, "the name of a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.get(cmd.Context(), args[0]) },
	}
	o.flags.Where(c)
	o.flags.Hint(c)
	o.flags.Required(c)
	c.Flags().BoolVar(&o.json, "json", false, "print the whole answer")
	return c
}

func setCommand(a *app.App) *cobra.Command {
	o := &one{app: a}
	c := &cobra.Command{
		Use:   "set BUCKET",
		Short: "Bring a bucket to the required rule, or to the one that is given",
		Long: `Bring a bucket to the rule that the flags give, or to the required one without
them. A stronger rule is kept, unless --compare exact is given. What would change
is shown first; then a person is asked, and --yes answers elsewhere.`,
		Example: `  bucketwarden rule set my-bucket --algorithm AES256
  bucketwarden rule set my-bucket --algorithm KMS --kms-key-id key-hzz0123456789
  bucketwarden rule set my-bucket --policy policy.yaml --yes`,
		Args: app.Exactly(1, "the name of a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.set(cmd.Context(), args[0]) },
	}
	o.flags.Required(c)
	o.writing(c)
	c.Flags().BoolVar(&o.override, "override-policy", false, "set the given rule although a policy says something else of this bucket")
	return c
}

func removeCommand(a *app.App) *cobra.Command {
	o := &one{app: a}
	c := &cobra.Command{
		Use:   "remove BUCKET",
		Short: "Leave a bucket without a rule; new objects are not encrypted by default then",
		Example: `  bucketwarden rule remove my-bucket --dry-run
  bucketwarden rule remove my-bucket --yes`,
		Args: app.Exactly(1, "the name of a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.change(cmd.Context(), args[0], func(*reach.Reach) (ossenc.Task, error) {
				return ossenc.Task{Override: &ossenc.Desired{Remove: true}, Waive: byHand}, nil
			})
		},
	}
	o.writing(c)
	return c
}

// writing adds the flags of verbs that write.
func (o *one) writing(c *cobra.Command) {
	o.flags.Where(c)
	o.flags.Hint(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "answer yes to the question")
	c.Flags().BoolVarP(&o.dry, "dry-run", "n", false, "show what would change, and change nothing")
	c.Flags().BoolVar(&o.json, "json", false, "print the whole answer, which bucketwarden undo takes")
}

func (o *one) get(ctx context.Context, name string) error {
	ctx, cancel := o.flags.Timeout(ctx)
	defer cancel()
	r, err := o.flags.Open(ctx, o.app)
	if err != nil {
		return err
	}
	b, err := r.Bucket(name, &o.flags)
	if err != nil {
		return err
	}
	answer := newService(r).One(r.Context(ctx), service.BucketRequest{Bucket: b, Action: service.Show, Source: "command"})
	if o.json {
		if err := o.printJSON(answer); err != nil {
			return err
		}
	} else if answer.Observed {
		fmt.Fprintln(o.app.Out, term.Clean(answer.Rule.String()))
		o.app.Notef("%s in %s: %s", term.Clean(answer.Bucket), term.Clean(answer.Region), term.Clean(answer.Reason))
	}
	if !answer.Observed { // how the rule compares is check's business
		return resultError(answer.Result)
	}
	return nil
}

func (o *one) printJSON(v any) error {
	e := json.NewEncoder(o.app.Out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// resultError is the status and the words of a result that failed.
func resultError(r ossenc.Result) error {
	exit := app.Incomplete
	if r.Verdict == ossenc.Blocked && (r.Code == ossenc.Refused || r.Code == ossenc.ForeignKey) {
		exit = app.Findings
	}
	code := r.Code
	if r.Verdict == ossenc.Gone {
		code = ossenc.NotFound
	}
	err := fmt.Errorf("%s: %s", r.Bucket, term.Clean(r.Reason))
	if !r.Observed && exit == app.Incomplete {
		return nothingRead(err, code, r.OSSCode)
	}
	return &app.Error{Exit: exit, Err: err, Next: advice(code)}
}

func (o *one) set(ctx context.Context, name string) error {
	rule, given, err := o.flags.Rule()
	if err != nil {
		return err
	}
	compare, err := o.flags.Compare()
	if err != nil {
		return err
	}
	return o.change(ctx, name, func(r *reach.Reach) (ossenc.Task, error) {
		t := ossenc.Task{Compare: r.Compare}
		if given {
			t = ossenc.Task{Override: &ossenc.Desired{Rule: rule, Compare: compare}, Waive: byHand}
		}
		return t, o.againstPolicy(name, given)
	})
}

// byHand waives what the policy says: a person asks with their own credentials, and
// [one.againstPolicy] has checked that this is meant.
var byHand = ossenc.Waiver{Keys: true, Mode: true, Exemption: true}

// againstPolicy refuses a rule that is given where the function's settings name a
// policy: the bucket may be exempt there, or need another key.
func (o *one) againstPolicy(name string, given bool) error {
	policy := o.app.Env[settings.Policy]
	if !given || policy == "" || o.override {
		return nil
	}
	return &app.Error{Exit: app.Findings, Err: fmt.Errorf("%s (%s) says what %s must have", settings.Policy, policy, name), Next: "leave out --algorithm to set what the policy requires, or give --override-policy"}
}

// change shows what a task would do, asks, and does it: exactly what was shown, and
// only if the bucket is as it was.
func (o *one) change(ctx context.Context, name string, task func(*reach.Reach) (ossenc.Task, error)) error {
	ctx, cancel := o.flags.Timeout(ctx)
	defer cancel()
	r, err := o.flags.Open(ctx, o.app)
	if err != nil {
		return err
	}
	t, err := task(r)
	if err != nil {
		return err
	}
	if err := refusedByMode(r.Warden.Mode, o.dry, false, "bucketwarden plan --bucket "+name+" --output plan.json"); err != nil {
		return err
	}
	if t.Bucket, err = r.Bucket(name, &o.flags); err != nil {
		return err
	}
	ctx = r.Context(ctx)
	shown := t
	shown.Mode = ossenc.ReportOnly
	res := r.Warden.Ensure(ctx, shown)
	switch {
	case res.Verdict == ossenc.Gone || res.Verdict.Failed():
		return resultError(res)
	case res.Verdict != ossenc.WouldFix:
		return o.done(res, false)
	}
	o.show(res)
	if o.dry {
		return o.done(res, true)
	}
	if err := confirm(ctx, o.app, "Change the rule of "+name+"?", o.yes); err != nil {
		return err
	}
	t.Precondition.Before, t.Bucket.Region = &res.Before, res.Region
	if t.Compare == "" { // what was decided; with the policy's own, it decides again
		t.Precondition.Target = &res.Target
	}
	res = r.Warden.Ensure(context.WithoutCancel(ctx), t)
	if res.Verdict == ossenc.Gone || res.Verdict.Failed() {
		return resultError(res)
	}
	return o.done(res, false)
}

// show says what is about to change.
func (o *one) show(res ossenc.Result) {
	t := o.app.Terminal()
	fmt.Fprintf(o.app.Err, "%s in %s: %s → %s", term.Clean(res.Bucket), term.Clean(res.Region), term.Clean(res.Before.String()), term.Clean(res.Target.String()))
	if n := note(res.Before, res.Target); n.Text != "" {
		fmt.Fprintf(o.app.Err, "  %s", t.Paint(n.Colour, n.Text))
	}
	fmt.Fprintln(o.app.Err)
}

// done prints the outcome.
func (o *one) done(res ossenc.Result, dry bool) error {
	if o.json {
		return o.printJSON(service.BucketAnswer{Result: res, Rule: res.After, DryRun: dry})
	}
	fmt.Fprintf(o.app.Out, "%s: %s: %s\n", term.Clean(res.Bucket), res.Verdict, term.Clean(res.After.String()))
	reason := res.Reason
	if dry { // the reason would say: report mode
		reason = res.Finding()
	}
	o.app.Notef("%s", term.Clean(reason))
	return nil
}

// confirm asks a person, unless --yes was given. Where there is no person, --yes is
// needed.
func confirm(ctx context.Context, a *app.App, question string, yes bool) error {
	t := a.Terminal()
	switch {
	case yes:
		return nil
	case !t.Asks():
		return &app.Error{Exit: app.Usage, Err: errors.New("nothing was changed: there is no terminal to ask on"), Next: "give --yes to change it, or --dry-run to see what would change"}
	case t.Ask(ctx, question):
		return nil
	}
	if a.Stopping() {
		return app.End(app.Interrupted)
	}
	return &app.Error{Exit: app.Findings, Err: errors.New("nothing was changed")}
}
