package ossenc

import (
	"context"
	"fmt"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// How long a new bucket may stay unknown to OSS. OSS documents no time; the
// invocation's deadline bounds it too.
var appearPauses = []time.Duration{200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}

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
		if !wait.Sleep(ctx, pause) { // not "gone": it may be there in a moment, when nothing checks any more
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

// unread ends a task whose bucket could not be read with res, unless the policy leaves
// the bucket alone by what is known without its answer: nothing is to be done about that
// one, and its owner may have shut us out on purpose.
func (w *Warden) unread(ctx context.Context, t Task, seen Observation, err error, res Result) Result {
	if c := CodeOf(err); c != Denied && c != Unavailable {
		return res
	}
	e := w.Policy.Exemption(ctx, known(t.Bucket, seen), t.facts)
	if e == nil || t.Override != nil && t.Waive.Exemption {
		return res
	}
	res.PolicyRule, res.Code, res.OSSCode = e.Rule, "", ""
	if t.Override != nil {
		return res.undecided(exemptOverride(e))
	}
	return res.end(Exempt, fmt.Sprintf("%s; its rule could not be read: %v", e, err))
}

// known returns the bucket with its region only where the account's list or an answer of
// OSS named that. What an event or a caller says of it is a hint.
func known(b Bucket, seen Observation) Bucket {
	switch {
	case seen.Public != "" || seen.Internal != "":
		b.Region = seen.Region
	case b.Public == "" && b.Internal == "":
		b.Region = ""
	}
	return b
}

func notYet(t Task, err error) error {
	return &Error{Op: "GetBucketEncryption", Bucket: t.Bucket.Name, Code: NotYet, RequestID: answerIn(err).RequestID, Message: "the bucket was created, and OSS does not know it yet", Err: err}
}
