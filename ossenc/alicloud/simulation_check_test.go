package alicloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler"
	"bucketwarden/internal/reliability"
	"bucketwarden/ossenc"
)

// tally counts what happened, so that a simulation in which nothing happens is
// no proof.
type tally struct {
	Invocations, Failed, Fixed, Blocked, Foreign, KeyRefused, Unknown, Gone, Written, Swept int
}

func (c *tally) add(o tally) {
	c.Invocations += o.Invocations
	c.Failed += o.Failed
	c.Fixed += o.Fixed
	c.Blocked += o.Blocked
	c.Foreign += o.Foreign
	c.KeyRefused += o.KeyRefused
	c.Unknown += o.Unknown
	c.Gone += o.Gone
	c.Written += o.Written
	c.Swept += o.Swept
}

func (c *tally) checkCoverage(t *testing.T) {
	if *runsFlag >= 500 && (c.Fixed < 500 || c.Blocked < 50 || c.Foreign < 50 || c.KeyRefused < 20 || c.Unknown < 100 || c.Gone < 50 || c.Swept < 500) {
		t.Errorf("too little happened: %+v", *c)
	}
}

func (c *tally) count(r ossenc.Result) {
	switch {
	case r.Code == ossenc.ForeignKey:
		c.Foreign++
	case r.Code == ossenc.Refused && strings.Contains(r.Reason, "is not usable"):
		c.KeyRefused++
	}
	switch r.Verdict {
	case ossenc.Fixed:
		c.Fixed++
	case ossenc.Blocked:
		c.Blocked++
	case ossenc.Unknown:
		c.Unknown++
	case ossenc.Gone:
		c.Gone++
	}
}

// outcome reads what an invocation answered, failed or not.
func outcome(body json.RawMessage, err error) ([]ossenc.Result, error) {
	if f, ok := errors.AsType[*handler.Failure](err); ok {
		body = json.RawMessage(f.Answer)
	}
	var answer struct{ Results []ossenc.Result }
	return answer.Results, json.Unmarshal(body, &answer)
}

