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
	// Compare is [ossenc.Floor], which never weakens, or [ossenc.Exact]; empty for
	// what the policy says. Ensure only.
	Compare ossenc.Compare
	// PastPolicy lets Rule and Remove go past the policy: a key that it does not name,
	// an exempt bucket, one that it only reports.
	PastPolicy bool
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
	// DryRun is set where a change was not made because of a dry run, or of the mode of
	// the settings.
	DryRun bool `json:"dry_run,omitempty"`
}

// One does what r asks for. A failure is a verdict, see [ossenc.Verdict.Failed].
func (s *Service) One(ctx context.Context, r BucketRequest) BucketAnswer {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	task, warden := r.task(), s.Warden()
	var res Result
	s.run(ctx, log, &event.Header{Type: r.Source, Bucket: r.Bucket}, &res, func() ossenc.Result { return s.ensure(ctx, warden, task) })
	return BucketAnswer{Result: res.Result, Rule: res.After, DryRun: r.Action != Show && !warden.ModeFor(task.Mode).MayWrite(false)}
}

// task translates the request.
func (r BucketRequest) task() ossenc.Task {
	t := ossenc.Task{Bucket: r.Bucket, Mode: requestMode(r.DryRun)}
	switch r.Action {
	case Ensure:
		t.Compare, t.Waive = r.Compare, r.waiver()
		if r.Rule != nil {
			t.Override = &ossenc.Desired{Rule: *r.Rule}
		}
	case Remove:
		t.Override = &ossenc.Desired{Remove: true}
		t.Waive = r.waiver()
	default: // Show
		t.Mode = ossenc.ReportOnly
	}
	return t
}

func (r BucketRequest) waiver() ossenc.Waiver {
	return ossenc.Waiver{Keys: r.PastPolicy, Mode: r.PastPolicy, Exemption: r.PastPolicy}
}

// requestMode is the mode of a request that may ask for a dry run.
func requestMode(dryRun bool) ossenc.Mode {
	if dryRun {
		return ossenc.ReportOnly
	}
	return ossenc.Enforce
}
