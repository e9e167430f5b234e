package reach

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
)

// trailFlags are what the flags say of ActionTrail.
type trailFlags struct {
	endpoint string
	roles    []string
	rate     float64
}

// Asking adds the flags for verbs that ask ActionTrail.
func (f *Flags) Asking(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.trail.endpoint, "actiontrail-endpoint", "", "where ActionTrail is: URL, or region=URL,region=URL")
	s.StringSliceVar(&f.trail.roles, "role", nil, "the function's RAM role, whose changes are its own; repeatable. "+settings.RoleName+" and the policy's accounts count too")
	s.Float64Var(&f.trail.rate, "rate", 1, "how many calls a second ActionTrail gets; an account has 2, and its console takes part")
	app.FromEnv(s, "actiontrail-endpoint", "role", "rate")
}

// wireTrail connects ActionTrail.
func (r *Reach) wireTrail(f *Flags, cfg settings.Config, internal bool) error {
	e, err := endpoints("actiontrail-endpoint", f.trail.endpoint, cfg.Trail)
	if err != nil {
		return err
	}
	if f.trail.rate < 0 || f.trail.rate > 100 {
		return app.Usagef("--rate: %g is not from 0 to 100", f.trail.rate)
	}
	e.Own, e.Internal = r.Region, internal
	r.trail = actiontrail.New(e, r.traffic, r.credentials)
	r.roles = append(r.roles, f.trail.roles...)
	if cfg.OwnRole != "" {
		r.roles = append(r.roles, cfg.OwnRole)
	}
	for _, a := range r.Policy.Accounts {
		r.roles = append(r.roles, a.RoleARN[strings.LastIndex(a.RoleARN, "/")+1:])
	}
	if f.trail.rate > 0 {
		r.every = time.Duration(float64(time.Second) / f.trail.rate)
	}
	return nil
}

// Roles are the RAM roles whose changes are the function's own.
func (r *Reach) Roles() []string { return r.roles }

// tries is how often a call is made that ActionTrail turns away because there are too
// many.
const tries = 6

// Lookup asks ActionTrail for all pages of a query, as slowly as the flags say. Calls
// that were too many are made again, later each time.
func (r *Reach) Lookup(ctx context.Context, q actiontrail.Query, each func(actiontrail.Event)) error {
	for {
		page, err := r.page(ctx, q)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			each(e)
		}
		if q.Next = page.Next; q.Next == "" {
			return nil
		}
	}
}

func (r *Reach) page(ctx context.Context, q actiontrail.Query) (actiontrail.Events, error) {
	for try := 1; ; try++ {
		if err := r.turn(ctx, time.Duration(try-1)*time.Second); err != nil {
			return actiontrail.Events{}, err
		}
		page, err := r.trail.Lookup(ctx, q)
		if err == nil || ossenc.CodeOf(err) != ossenc.Throttled && ossenc.CodeOf(err) != ossenc.Unavailable || try == tries {
			return page, err
		}
	}
}

// turn waits for the next call's turn, and some more.
func (r *Reach) turn(ctx context.Context, more time.Duration) error {
	wait := time.Until(r.next.Add(more))
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
	r.next = time.Now().Add(r.every)
	return nil
}

// Change returns what an event of ActionTrail changed; false if it changed nothing, as a
// call that was refused.
func (r *Reach) Change(e actiontrail.Event, owner string) (history.Change, bool) {
	return ChangeOf(e, owner, r.roles...)
}

// ChangeOf is [Reach.Change] with the roles that are the function's.
func ChangeOf(e actiontrail.Event, owner string, roles ...string) (history.Change, bool) {
	c := e.Change(owner, roles...)
	return c, c.Kind != "" && (c.Kind != history.Attempted || mayHaveWorked(e.ErrorCode))
}

// Concerns reports whether an event is of a call that changed a bucket's rule, or may have,
// whatever else its record shows.
func Concerns(e actiontrail.Event) bool {
	return slices.Contains(Calls(), e.Name) && (e.ErrorCode == "" || mayHaveWorked(e.ErrorCode))
}

// Calls are the operations that change a bucket's rule.
func Calls() []string {
	return []string{"PutBucket", "PutBucketEncryption", "DeleteBucketEncryption", "DeleteBucket"}
}

// mayHaveWorked reports whether a call that failed may have been carried out: the
// service failed, and did not refuse.
func mayHaveWorked(code string) bool {
	return slices.ContainsFunc([]string{"Internal", "ServiceUnavailable", "Timeout", "Unknown"}, func(part string) bool { return strings.Contains(code, part) })
}

// Own returns the ID of the credentials' account; where OSS does not say it, "".
func (r *Reach) Own(ctx context.Context) string {
	if r.Account != "" {
		return r.Account
	}
	id, _ := r.client.Owner(r.Context(ctx)) // the reports do without it
	return id
}

// Accounts returns the selected accounts; the credentials' own is "".
func (r *Reach) Accounts() []string { return r.accountIDs() }

// Inside returns a context that acts in an account.
func (r *Reach) Inside(ctx context.Context, account string) (context.Context, error) {
	return r.inside(r.Context(ctx), account)
}

// Buckets returns the selected buckets of an account, and why the list ends where it
// does.
func (r *Reach) Buckets(account string) ([]ossenc.Bucket, error) {
	l := r.snapshot.accounts[account]
	return l.buckets, l.err
}

// Stat returns how many objects a bucket has, as OSS counted them some time ago.
func (r *Reach) Stat(ctx context.Context, b ossenc.Bucket) (alicloud.Stat, error) {
	return r.client.Stat(ctx, b)
}
