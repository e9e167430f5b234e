package ossenc

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// Bucket addresses one bucket.
type Bucket struct {
	Name string
	// Account is the ID of the account that owns it; empty for the function's own.
	Account string
	// Region is a hint, such as cn-hangzhou, until OSS has answered from it;
	// empty for the function's own region.
	Region string
	// Public and Internal are the region's endpoints as the account's list names
	// them, such as oss-cn-hangzhou.aliyuncs.com; empty if the bucket was not
	// found in the list. Some regions do not follow the usual form.
	Public, Internal string
}

// Observation is what OSS said about one bucket.
type Observation struct {
	Rule      Rule
	Region    string // the region that the answer came from
	RequestID string // OSS's request ID
	// Public and Internal are the hosts that answered, where they are not the region's
	// usual ones, as in [Bucket]. A write goes where the rule was read.
	Public, Internal string
}

// Store reads and writes the rule of a bucket. [Client] is the one for OSS. Its
// errors are *[Error]; a bucket without a rule is not an error.
type Store interface {
	Get(ctx context.Context, b Bucket) (Observation, error)
	Put(ctx context.Context, b Bucket, r Rule) (Observation, error)
	Delete(ctx context.Context, b Bucket) (Observation, error)
}

// Task is one bucket to look after.
type Task struct {
	Bucket Bucket
	// Created means that the bucket may be too new for OSS to know it everywhere.
	Created bool
	// CreatedAt is when the creation was reported; zero if nothing says it.
	CreatedAt time.Time
	// OwnWrite means that the task was caused by our own write. It is looked at
	// but never written again: if OSS did not keep what we wrote, then writing at
	// every event of our own writing would never end.
	OwnWrite bool
	// Override is what the task asks for in place of the policy; nil asks the policy.
	// The policy binds it all the same: see Waive.
	Override *Desired
	// Waive is what of the policy the Override may go past.
	Waive Waiver
	// Compare replaces how the requirement is compared; empty keeps it.
	Compare Compare
	// Mode is the mode of this task; a stricter one of the setting or of the policy's
	// rule wins.
	Mode         Mode
	Precondition Precondition
	// Budget is asked before a write and may refuse it; nil allows all.
	Budget func() bool
}

// Precondition is what must hold for anything to be written. It is what makes a plan
// safe to apply later.
type Precondition struct {
	// Before is the rule that must be current; nil for any.
	Before *Rule
	// Target is the only rule that may be written; nil for whatever is decided.
	Target *Rule
}

// holds reports whether the precondition allows to write the target over the rule.
func (p Precondition) holds(present Rule, d Decision) bool {
	return (p.Before == nil || *p.Before == present) && (p.Target == nil || *p.Target == d.Target)
}

// Verdict is the outcome for one bucket or event, in one word.
type Verdict string

// The verdicts. The first six are successes.
const (
	Compliant Verdict = "compliant" // what is in force is good enough; nothing was written
	Fixed     Verdict = "fixed"     // written, and seen in force
	WouldFix  Verdict = "would_fix" // report mode: would be written
	Ignored   Verdict = "ignored"   // an event that asks for nothing
	Exempt    Verdict = "exempt"    // the policy leaves the bucket alone
	Gone      Verdict = "gone"      // the bucket does not exist any more
	Blocked   Verdict = "blocked"   // not as wanted, and it could not be changed
	Unknown   Verdict = "unknown"   // what is in force is not known
	Rejected  Verdict = "invalid"   // the input makes no sense
)

// Failed reports whether the verdict makes the invocation fail.
func (v Verdict) Failed() bool { return v == Blocked || v == Unknown || v == Rejected }

// Result says what became of one task.
type Result struct {
	// Account is empty for the function's own.
	Account string  `json:"account,omitempty"`
	Bucket  string  `json:"bucket"`
	Region  string  `json:"region"`
	Verdict Verdict `json:"verdict"`
	// Code says why a failed verdict failed; empty otherwise.
	Code Code `json:"code,omitempty"`
	// Before is the rule that was read first.
	Before Rule `json:"before"`
	// Wanted is the rule that was asked for, not what Floor makes of it.
	Wanted Rule `json:"wanted"`
	// After is the rule that was read last.
	After        Rule   `json:"after"`
	Reason       string `json:"reason"`
	OSSRequestID string `json:"oss_request_id"`
	// OSSCode is OSS's own code of the failure, such as AccessDenied.
	OSSCode string `json:"oss_code,omitempty"`
	// PolicyRule is the name of the policy's rule that decided; empty where there
	// is only one rule.
	PolicyRule string `json:"policy_rule,omitempty"`
	// Target is the rule that was decided on; none where nothing was.
	Target Rule `json:"-"`
	// Observed is whether Before and After were read. Where it is false, their
	// null says nothing about the bucket.
	Observed bool `json:"-"`
}

