package ossenc

import (
	"errors"
	"fmt"
)

// newResult returns what is known of a task before anything is read.
func newResult(t Task) Result {
	res := Result{Account: t.Bucket.Account, Bucket: t.Bucket.Name, Region: t.Bucket.Region, ChangedBy: t.Trigger}
	if t.Override != nil {
		res.Wanted = t.Override.Rule
	}
	return res
}

// note returns the result with what an answer of OSS says of itself.
func (r Result) note(a Observation) Result {
	if a.Region != "" {
		r.Region = a.Region
	}
	if a.RequestID != "" {
		r.OSSRequestID = a.RequestID
	}
	return r
}

// answerIn returns what an error holds of OSS's answer.
func answerIn(err error) Observation {
	if e, ok := errors.AsType[*Error](err); ok {
		return Observation{RequestID: e.RequestID}
	}
	return Observation{}
}

func (r Result) end(v Verdict, reason string) Result {
	r.Verdict, r.Reason = v, reason
	return r
}

func (r Result) fail(v Verdict, c Code, reason string) Result {
	r.Code = c
	return r.end(v, reason)
}

func (r Result) failed(v Verdict, err error, reason string) Result {
	r = r.note(answerIn(err))
	if e, ok := errors.AsType[*Error](err); ok {
		r.OSSCode, r.Cause = e.OSSCode, e
	}
	return r.fail(v, CodeOf(err), reason+": "+err.Error())
}

// undecided ends a task whose rule was read but about whose keys too little is
// known, or too much.
func (r Result) undecided(err error) Result {
	switch CodeOf(err) {
	case Refused, ForeignKey:
		r.Cause, _ = errors.AsType[*Error](err)
		return r.fail(Blocked, r.Cause.Code, r.Cause.Message+"; nothing was written")
	}
	return r.failed(Blocked, err, "the KMS key could not be checked, so nothing was written")
}

// overtaken ends a task whose write was begun, and whose bucket now has a rule that
// cannot be accepted, or about whose key too little is known.
func (r Result) overtaken(err error, what string) Result {
	switch CodeOf(err) {
	case Refused, ForeignKey:
		e, _ := errors.AsType[*Error](err)
		return r.fail(Blocked, e.Code, what+"; "+e.Message)
	}
	return r.failed(Blocked, err, what+"; its KMS key could not be checked")
}

// unexpected ends a task whose precondition does not hold.
func (r Result) unexpected(p Precondition, seen Rule, d Decision) Result {
	if p.Before != nil && *p.Before != seen {
		return r.fail(Blocked, Refused, fmt.Sprintf("%s is current, not %s as expected; nothing was written", seen, *p.Before))
	}
	return r.fail(Blocked, Refused, fmt.Sprintf("%s; the plan would write %s, which is not what is required now", d.Reason, *p.Target))
}

// unconfirmed ends a task whose write was accepted but not seen.
func (r Result) unconfirmed(written, seen Rule, err error) Result {
	if err != nil {
		return r.failed(Unknown, err, fmt.Sprintf("%s was written, but reading it back failed", written))
	}
	return r.fail(Unknown, Unconfirmed, fmt.Sprintf("%s was written, but OSS still reports %s", written, seen))
}

// unreadable ends a task whose bucket could not be read: gone if OSS knows no
// such bucket, unknown otherwise. What was read before counts no more.
func (r Result) unreadable(err error) Result {
	if CodeOf(err) == NotFound {
		r = r.note(answerIn(err))
		r.Before, r.After, r.Observed = Rule{}, Rule{}, false
		return r.end(Gone, "the bucket does not exist (any more)")
	}
	return r.failed(Unknown, err, "the rule could not be read, so nothing was written")
}
