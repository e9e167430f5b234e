package policies

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/policytest"
)

//go:embed template
var template embed.FS

// beginning is the making of a first policy.
type beginning struct {
	app     *app.App
	flags   reach.Flags
	force   bool
	example bool
}

func initCommand(a *app.App) *cobra.Command {
	b := &beginning{app: a}
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a first policy from what the account's buckets have now, and its expectations",
		Long: `Write a first policy, policy.yaml without FILE, and the expectations beside it, from
what the account's buckets have now: each keeps at least the rule that it has. Comments
with DECIDE are for a person. Nothing is written to a bucket. --example needs no account.`,
		Example: `  bucketwarden policy init
  bucketwarden policy init company.yaml --profile audit
  bucketwarden policy init --example`,
		Args: app.AtMostOne("a policy file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := "policy.yaml"
			if len(args) > 0 {
				file = args[0]
			}
			return b.run(cmd.Context(), file)
		},
	}
	b.flags.Where(c)
	b.flags.Many(c)
	c.Flags().BoolVar(&b.force, "force", false, "replace files that exist")
	c.Flags().BoolVar(&b.example, "example", false, "begin with an example, and read no account")
	return c
}

func (b *beginning) run(ctx context.Context, file string) error {
	if b.example {
		return b.writeExample(file)
	}
	if _, err := os.Stat(file); err == nil && !b.force { // before minutes are spent on it
		return &app.Error{Exit: app.Usage, Err: fmt.Errorf("%s exists already", file), Next: "give another name, or --force"}
	}
	ctx, cancel := b.flags.Timeout(ctx)
	defer cancel()
	b.flags.Plain()
	r, err := b.flags.Open(ctx, b.app)
	if err != nil {
		return err
	}
	all, err := b.read(ctx, r)
	if err != nil {
		return err
	}
	d := newDraft(all, r.Account, b.app.Now())
	if err := d.check(file, all, b.app.Now()); err != nil {
		return &app.Error{Exit: app.Bug, Err: fmt.Errorf("the draft is not right, so nothing was written: %w", err)}
	}
	if err := b.write(file, d.policyText(), d.testText()); err != nil {
		return err
	}
	fmt.Fprintf(b.app.Out, "%s and %s: %d buckets, %d rules; %d buckets have no rule now\n", file, policytest.FileBeside(file), len(all), len(d.groups)+1, len(d.bare))
	fmt.Fprintf(b.app.Out, "next: read what is marked DECIDE, then run: bucketwarden plan --policy %s\n", file)
	if n := len(d.unread); n > 0 {
		return &app.Error{Exit: app.Incomplete, Err: fmt.Errorf("%d buckets could not be read, so the policy says nothing of what they have; it names them", n), Next: "bucketwarden report says why"}
	}
	return nil
}

// read returns what each bucket has. An account whose list cannot be read is an error:
// a policy without some of its buckets would look whole.
func (b *beginning) read(ctx context.Context, r *reach.Reach) ([]present, error) {
	if err := r.Select(ctx, &b.flags); err != nil {
		return nil, err
	}
	progress := r.Progress("Reading rules")
	defer progress.Keep(term.Count{Found: r.Found(), Whole: true}, r.Throttled)()
	ctx = r.Context(ctx)
	madeByOSS := map[[2]string]bool{}
	var all []present
	sum, err := r.Warden.Sweep(ctx, ossenc.SweepOptions{Mode: ossenc.ReportOnly, Concurrency: r.Concurrency, Reserve: time.Nanosecond}, func(res ossenc.Result) bool {
		progress.Show(term.Count{Done: len(all), Found: r.Found(), Whole: true, Throttled: r.Throttled()})
		p := present{bucket: res.Bucket, region: res.Region, rule: res.Before}
		switch {
		case res.Verdict == ossenc.Gone:
			return true
		case !res.Observed:
			p.unread = term.Clean(res.Reason)
		case p.rule.KMSKeyID != "":
			id := [2]string{res.Region, p.rule.KMSKeyID}
			if _, known := madeByOSS[id]; !known {
				madeByOSS[id] = isOSSKey(ctx, r.Warden, res)
			}
			if madeByOSS[id] {
				p.rule.KMSKeyID = ""
			}
		}
		all = append(all, p)
		return true
	})
	switch {
	case b.app.Stopping():
		return nil, app.End(app.Interrupted)
	case err != nil:
		return nil, &app.Error{Exit: app.Incomplete, Err: err, Next: "the key needs oss:ListBuckets and oss:GetBucketEncryption"}
	case !sum.Complete:
		return nil, &app.Error{Exit: app.Incomplete, Err: fmt.Errorf("not every bucket had its turn"), Next: "give more --timeout"}
	}
	return all, nil
}

// isOSSKey reports whether the key of a bucket's rule is the one that OSS made: then
// KMS without a key is exactly what the bucket has.
func isOSSKey(ctx context.Context, w *ossenc.Warden, res ossenc.Result) bool {
	rule := res.Before
	rule.KMSKeyID = ""
	return w.Ensure(ctx, ossenc.Task{
		Bucket:   ossenc.Bucket{Name: res.Bucket, Region: res.Region},
		Override: &ossenc.Desired{Rule: rule, Compare: ossenc.Exact},
		Waive:    ossenc.Waiver{Keys: true, Mode: true, Exemption: true},
		Mode:     ossenc.ReportOnly,
	}).Verdict == ossenc.Compliant
}

func (b *beginning) write(file, policyText, testText string) error {
	texts := [][2]string{{file, policyText}, {policytest.FileBeside(file), testText}}
	for _, t := range texts {
		if err := files.Write(t[0], b.force, func(w io.Writer) error { _, err := io.WriteString(w, t[1]); return err }); err != nil {
			return err
		}
	}
	return nil
}

func (b *beginning) writeExample(file string) error {
	policyText, err := template.ReadFile("template/policy.yaml")
	if err != nil {
		return err
	}
	testText, err := template.ReadFile("template/policy_test.yaml")
	if err != nil {
		return err
	}
	if err := b.write(file, string(policyText), string(testText)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(b.app.Out, "%s and %s are there. They require AES256 or stronger of every bucket.\nnext: edit them, then run: bucketwarden policy check %s && bucketwarden policy test %s\n", file, policytest.FileBeside(file), file, file)
	return err
}