// notWritten ends the reason of a rule that report mode did not write.
const notWritten = "; report mode, so %s was not written"

// Finding returns the reason without the remark that report mode wrote nothing: a
// report never writes, in whatever mode the function is.
func (r Result) Finding() string {
	return strings.TrimSuffix(r.Reason, fmt.Sprintf(notWritten, r.Target))
}

// Lister goes through the buckets of the account, in the order of their names.
// [Client] is the one for OSS. It ends after the first error.
type Lister interface {
	List(ctx context.Context, prefix, after string) iter.Seq2[Bucket, error]
}

// Warden brings buckets to the wanted rule. It has no state of its own and is
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
	// Jitter returns how long to wait of at most so long; rand.N if nil.
	Jitter func(time.Duration) time.Duration
}

// ForInvocation returns a copy of the warden that looks up each KMS key once. It is
// for one invocation, so that none decides by what a key was in an earlier one.
func (w *Warden) ForInvocation() *Warden {
	one := *w
	if w.Keys != nil {
		one.Keys = CacheKeys(w.Keys)
	}
	return &one
}

func (w *Warden) jitter(most time.Duration) time.Duration {
	if w.Jitter != nil {
		return w.Jitter(most)
	}
	return rand.N(most)
}

// How long a fresh bucket may stay unknown to OSS, how long at the most a failed
// write is left alone before the next look, and how long a written rule may stay
// unseen. OSS documents none; all are bounded by the invocation's deadline too.
var (
	appearPauses   = []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}
	writePauses    = []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}
	readBackPauses = []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond}
)

