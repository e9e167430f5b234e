package service

import (
	"context"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
)

// Action is what to do with one bucket.
type Action string

// The actions.
const (
	Show   Action = "show"   // read and compare; never writes
	Ensure Action = "ensure" // bring the bucket to a rule
	Remove Action = "remove" // leave the bucket without a rule; this weakens
)

// BucketRequest asks for one bucket.
type BucketRequest struct {
	Bucket ossenc.Bucket
	Action Action
	// Rule is the rule to ensure; nil for the one that the policy or the settings
	// require. Ensure only.
	Rule *ossenc.Rule
	// Compare is [ossenc.Floor], which never weakens, or [ossenc.Exact]. Ensure only.
	Compare ossenc.Compare
	// DryRun reports what would be written and writes nothing.
	DryRun bool
	// Source says who asks, such as "http PUT"; it becomes the event type in the
	// log.
	Source string
}

// BucketAnswer is the answer for one bucket.
type BucketAnswer struct {
	ossenc.Result
	// Rule is the current rule.
	Rule ossenc.Rule `json:"rule"`
	// DryRun is set where a change was not made because of a dry run or the
	// report mode.
	DryRun bool `json:"dry_run,omitempty"`
}

// One does what r asks for. A failure is a verdict, see [ossenc.Verdict.Failed].
func (s *Service) One(ctx context.Context, r BucketRequest) BucketAnswer {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	task := s.task(r)
	var res Result
	s.run(ctx, log, &event.Header{Type: r.Source, Bucket: r.Bucket}, &res, func() ossenc.Result { return s.Enforcer.Ensure(ctx, task) })
	return BucketAnswer{Result: res.Result, Rule: res.After, DryRun: r.Action != Show && task.Desired.Report}
}

// task translates the request.
func (s *Service) task(r BucketRequest) ossenc.Task {
	t := ossenc.Task{Bucket: r.Bucket}
	switch r.Action {
	case Ensure:
		t.Desired.Rule = s.Desired.Rule
		if r.Rule != nil {
			t.Desired.Rule = *r.Rule
		}
		if t.Desired.Rule.IsNone() { // the policy's own rule; with Exact here, "none" would mean to remove it
			t.Exactly = r.Compare == ossenc.Exact
		} else {
			t.Desired.Compare = r.Compare
		}
		t.Desired.Report = r.DryRun || s.Desired.Report
	case Remove:
		t.Desired = ossenc.Desired{Compare: ossenc.Exact, Report: r.DryRun || s.Desired.Report}
	default: // Show
		t.Desired = s.Desired
		t.Desired.Report = true
	}
	return t
}
