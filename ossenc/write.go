package ossenc

import (
	"context"
	"fmt"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// How long at most a failed write is left alone before the next look, and how long a
// written rule may stay unseen. OSS documents neither; the invocation's deadline bounds
// both too.
var (
	writePauses    = []time.Duration{400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}
	readBackPauses = []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond}
)

// write writes the target and waits until it is current. A write that failed may
// have been carried out all the same, and time has passed since the last look, so
// it is never just sent again: every try begins with a look and a decision of
// its own, or another writer's stronger rule would be overwritten.
func (w *Warden) write(ctx context.Context, t Task, r Requirement, d Decision, res Result) Result {
	for try := 0; ; try++ {
		look, begun := lookOf(t.lookedAt, res.After), time.Now()
		written, err := w.put(WithLook(ctx, look), t.Bucket, d.Target)
		res = res.note(written)
		switch {
		case err == nil:
			w.wrote(t.Bucket, OwnWrite{ID: written.RequestID, Look: look, Rule: &d.Target, From: begun, To: time.Now()})
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
			return res.failed(Unknown, err, "the write failed, and the rule could not be read after it")
		}
		t.lookedAt, res.After = time.Now(), seen.Rule
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
func (w *Warden) readBack(ctx context.Context, b Bucket, r Requirement, d Decision, res Result) Result {
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