// Ensure reads the bucket's rule, decides, writes only on difference, reads back
// until the written rule is seen, and says how it ended. Failures are verdicts,
// not errors: the caller looks at [Verdict.Failed].
func (w *Warden) Ensure(ctx context.Context, t Task) Result {
	if w.Accounts == nil || t.Bucket.Account == IdentityFrom(ctx).AccountID {
		t.Bucket.Account = "" // the function's own
	}
	res := newResult(t)
	if err := w.check(t); err != nil {
		return *res.fail(Rejected, Invalid, err.Error()+", so nothing was read")
	}
	ctx, err := w.asAccount(ctx, t.Bucket.Account)
	if err != nil {
		return *res.failed(Unknown, err, "there is no way into the bucket's account, so nothing was read")
	}
	seen, err := w.read(ctx, t)
	res.note(seen)
	if err != nil && CodeOf(err) == NotFound && mayAppear(ctx, t) {
		return *res.failed(Unknown, notYet(t, err), "nothing was written")
	}
	if err != nil {
		return *res.unreadable(err)
	}
	res.Before, res.After, res.Observed = seen.Rule, seen.Rule, true
	t.Bucket.Region, t.Bucket.Public, t.Bucket.Internal = res.Region, seen.Public, seen.Internal
	r, err := w.requirement(ctx, t)
	if code := CodeOf(err); err != nil && (code == Refused || code == ForeignKey) {
		res.PolicyRule = r.Rule
		return *res.undecided(err)
	}
	if err != nil {
		return *res.failed(Unknown, err, "the policy could not be applied, so nothing was written")
	}
	res.Wanted, res.PolicyRule = r.Desired.Rule, r.Rule
	switch {
	case r.Exempt != nil:
		return *res.end(Exempt, r.Exempt.String())
	case r.Blocked != "":
		return *res.fail(Blocked, Refused, r.Blocked)
	}
	if err := r.Desired.Check(); err != nil {
		return *res.fail(Rejected, Invalid, fmt.Sprintf("the requirement of rule %q %s; nothing was written", r.Rule, err))
	}
	d, err := w.decide(ctx, t.Bucket.Region, seen.Rule, r)
	if err != nil {
		return *res.undecided(err)
	}
	res.Target = d.Target
	return *w.act(ctx, t, r, d, res)
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
func (w *Warden) act(ctx context.Context, t Task, r Requirement, d Decision, res *Result) *Result {
	switch {
	case !d.Write:
		return res.end(Compliant, d.Reason)
	case !t.Precondition.holds(res.Before, d):
		return res.unexpected(t.Precondition, res.Before, d)
	case r.Desired.Mode == ReportOnly:
		return res.end(WouldFix, d.Reason+fmt.Sprintf(notWritten, d.Target))
	case t.OwnWrite:
		return res.fail(Blocked, Refused, d.Reason+"; this event is our own write, so it is not written again: OSS did not keep it, or somebody was faster")
	case t.Budget != nil && !t.Budget():
		return res.fail(Blocked, Refused, d.Reason+"; the greatest number of changes is reached, so nothing more is written")
	}
	return w.write(ctx, t, r, d, res)
}

// read waits briefly for a bucket that was only just created.
func (w *Warden) read(ctx context.Context, t Task) (Observation, error) {
	seen, err := w.Store.Get(ctx, t.Bucket)
	if !t.Created {
		return seen, err
	}
	for _, pause := range appearPauses {
		if err == nil || CodeOf(err) != NotFound {
			break
		}
		if !wait.Sleep(ctx, pause) { // not "gone": it may be there in a moment, when nobody looks any more
			return seen, &Error{Op: "GetBucketEncryption", Bucket: t.Bucket.Name, Code: Deadline, Message: "the bucket was not there yet when the invocation's time ran out", Err: err}
		}
		seen, err = w.Store.Get(ctx, t.Bucket)
	}
	return seen, err
}

// How long after its creation a bucket may be unknown to OSS before it counts as gone,
// and how many repetitions of the invocation may find that.
const (
	appearTime    = 10 * time.Minute
	appearRetries = 3
)

// mayAppear reports whether a bucket that OSS does not know may still appear: the
// platform's next try would find it. An event without a time counts as young.
func mayAppear(ctx context.Context, t Task) bool {
	isYoung := t.CreatedAt.IsZero() || time.Since(t.CreatedAt) < appearTime
	return t.Created && isYoung && RetryCountFrom(ctx) < appearRetries
}

func notYet(t Task, err error) error {
	return &Error{Op: "GetBucketEncryption", Bucket: t.Bucket.Name, Code: NotYet, RequestID: answerIn(err).RequestID, Message: "the bucket was created, and OSS does not know it yet", Err: err}
}

// write writes the target and waits until it is in force. A write that failed may
// have been carried out all the same, and time has passed since the last look, so
// it is never just sent again: every try begins with a look and a decision of
// its own, or another writer's stronger rule would be overwritten.
func (w *Warden) write(ctx context.Context, t Task, r Requirement, d Decision, res *Result) *Result {
	for try := 0; ; try++ {
		written, err := w.put(ctx, t.Bucket, d.Target)
		res.note(written)
		switch {
		case err == nil:
			return w.readBack(ctx, t.Bucket, r, d, res)
		case CodeOf(err) == NotFound:
			return res.unreadable(err)
		case !CodeOf(err).Retryable():
			return res.failed(Blocked, err, d.Reason)
		}
		again := try < len(writePauses) && wait.Sleep(ctx, w.jitter(writePauses[try]))
		seen, lookErr := w.Store.Get(ctx, t.Bucket)
		if lookErr != nil && CodeOf(lookErr) == NotFound {
			return res.unreadable(lookErr)
		}
		if lookErr != nil {
			return res.failed(Unknown, err, "the write failed, and so did looking what came of it")
		}
		res.After = seen.Rule
		next, took, undecided := w.decideAgain(ctx, t.Bucket.Region, seen.Rule, r, d)
		switch {
		case undecided != nil:
			return res.overtaken(undecided, "the write failed, and another writer has set "+seen.Rule.String())
		case took:
			return res.end(Fixed, d.Reason)
		case !next.Write:
			return res.end(Compliant, "another writer has set the rule: "+next.Reason)
		case !again:
			return res.failed(Blocked, err, d.Reason)
		case !t.Precondition.holds(seen.Rule, next):
			return res.unexpected(t.Precondition, seen.Rule, next)
		}
		d, res.Target = next, next.Target
	}
}

// put writes a rule. "No rule" is written by removing what is there.
func (w *Warden) put(ctx context.Context, b Bucket, r Rule) (Observation, error) {
	if r.IsNone() {
		return w.Store.Delete(ctx, b)
	}
	return w.Store.Put(ctx, b, r)
}

// decideAgain decides about the rule that OSS reports after a write was begun, as at
// the first look, keys and all: another writer may have been there. took is whether
// the written rule has taken effect: it is current, or a stronger one is that passes
// the same checks.
func (w *Warden) decideAgain(ctx context.Context, region string, seen Rule, r Requirement, written Decision) (next Decision, took bool, err error) {
	if seen == written.Target {
		return written, true, nil
	}
	if next, err = w.decide(ctx, region, seen, r); err != nil || next.Write {
		return next, false, err
	}
	if seen.Strength() != written.Target.Strength() {
		return next, seen.Strength().AtLeast(written.Target.Strength()), nil
	}
	took, err = w.sameKey(ctx, region, seen.KMSKeyID, written.Target.KMSKeyID)
	return next, took, err
}

// readBack reads until the written rule is current. What another writer has set
// instead counts only once there is no time left to see the written one.
func (w *Warden) readBack(ctx context.Context, b Bucket, r Requirement, d Decision, res *Result) *Result {
	for i := 0; ; i++ {
		seen, err := w.Store.Get(ctx, b)
		var undecided error
		if err == nil {
			var took bool
			res.After = seen.Rule
			if _, took, undecided = w.decideAgain(ctx, b.Region, seen.Rule, r, d); took {
				return res.end(Fixed, d.Reason)
			}
		}
		if err != nil && CodeOf(err) == NotFound {
			return res.unreadable(err)
		}
		if err != nil && !CodeOf(err).Retryable() || i == len(readBackPauses) || !wait.Sleep(ctx, readBackPauses[i]) {
			if undecided != nil {
				return res.overtaken(undecided, fmt.Sprintf("%s was written, and another writer has set %s", d.Target, seen.Rule))
			}
			return res.unconfirmed(d.Target, seen.Rule, err)
		}
	}
}

// newResult returns what is known of a task before anything is read.
func newResult(t Task) *Result {
	res := &Result{Account: t.Bucket.Account, Bucket: t.Bucket.Name, Region: t.Bucket.Region}
	if t.Override != nil {
		res.Wanted = t.Override.Rule
	}
	return res
}

func (r *Result) note(a Observation) {
	if a.Region != "" {
		r.Region = a.Region
	}
	if a.RequestID != "" {
		r.OSSRequestID = a.RequestID
	}
}

// answerIn returns what an error tells of OSS's answer.
func answerIn(err error) Observation {
	if e, ok := errors.AsType[*Error](err); ok {
		return Observation{RequestID: e.RequestID}
	}
	return Observation{}
}

func (r *Result) end(v Verdict, reason string) *Result {
	r.Verdict, r.Reason = v, reason
	return r
}

func (r *Result) fail(v Verdict, c Code, reason string) *Result {
	r.Code = c
	return r.end(v, reason)
}

func (r *Result) failed(v Verdict, err error, reason string) *Result {
	r.note(answerIn(err))
	if e, ok := errors.AsType[*Error](err); ok {
		r.OSSCode = e.OSSCode
	}
	return r.fail(v, CodeOf(err), reason+": "+err.Error())
}

// undecided ends a task whose rule was read but about whose keys too little is
// known, or too much.
func (r *Result) undecided(err error) *Result {
	switch CodeOf(err) {
	case Refused, ForeignKey:
		e, _ := errors.AsType[*Error](err)
		return r.fail(Blocked, e.Code, e.Message+"; nothing was written")
	}
	return r.failed(Blocked, err, "the KMS key could not be looked at, so nothing was written")
}

// overtaken ends a task whose write was begun, and whose bucket now has a rule that
// cannot be accepted, or about whose key too little is known.
func (r *Result) overtaken(err error, what string) *Result {
	switch CodeOf(err) {
	case Refused, ForeignKey:
		e, _ := errors.AsType[*Error](err)
		return r.fail(Blocked, e.Code, what+"; "+e.Message)
	}
	return r.failed(Blocked, err, what+"; its KMS key could not be checked")
}

// unexpected ends a task whose precondition does not hold.
func (r *Result) unexpected(p Precondition, seen Rule, d Decision) *Result {
	if p.Before != nil && *p.Before != seen {
		return r.fail(Blocked, Refused, fmt.Sprintf("%s is in force, not %s as expected; nothing was written", seen, *p.Before))
	}
	return r.fail(Blocked, Refused, fmt.Sprintf("%s; the plan would write %s, which is not what is wanted now", d.Reason, *p.Target))
}

// unconfirmed ends a task whose write was taken but not seen in force.
func (r *Result) unconfirmed(written, seen Rule, err error) *Result {
	if err != nil {
		return r.failed(Unknown, err, fmt.Sprintf("%s was written, but reading it back failed", written))
	}
	return r.fail(Unknown, Unconfirmed, fmt.Sprintf("%s was written, but OSS still reports %s", written, seen))
}

// unreadable ends a task whose bucket could not be read: gone if OSS knows no
// such bucket, unknown otherwise. What was read before counts no more.
func (r *Result) unreadable(err error) *Result {
	if CodeOf(err) == NotFound {
		r.note(answerIn(err))
		r.Before, r.After, r.Observed = Rule{}, Rule{}, false
		return r.end(Gone, "the bucket does not exist (any more)")
	}
	return r.failed(Unknown, err, "the rule could not be read, so nothing was written")
}
