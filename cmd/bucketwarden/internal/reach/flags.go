// Package reach turns flags and the environment into what a verb needs of the
// cloud: credentials, endpoints, what is required, which buckets it is about, and
// a [ossenc.Warden] over all of it.
package reach

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
)

// defaultConcurrency keeps well below what OSS allows an account, because that is
// shared with production.
const defaultConcurrency = 16

// Flags are what the flags say.
type Flags struct {
	// Where and as whom.
	login       Login
	endpoint    string
	kmsEndpoint string
	internal    bool
	timeout     time.Duration
	concurrency int
	many        bool // concurrency is a flag of the verb

	// Which buckets.
	regions, buckets []string
	accounts         []string
	prefix           string

	trail trailFlags

	// What is required.
	policy, algorithm, key, data, compare string
}

// Where adds the flags for verbs that speak to the cloud.
func (f *Flags) Where(c *cobra.Command) {
	s := c.Flags()
	f.login.Flags(c)
	s.StringVar(&f.endpoint, "endpoint", "", "where OSS is: URL, or region=URL,region=URL")
	s.StringVar(&f.kmsEndpoint, "kms-endpoint", "", "where KMS is: URL, or region=URL,region=URL")
	s.BoolVar(&f.internal, "internal", false, "use the internal endpoint of this machine's region")
	s.DurationVar(&f.timeout, "timeout", 0, "end after this time, such as 10m; 0 for never")
	app.FromEnv(s, "endpoint", "kms-endpoint", "internal", "timeout")
}

// Hint adds the flag that says where one bucket is.
func (f *Flags) Hint(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.regions, "region", nil, "the bucket's region; found out without it")
	c.Flags().StringArrayVar(&f.accounts, "account", nil, "the ID of the bucket's account; it must be in the policy")
}

// Which adds the flags that select buckets.
func (f *Flags) Which(c *cobra.Command) {
	s := c.Flags()
	s.StringSliceVar(&f.regions, "region", nil, "only buckets of this region; repeatable")
	s.StringSliceVar(&f.buckets, "bucket", nil, "only this bucket; repeatable")
	s.StringSliceVar(&f.accounts, "account", nil, "only buckets of this account of the policy, or own; repeatable")
	s.StringVar(&f.prefix, "prefix", "", "only buckets whose name begins so")
	app.FromEnv(s, "region", "bucket", "account", "prefix")
	f.Many(c)
}

// Many adds the flag for verbs that work on many buckets.
func (f *Flags) Many(c *cobra.Command) {
	f.many = true
	c.Flags().IntVar(&f.concurrency, "concurrency", defaultConcurrency, "how many buckets are worked on at a time, 1 to 64; OSS's limit is shared with production")
	app.FromEnv(c.Flags(), "concurrency")
}

// Required adds the flags that say which rule is required.
func (f *Flags) Required(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.policy, "policy", "", "policy file; see bucketwarden policy --help")
	s.StringVar(&f.algorithm, "algorithm", "", "required algorithm: AES256, KMS or SM4")
	s.StringVar(&f.key, "kms-key-id", "", "required KMS key: ID, alias or ARN")
	s.StringVar(&f.data, "kms-data-encryption", "", "required cipher of KMS's data keys: SM4")
	s.StringVar(&f.compare, "compare", "", "floor: at least as strong is enough; exact: this rule, even where that is weaker")
	app.FromEnv(s, "policy", "algorithm", "kms-key-id", "kms-data-encryption", "compare")
}

// Plain requires AES256 or stronger of every bucket of the credentials' account,
// whatever the settings say: for verbs that only read.
func (f *Flags) Plain() { f.policy, f.algorithm = "", ossenc.AES256 }

// Rule returns the rule that the flags name, and whether they name one.
func (f *Flags) Rule() (ossenc.Rule, bool, error) {
	if f.algorithm == "" && f.key == "" && f.data == "" {
		return ossenc.Rule{}, false, nil
	}
	if f.algorithm == "" {
		return ossenc.Rule{}, true, app.Usagef("--kms-key-id and --kms-data-encryption need --algorithm KMS")
	}
	rule, err := ossenc.NewRule(f.algorithm, f.key, f.data)
	if err != nil {
		return rule, true, app.Usagef("--algorithm, --kms-key-id, --kms-data-encryption: %w", err)
	}
	return rule, true, nil
}

// Compare returns how the flags compare; [ossenc.Floor] where they do not say.
func (f *Flags) Compare() (ossenc.Compare, error) {
	switch c := ossenc.Compare(f.compare); c {
	case "":
		return ossenc.Floor, nil
	case ossenc.Floor, ossenc.Exact:
		return c, nil
	}
	return "", app.Usagef("--compare: %.40q is neither floor nor exact", f.compare)
}

// check refuses values that cannot be right, before anything is asked.
func (f *Flags) check() error {
	for _, r := range f.regions {
		if !ossenc.ValidRegion(r) {
			return app.Usagef("--region: %.40q is not a region ID, such as cn-hangzhou", r)
		}
	}
	for _, b := range f.buckets {
		if !ossenc.ValidBucketName(b) {
			return app.Usagef("--bucket: %.80q is not the name of a bucket: 3 to 63 characters a-z, 0-9 and -", b)
		}
	}
	if strings.Trim(f.prefix, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return app.Usagef("--prefix: %.80q is not the beginning of a bucket's name", f.prefix)
	}
	if f.many && (f.concurrency < 1 || f.concurrency > 64) {
		return app.Usagef("--concurrency: %d is not from 1 to 64", f.concurrency)
	}
	if f.timeout < 0 {
		return app.Usagef("--timeout: %s is less than nothing", f.timeout)
	}
	return nil
}

// selection says which buckets the flags select, for people.
func (f *Flags) selection() string {
	var parts []string
	add := func(name string, values []string) {
		if len(values) > 0 {
			slices.Sort(values)
			parts = append(parts, name+" "+strings.Join(values, ", "))
		}
	}
	add("account", f.accounts)
	add("region", f.regions)
	add("bucket", f.buckets)
	if f.prefix != "" {
		parts = append(parts, fmt.Sprintf("prefix %s", f.prefix))
	}
	return strings.Join(parts, "; ")
}
