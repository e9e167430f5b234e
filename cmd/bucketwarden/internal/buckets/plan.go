package buckets

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// planning is the making of a plan.
type planning struct {
	survey
	output string
	force  bool
	rows   []service.PlanRow
	// onlyReported counts changes that no plan makes, and toApprove those of rows that only
	// an approved one does.
	onlyReported, toApprove int
	others                  []ossenc.Result // that no change makes good
}

// PlanCommand returns the verb plan.
func PlanCommand(a *app.App) *cobra.Command {
	p := &planning{survey: survey{app: a, failOn: []finding{findNoncompliant, findUnknown}, allowEmpty: true}}
	c := &cobra.Command{
		Use:   "plan",
		Short: "Say which rules would be changed, and write them into a file to review",
		Long: `Say which rules would be changed, and write them into a file to review.
Nothing is ever written to a bucket: bucketwarden apply does that, with the file,
and each change only if the bucket is still as the plan saw it.`,
		Example: `  bucketwarden plan
  bucketwarden plan --policy policy.yaml --output plan.json
  bucketwarden plan show plan.json
  bucketwarden plan cut plan.json --only payments,logs --output approved.json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return app.Usagef("plan has no verb %q; it has show and cut", args[0])
			}
			return p.run(cmd.Context())
		},
	}
	p.flags.Where(c)
	p.flags.Which(c)
	p.flags.Required(c)
	c.Flags().StringVarP(&p.output, "output", "o", "", "write the plan into this file")
	c.Flags().BoolVar(&p.force, "force", false, "replace a file that exists")
	c.Flags().BoolVar(&p.exitCode, "exit-code", false, "status 2 if something would be changed or needs attention")
	c.AddCommand(planShowCommand(a), planCutCommand(a))
	return c
}

func (p *planning) run(ctx context.Context) error {
	if err := ready(p.output, p.force); err != nil {
		return err
	}
	ctx, cancel := p.flags.Timeout(ctx)
	defer cancel()
	r, err := p.flags.Open(ctx, p.app)
	if err != nil {
		return err
	}
	if r.Compare != "" {
		return app.Usagef("--compare exact cannot stand beside a policy, which says it for each rule")
	}
	if err := r.Select(ctx, &p.flags); err != nil {
		return err
	}
	var count tally
	s := newService(r)
	format, _ := report.FormatNamed("json")
	sum, err := report.Write(io.Discard, format, p.view(ctx, r), func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		return p.source(r.Context(ctx), r, &count)(func(res ossenc.Result) bool {
			p.take(s, res)
			return row(res)
		})
	})
	if err != nil {
		return failed(p.app, err)
	}
	plan, err := s.NewPlan(r.Account).With(p.rows)
	if err != nil {
		return &app.Error{Exit: app.Findings, Err: err, Next: "make smaller plans, with --region, --prefix or --bucket"}
	}
	if plan.Provenance, err = json.Marshal(sum.Provenance); err != nil {
		return err
	}
	if err := p.write(plan); err != nil {
		return err
	}
	fmt.Fprintln(p.app.Out, r.First())
	fmt.Fprintln(p.app.Out, readAs(sum))
	fmt.Fprintln(p.app.Out, &count)
	sayIncomplete(p.app, p.app.Out, sum)
	p.close(plan)
	return p.status(sum, &count)
}

// take sorts a result: a row of the plan, a change that no plan makes, or none at all.
func (p *planning) take(s *service.Service, res ossenc.Result) {
	switch {
	case res.Verdict == ossenc.WouldFix && !s.Plans(res):
		p.onlyReported++
	case res.Verdict == ossenc.WouldFix:
		if res.Mode == ossenc.Approve {
			p.toApprove++
		}
		p.rows = append(p.rows, service.PlanRow{Account: res.Account, Bucket: res.Bucket, Region: res.Region, Before: res.Before, Target: res.Target})
	case res.Verdict.Failed():
		p.others = append(p.others, res)
	}
}

// write shows the plan, and writes its file.
func (p *planning) write(plan *service.Plan) error {
	t := p.app.Terminal()
	if len(plan.Rows) > 0 {
		if err := writeChanges(t, p.app.Out, plan.Rows); err != nil {
			return err
		}
		fmt.Fprintln(p.app.Out)
	}
	if len(p.others) > 0 {
		fmt.Fprintln(p.app.Out, "Not in the plan, and in need of attention:")
		if err := writeTable(t, p.app.Out, p.others, nil); err != nil {
			return err
		}
		fmt.Fprintln(p.app.Out)
	}
	if p.output == "" {
		return nil
	}
	return files.Write(p.output, p.force, func(w io.Writer) error { return encodePlan(w, plan) })
}

func (p *planning) close(plan *service.Plan) {
	if p.onlyReported > 0 {
		fmt.Fprintf(p.app.Out, "%s not in the plan, because the policy's rule only reports (mode: report)\n", counted(p.onlyReported, "change"))
	}
	fmt.Fprintf(p.app.Out, "plan: %s, digest %s\n", counted(len(plan.Rows), "change"), plan.Digest)
	switch {
	case len(plan.Rows) == 0:
	case p.output == "":
		fmt.Fprintln(p.app.Out, "next: --output plan.json keeps it")
	case p.toApprove > 0:
		fmt.Fprintf(p.app.Out, "written: %s\nnext: review it, then: bucketwarden apply %s --digest %s, with the same flags; %s approval (mode: approve)\n", term.Clean(p.output), term.Clean(p.output), plan.Digest, needing(p.toApprove))
	default:
		fmt.Fprintf(p.app.Out, "written: %s\nnext: review it, then: bucketwarden apply %s, with the same flags\n", term.Clean(p.output), term.Clean(p.output))
	}
}

func needing(n int) string {
	if n == 1 {
		return "1 change needs"
	}
	return fmt.Sprintf("%d changes need", n)
}

// encodePlan writes a plan with one row in each line, so that people can read and
// compare it.
func encodePlan(w io.Writer, plan *service.Plan) error {
	account := ""
	if plan.Account != "" {
		account = fmt.Sprintf("  \"account\": %q,\n", plan.Account)
	}
	if _, err := fmt.Fprintf(w, "{\n  \"version\": %d,\n  \"time\": %q,\n%s  \"policy_sha256\": %q,\n  \"rows\": [", plan.Version, plan.Time.Format(time.RFC3339), account, plan.PolicySHA256); err != nil {
		return err
	}
	for i, r := range plan.Rows {
		row, err := json.Marshal(r)
		if err != nil {
			return err
		}
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := fmt.Fprintf(w, "%s\n    %s", comma, row); err != nil {
			return err
		}
	}
	provenance := ""
	if len(plan.Provenance) > 0 {
		provenance = ",\n  \"provenance\": " + string(plan.Provenance)
	}
	_, err := fmt.Fprintf(w, "\n  ],\n  \"digest\": %q%s\n}\n", plan.Digest, provenance)
	return err
}

// readPlan reads a plan's file. Its rows must be those of its digest.
func readPlan(file string) (*service.Plan, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &app.Error{Exit: app.Usage, Err: fmt.Errorf("there is no file %s", file), Next: "bucketwarden plan --output " + file}
	}
	if err != nil {
		return nil, app.Usagef("%w", err)
	}
	plan, err := service.ParsePlan(data)
	if err != nil {
		return nil, &app.Error{Exit: app.Usage, Err: fmt.Errorf("%s is not a plan: %w", file, err)}
	}
	err = plan.Check("")
	if errors.Is(err, service.ErrOldPlan) {
		return nil, &app.Error{Exit: app.Usage, Err: fmt.Errorf("%s: %w", file, err), Next: "bucketwarden plan --output with another file, and the same flags"}
	}
	if err != nil {
		return nil, &app.Error{Exit: app.Usage, Err: fmt.Errorf("%s: %w", file, err), Next: "plans are not edited by hand: bucketwarden plan cut takes rows out"}
	}
	return plan, nil
}

func planShowCommand(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:     "show FILE",
		Short:   "Show the changes of a plan, and its digest",
		Example: "  bucketwarden plan show plan.json",
		Args:    app.Exactly(1, "the file of a plan"),
		RunE: func(_ *cobra.Command, args []string) error {
			plan, err := readPlan(args[0])
			if err != nil {
				return err
			}
			if err := writeChanges(a.Terminal(), a.Out, plan.Rows); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "\n%splan: %s, digest %s\n", madeBy(plan), counted(len(plan.Rows), "change"), plan.Digest)
			return err
		},
	}
}

// madeBy is the line that says where a plan comes from. The time and the policy are
// those that the digest covers; the rest is what the plan says of itself.
func madeBy(plan *service.Plan) string {
	text := "made: " + plan.Time.UTC().Format(time.RFC3339)
	policy := "the settings"
	var p report.Provenance
	if json.Unmarshal(plan.Provenance, &p) == nil && !p.Time.IsZero() {
		text += " as " + cmp.Or(p.Identity, "an unknown identity") + ", for " + p.Scope.String()
		if p.Policy != nil {
			policy = p.Policy.Name
		}
	}
	return term.Clean(text+", by "+policy+" sha256:"+plan.PolicySHA256) + "\n"
}

func planCutCommand(a *app.App) *cobra.Command {
	var only []string
	output, force := "", false
	c := &cobra.Command{
		Use:     "cut FILE --only BUCKET,... --output FILE",
		Short:   "Write a plan with some of the changes only; it has a digest of its own",
		Example: "  bucketwarden plan cut plan.json --only payments,logs --output approved.json",
		Args:    app.Exactly(1, "the file of a plan"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(only) == 0 || output == "" {
				return app.Usagef("plan cut needs --only and --output")
			}
			plan, err := readPlan(args[0])
			if err != nil {
				return err
			}
			if plan, err = plan.Only(only); err != nil {
				return app.Usagef("%w", err)
			}
			if err := files.Write(output, force, func(w io.Writer) error { return encodePlan(w, plan) }); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "plan: %s, digest %s\nwritten: %s\n", counted(len(plan.Rows), "change"), plan.Digest, output)
			return err
		},
	}
	c.Flags().StringSliceVar(&only, "only", nil, "the buckets to keep; repeatable")
	c.Flags().StringVarP(&output, "output", "o", "", "the file to write")
	c.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	return c
}
