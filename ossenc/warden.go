package ossenc

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Warden brings buckets to the required rule. It has no state of its own and is
// safe for concurrent use.
type Warden struct {
	Store  Store
	Lister Lister // needed by Run only
	// Policy says what is required of each bucket. A warden without one does nothing.
	Policy Policy
	// Keys looks up KMS keys before they are written; nil leaves that out. See
	// [Warden.ForInvocation].
	Keys Keys
	// Accounts finds the identity for buckets of other accounts; nil uses the
	// invocation's own for all.
	Accounts Accounts
	// Mode is the mode of the settings; a stricter one of a task or of the policy's
	// rule wins.
	Mode Mode
	// Fights finds out who else changes a rule that a task repairs; nil does not ask. It
	// is never asked for a task without a trigger, as those of a sweep are.
	Fights Fights
	// Settle is how long after its creation a bucket is left to the tool that created
	// it, before anything is written; at most [MaxSettle]. Zero waits for none. A
	// [Requirement] may name another time.
	Settle time.Duration
	// Jitter returns how long to wait of at most so long; rand.N if nil.
	Jitter func(time.Duration) time.Duration
}

// ForInvocation returns a copy of the warden that looks up each KMS key, and the list
// of accounts, once. It is for one invocation, so that none decides by what a key was
// in an earlier one.
func (w *Warden) ForInvocation() *Warden {
	one := *w
	if w.Keys != nil {
		one.Keys = CacheKeys(w.Keys)
	}
	if w.Accounts != nil {
		one.Accounts = w.Accounts.ForRun()
	}
	return &one
}

func (w *Warden) jitter(most time.Duration) time.Duration {
	if w.Jitter != nil {
		return w.Jitter(most)
	}
	return rand.N(most)
}

// Ensure reads the bucket's rule, decides, writes only on difference, reads back
// until the written rule is seen, and says how it ended. Failures are verdicts,
// not errors: the caller checks [Verdict.Failed].
func (w *Warden) Ensure(ctx context.Context, t Task) Result {
	if w.Accounts == nil || t.Bucket.Account == IdentityFrom(ctx).AccountID {
		t.Bucket.Account = "" // the function's own
	}
	if t.Begun.IsZero() {
		t.Begun = time.Now()
	}
	res := newResult(t)
	if err := w.check(t); err != nil {
		return res.fail(Rejected, Invalid, err.Error()+", so nothing was read")
	}
	t.facts = func() (AccountFacts, error) { return w.AccountFacts(ctx, t.Bucket.Account) }
	inside, err := w.asAccount(ctx, t.Bucket.Account)
	if err != nil {
		return w.unread(ctx, t, Observation{}, err, res.failed(Unknown, err, "no access to the bucket's account, so nothing was read"))
	}
	return w.ensure(inside, t, res)
}

// ensure reads, decides and writes.
func (w *Warden) ensure(ctx context.Context, t Task, res Result) Result {
	seen, err := w.read(ctx, t)
	res = res.note(seen)
	if err != nil && CodeOf(err) == NotFound && mayAppear(ctx, t) {
		return res.failed(Unknown, notYet(t, err), "nothing was written")
	}
	if err != nil {
		return w.unread(ctx, t, seen, err, res.unreadable(err))
	}
	t.lookedAt = time.Now()
	res.Before, res.After, res.Observed = seen.Rule, seen.Rule, true
	t.Bucket.Region, t.Bucket.Public, t.Bucket.Internal = res.Region, seen.Public, seen.Internal
	r, err := w.requirement(ctx, t)
	if code := CodeOf(err); err != nil && (code == Refused || code == ForeignKey) {
		res.PolicyRule = r.Rule
		return res.undecided(err)
	}
	if err != nil {
		return res.failed(Unknown, err, "the policy could not be applied, so nothing was written")
	}
	res.Wanted, res.PolicyRule, res.Mode = r.Desired.Rule, r.Rule, r.Mode
	switch {
	case r.Exempt != nil:
		return res.end(Exempt, r.Exempt.String())
	case r.Blocked != "":
		return res.fail(Blocked, Refused, r.Blocked)
	}
	if err := r.Desired.Check(); err != nil {
		return res.fail(Rejected, Invalid, fmt.Sprintf("the requirement of rule %q %s; nothing was written", r.Rule, err))
	}
	d, err := w.decide(ctx, t.Bucket.Region, seen.Rule, r)
	if err != nil {
		return res.undecided(err)
	}
	res.Target = d.Target
	return w.overwrote(ctx, t, w.act(ctx, t, r, d, res))
}

// check returns why the task makes no sense, or the warden; nil if they do.
func (w *Warden) check(t Task) error {
	if w.Policy == nil {
		return errors.New("there is no policy that says what is required")
	}
	if t.Override == nil {
		return nil
	}
	if err := w.combine(*t.Override, t).Check(); err != nil {
		return fmt.Errorf("the task %w", err)
	}
	return nil
}

// asAccount returns a context that acts in the account.
func (w *Warden) asAccount(ctx context.Context, account string) (context.Context, error) {
	if account == "" {
		return ctx, nil
	}
	if w.Accounts == nil {
		return ctx, &Error{Op: "AssumeRole", Code: Denied, Message: fmt.Sprintf("no role is configured for account %.40q", account)}
	}
	id, err := w.Accounts.Identity(ctx, account)
	if err != nil {
		return ctx, err
	}
	return WithIdentity(ctx, id), nil
}

// act writes the target if it must and may.
func (w *Warden) act(ctx context.Context, t Task, r Requirement, d Decision, res Result) Result {
	switch {
	case !d.Write:
		return res.end(Compliant, d.Reason)
	case !t.Precondition.holds(res.Before, d):
		return res.unexpected(t.Precondition, res.Before, d)
	case !r.Desired.Mode.MayWrite(t.Approved):
		return res.end(WouldFix, d.Reason+notWritten(r.Desired.Mode, d.Target))
	case t.OwnWrite:
		return res.fail(Blocked, Refused, d.Reason+"; this event is our own write, so it is not written again: OSS did not keep it, or another writer changed it")
	case t.Budget != nil && !t.Budget():
		return res.fail(Blocked, Refused, d.Reason+"; the limit on changes is reached, so nothing more is written")
	}
	if pause := w.unsettled(ctx, t, r); pause > 0 {
		return w.settle(ctx, t, pause, d, res)
	}
	return w.writeOrStop(ctx, t, r, d, res)
}
