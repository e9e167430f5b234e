package ossenc

import (
	"context"
	"fmt"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// MaxSettle is the longest time that a new bucket is left to the tool that created it.
const MaxSettle = time.Minute

// ParseSettle reads how long a new bucket is left to the tool that created it, such as
// 5s: from 0s to [MaxSettle].
func ParseSettle(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > MaxSettle {
		return 0, fmt.Errorf("%.40q is not a duration from 0s to 60s, such as 5s", s)
	}
	return d, nil
}

// Terraform, the console and others create a bucket first and set its rule in a call of
// its own. A write in between is lost, or it is a rule that the tool does not know and
// reports as a change from then on.

// unsettled returns for how long a new bucket is to be left alone before the first write;
// 0 or less if it is not.
func (w *Warden) unsettled(ctx context.Context, t Task, r Requirement) time.Duration {
	if !t.Created {
		return 0
	}
	return time.Until(w.settledAt(ctx, t, r))
}

// settledAt is when the bucket counts as settled: at most a third of the way from the
// beginning to the deadline, so that there is time to act. An event without a time, or
// with one in the future, counts as one of the beginning.
func (w *Warden) settledAt(ctx context.Context, t Task, r Requirement) time.Time {
	settle := w.Settle
	if r.Settle != nil {
		settle = *r.Settle
	}
	created := t.CreatedAt
	if created.IsZero() || created.After(t.Begun) {
		created = t.Begun
	}
	at := created.Add(min(settle, MaxSettle))
	if deadline, ok := ctx.Deadline(); ok {
		latest := t.Begun.Add(deadline.Sub(t.Begun) / 3)
		if at.After(latest) {
			return latest
		}
	}
	return at
}

// settle waits, and then reads and decides anew, because what was read is old by then.
// The time has come then, so it does not wait again, unless the policy now names a longer
// one for the bucket.
func (w *Warden) settle(ctx context.Context, t Task, pause time.Duration, d Decision, res Result) Result {
	if !wait.Sleep(ctx, pause) {
		err := &Error{Op: "PutBucketEncryption", Bucket: t.Bucket.Name, Code: Deadline, Message: "the invocation ended while the new bucket was left to settle"}
		return res.failed(Blocked, err, d.Reason)
	}
	return w.ensure(ctx, t, newResult(t))
}