// Each invocation ends in time, in one result for each element, fails if and
// only if one of them failed, and claims nothing that was not so.
func (w *world) checkInvocation(ctx context.Context, key string, mark int, d delivery, body json.RawMessage, err error) {
	if deadline, _ := ctx.Deadline(); time.Now().After(deadline) {
		w.t.Errorf("%s took longer than it has", key)
	}
	results, jerr := outcome(body, err)
	if jerr != nil || len(results) != d.elements {
		w.t.Errorf("%s: %d results of %d elements (%v)", key, len(results), d.elements, jerr)
	}
	failed := slices.ContainsFunc(results, func(r ossenc.Result) bool { return r.Verdict.Failed() })
	if failed != (err != nil) {
		w.t.Errorf("%s: the invocation failed: %t, an element: %t", key, err != nil, failed)
	}
	for _, r := range results {
		w.checkResult(key, mark, d, r)
	}
	if d.own && len(w.ledger.Written(key)) > 0 {
		w.t.Errorf("%s: its own write made it write again", key)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Invocations++
	if failed {
		w.tally.Failed++
	}
}

func (w *world) checkResult(key string, mark int, d delivery, r ossenc.Result) {
	w.mu.Lock()
	w.tally.count(r)
	w.mu.Unlock()
	if r.Verdict.Failed() != (r.Code != "") {
		w.t.Errorf("%s: %s with code %q", key, r.Verdict, r.Code)
	}
	switch r.Verdict {
	case ossenc.Fixed, ossenc.Compliant:
		if kmsKey := r.After.KMSKeyID; w.named != nil && kmsKey != "" && !slices.Contains(w.named, kmsKey) {
			w.t.Errorf("%s: %s with %s, a key that the policy does not name", key, r.Verdict, r.After)
		}
		if ossenc.Decide(r.After, w.want.Rule, w.want.Compare).Write {
			w.t.Errorf("%s: %s with %s, and %s is wanted", key, r.Verdict, r.After, w.want.Rule)
		}
		fallthrough
	case ossenc.WouldFix: // of a look that OSS answers from the past only Fixed knows better
		misled := r.Verdict != ossenc.Fixed && w.ledger.Misled(key, r.Bucket)
		if !misled && !w.ledger.Held(r.Bucket, r.After, mark) {
			w.t.Errorf("%s: %s: %s was never in force for %s", key, r.Verdict, r.After, r.Bucket)
		}
	}
	const most = 40 // calls for one element: 5 looks at a late bucket, 4 writes, 7 looks back, with some of them tried again
	if n := w.ledger.Calls(key, r.Bucket); n > most*d.elements {
		w.t.Errorf("%s: %d calls for %s", key, n, r.Bucket)
	}
}

// check is what must hold of everything that happened.
func (w *world) check() {
	if w.want.Compare == ossenc.Floor {
		for _, s := range w.ledger.Weakened() {
			w.t.Error(s)
		}
	}
	for _, s := range w.ledger.Unlooked() {
		w.t.Error(s)
	}
	w.checkKeys()
	for i := range w.keys {
		n := len(w.ledger.Written(keyAt(i)))
		w.tally.Written += n
		if w.want.Mode == ossenc.ReportOnly && n > 0 {
			w.t.Errorf("%s wrote in report mode", keyAt(i))
		}
	}
}

// checkConverged: when the platform has delivered every event, each of which is
// a hint at a change, every bucket is as wanted, without any sweep.
func (w *world) checkConverged() { w.checkBuckets("after the last event", w.unheard) }

// checkSwept: after a sweep without trouble every bucket is as wanted, whatever
// happened before.
func (w *world) checkSwept() { w.checkBuckets("after the sweep", nil) }

func (w *world) checkBuckets(when string, but map[string]bool) {
	for _, b := range w.oss.Buckets() {
		rule := reliability.RuleOf(b.Rule)
		if !but[b.Name] && !w.isBlocked(rule) && w.want.Mode != ossenc.ReportOnly && ossenc.Decide(rule, w.want.Rule, w.want.Compare).Write {
			w.t.Errorf("%s %s has %s, and %s is wanted", when, b.Name, rule, w.want.Rule)
		}
	}
}

// anySweep is one of somebody's choosing; with lock held.
func (w *world) anySweep() ossenc.SweepOptions {
	return ossenc.SweepOptions{MaxChanges: anyOf(w.rand, nil, new(0), new(1), new(2)), After: anyOf(w.rand, ossenc.Cursor(""), "", "bucket-0")}
}

// A sweep goes over each bucket once, in order, and changes no more of them than
// it may.
func (w *world) sweep(s ossenc.SweepOptions) {
	w.mu.Lock()
	ctx, cancel, key := w.invocation()
	w.mu.Unlock()
	defer cancel()
	mark := w.ledger.Mark()
	last := s.After
	swept, err := w.warden.Sweep(ctx, s, func(r ossenc.Result) bool {
		if ossenc.Cursor(r.Bucket) <= last {
			w.t.Errorf("%s: %s after %s", key, r.Bucket, last)
		}
		last = ossenc.Cursor(r.Bucket)
		w.checkResult(key, mark, delivery{elements: 10}, r)
		return true
	})
	if deadline, _ := ctx.Deadline(); time.Now().After(deadline) {
		w.t.Errorf("%s: the sweep took longer than it has", key)
	}
	if err == nil && swept.Complete && last != swept.Last {
		w.t.Errorf("%s: ended at %s, and says %s", key, last, swept.Last)
	}
	if n := len(w.ledger.Written(key)); s.MaxChanges != nil && n > *s.MaxChanges || n > swept.Changes {
		w.t.Errorf("%s: %d buckets written, %d changes said, more than allowed", key, n, swept.Changes)
	}
	if w.calm && (err != nil || !swept.Complete) {
		w.t.Errorf("%s: no trouble, and the sweep ended with %+v, %v", key, swept, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tally.Swept++
}
