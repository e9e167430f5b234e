package reach

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/actiontrail"
)

// usualRegion lists the buckets where nothing says which region should: every
// region's endpoint knows all of them.
const usualRegion = "cn-hangzhou"

// Reach is the cloud as one run of the command sees it.
type Reach struct {
	Requirement
	// Warden works on the buckets. Its lister knows the selected buckets only, after
	// [Open] with a selection.
	Warden *ossenc.Warden
	// Account is the ID of the credentials' account; empty where nothing needs it.
	Account string
	// Region is where the buckets are listed, and From what says so.
	Region, From string
	// PlanAge is how old a plan may be when it is applied; 0 for the usual.
	PlanAge time.Duration
	// Now returns the time.
	Now func() time.Time
	// Concurrency is how many buckets are worked on at a time.
	Concurrency int

	client    *alicloud.Client
	trail     *actiontrail.Client
	roles     []string        // whose changes are the function's own
	every     time.Duration   // between two calls of ActionTrail
	next      time.Time       // when the next one may be made
	accounts  ossenc.Accounts // nil where the policy has none
	ownToo    bool
	source    *creds.Source
	traffic   *traffic
	terminal  *term.Terminal
	snapshot  *snapshot
	selection string
	sts       string // host of the STS endpoint; empty for the public one
	internal  bool   // the internal endpoints of the own region are used
	public    bool   // OSS is the public cloud's
	caller    func() Caller
}

// Product returns the product token and session name of this command, which must
// not be the function's: the function leaves its own writes alone.
func Product(version string) string { return "bw-cli/" + version }

// sessionName is [Product] in the letters that STS takes.
func sessionName(version string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", r) {
			return r
		}
		return '-'
	}, "bw-cli-"+version)
}

// Open finds credentials and endpoints and wires the rest. What is wrong with the
// flags, the settings or the credentials is found here, before anything is done.
func (f *Flags) Open(ctx context.Context, a *app.App) (*Reach, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	cfg, err := f.readSettings(a.Env)
	if err != nil {
		return nil, err
	}
	req, err := f.requirement(a.Env, cfg)
	if err != nil {
		return nil, err
	}
	sts, err := f.login.Host(cfg.STS)
	if err != nil {
		return nil, err
	}
	r := &Reach{PlanAge: cfg.PlanAge, Now: a.Now, sts: sts, Requirement: req, Concurrency: max(1, f.concurrency), selection: f.selection(), terminal: a.Terminal()}
	if err := r.authenticate(a, f); err != nil {
		return nil, err
	}
	if err := r.wire(a, f, cfg); err != nil {
		return nil, err
	}
	return r, r.selectAccounts(ctx, f)
}

// Context returns a context that acts as the credentials' account.
func (r *Reach) Context(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Region: r.Region, AccountID: r.Account})
}

// Select reads the list of the selected buckets, and limits the warden to them, and asks
// STS whose key this is. A selection that matches nothing is an error.
func (r *Reach) Select(ctx context.Context, f *Flags) error {
	r.identify(ctx)
	if err := r.take(r.Context(ctx), f); err != nil {
		return err
	}
	r.Warden.Lister = r.snapshot
	return nil
}

// Progress returns the line for some work, or nil; see [term.Terminal.Progress].
func (r *Reach) Progress(what string) *term.Progress {
	if r.terminal == nil {
		return nil
	}
	return r.terminal.Progress(what)
}

// Found returns how many buckets are selected.
func (r *Reach) Found() int { return r.snapshot.found }

// Throttled returns how many calls were turned away because there were too many.
func (r *Reach) Throttled() int { return int(r.traffic.throttled.Load()) }

// Bucket returns the address of one bucket that the user named.
func (r *Reach) Bucket(name string, f *Flags) (ossenc.Bucket, error) {
	if !ossenc.ValidBucketName(name) {
		return ossenc.Bucket{}, app.Usagef("%.80q is not the name of a bucket: 3 to 63 characters a-z, 0-9 and -", name)
	}
	b := ossenc.Bucket{Name: name}
	switch {
	case len(f.regions) > 1 || len(f.accounts) > 1:
		return b, app.Usagef("one bucket has one --region and one --account")
	case len(f.regions) == 1:
		b.Region = f.regions[0]
	}
	if len(f.accounts) == 1 && !r.ownToo {
		b.Account = f.accounts[0]
	}
	return b, nil
}

// First is the first line of a summary: what is required and of which buckets.
func (r *Reach) First() string {
	text := "Required: " + r.Words
	if r.selection != "" {
		text += "; only " + r.selection
	}
	return term.Clean(text + fmt.Sprintf("; listed in %s (%s)", r.Region, r.From))
}

// Timeout returns a context that ends after the time that the flags allow.
func (f *Flags) Timeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, f.timeout, errors.New("the time of --timeout is over"))
}
