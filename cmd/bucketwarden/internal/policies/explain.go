package policies

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// bucketFacts are what the flags say about a bucket.
type bucketFacts struct {
	region, account, on string
	accountName         string
	tags, accountTags   []string
}

func explainCommand(a *app.App) *cobra.Command {
	var f bucketFacts
	c := &cobra.Command{
		Use:   "explain FILE BUCKET",
		Short: "Say which rule of a policy decides about a bucket, and why no earlier one does",
		Long:  "Say which rule of a policy decides about a bucket, and why no earlier one does.\nThe bucket need not exist: what the policy needs to know is in the flags.",
		Example: `  bucketwarden policy explain policy.yaml payments --region cn-hangzhou
  bucketwarden policy explain policy.yaml payments --region cn-hangzhou --tag env=prod --on 2027-04-01`,
		Args: app.Exactly(2, "a policy file and the name of a bucket"),
		RunE: func(_ *cobra.Command, args []string) error {
			return explain(args[0], args[1], f, a.Now(), a.Out)
		},
	}
	c.Flags().StringVar(&f.region, "region", "", "the bucket's region, such as cn-hangzhou")
	c.Flags().StringVar(&f.account, "account", "", "the ID of the bucket's account")
	c.Flags().StringVar(&f.accountName, "account-name", "", "the name of the account in the Resource Directory")
	c.Flags().StringArrayVar(&f.accountTags, "account-tag", nil, "a tag of the account in the Resource Directory, as key=value; repeatable")
	c.Flags().StringArrayVar(&f.tags, "tag", nil, "a tag of the bucket, as key=value; repeatable")
	c.Flags().StringVar(&f.on, "on", "", "the day, such as 2027-03-31; today without it")
	return c
}

func explain(file, bucket string, f bucketFacts, now time.Time, out io.Writer) error {
	facts, now, err := f.parse(bucket, now)
	if err != nil {
		return err
	}
	p, err := load(file)
	if err != nil {
		return err
	}
	ruling, skipped, err := p.Explain(facts, now)
	for i, s := range skipped {
		_, _ = fmt.Fprintf(out, "%3d  %s: no: %s\n", i+1, s.Rule, s.Why)
	}
	if err != nil {
		return &app.Error{Exit: app.Findings, Err: err, Next: "say it with --region, --account, --account-name, --account-tag or --tag"}
	}
	_, _ = fmt.Fprintf(out, "%3d  %s: decides: %s\n", ruling.Index+1, ruling.Rule, inWords(ruling))
	return nil
}

// parse reads the flags.
func (f bucketFacts) parse(bucket string, now time.Time) (policy.Facts, time.Time, error) {
	facts := policy.Facts{Account: f.account, Bucket: bucket, Region: f.region}
	if !ossenc.ValidBucketName(bucket) {
		return facts, now, app.Usagef("%.80q is not the name of a bucket: 3 to 63 characters a-z, 0-9 and -", bucket)
	}
	if f.region != "" && !ossenc.ValidRegion(f.region) {
		return facts, now, app.Usagef("--region: %.40q is not a region ID, such as cn-hangzhou", f.region)
	}
	tags, err := parseTags("--tag", f.tags)
	if err != nil {
		return facts, now, err
	}
	facts.Tags = func() (map[string]string, error) { return tags, nil }
	accountTags, err := parseTags("--account-tag", f.accountTags)
	if err != nil {
		return facts, now, err
	}
	if f.accountName != "" || len(accountTags) > 0 { // else a rule that needs them says so
		facts.AccountFacts = func() (ossenc.AccountFacts, error) {
			return ossenc.AccountFacts{Name: f.accountName, Tags: accountTags}, nil
		}
	}
	if f.on != "" {
		day, err := time.Parse(time.DateOnly, f.on)
		if err != nil {
			return facts, now, app.Usagef("--on: %.40q is not a date; write it like 2027-03-31", f.on)
		}
		now = day
	}
	return facts, now, nil
}

func parseTags(flag string, values []string) (map[string]string, error) {
	tags := map[string]string{}
	for _, t := range values {
		key, value, found := strings.Cut(t, "=")
		if !found || key == "" {
			return nil, app.Usagef("%s: %.80q is not key=value", flag, t)
		}
		tags[key] = value
	}
	return tags, nil
}

// inWords says what a requirement means.
func inWords(r ossenc.Requirement) string {
	switch {
	case r.Exempt != nil:
		return r.Exempt.String()
	case r.Blocked != "":
		return "blocked: " + r.Blocked
	}
	text := fmt.Sprintf("%s is required", r.Desired.Rule)
	if r.Desired.Compare == ossenc.Exact {
		text += ", exactly"
	} else {
		text += ", or stronger"
	}
	if r.Desired.Mode == ossenc.Approve {
		text += "; written only by a plan that was approved"
	}
	if r.Desired.Mode == ossenc.ReportOnly {
		text += "; only reported, never written"
	}
	if !r.Fallback.IsNone() {
		text += fmt.Sprintf("; %s where the key cannot be used", r.Fallback)
	}
	return text
}
