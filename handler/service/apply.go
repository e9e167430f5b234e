package service

import (
	"context"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
)

// ChangeOptions says how to apply or undo changes.
type ChangeOptions struct {
	// DryRun shows what would be written and writes nothing.
	DryRun bool
	// PastPolicy allows more changes than max_changes of the policy, and to undo where
	// the policy's rule only reports. An exempt bucket is left alone all the same.
	PastPolicy bool
}

// Apply makes the changes of a plan: each only if the current rule is the one that
// the plan saw, and the policy still asks for what the plan says. approved is the
// digest that was approved; empty for any. The error says why the plan is
// invalid, or is an [ossenc.Error] if there are too many changes; then nothing was
// done.
func (s *Service) Apply(ctx context.Context, p *Plan, approved string, o ChangeOptions) (Results, error) {
	if err := p.Check(approved); err != nil {
		return Results{}, err
	}
	if err := s.checkLimit(ctx, len(p.Rows), o); err != nil {
		return Results{}, err
	}
	return s.change(ctx, "apply", p.Rows, func(r *PlanRow) ossenc.Task {
		return ossenc.Task{Mode: requestMode(o.DryRun), Precondition: ossenc.Precondition{Before: &r.Before, Target: &r.Target}}
	}), nil
}

// Restore undoes those results that are fixed: each only if the current rule is
// the one that the change left. It may weaken, because it undoes a strengthening;
// so it needs a permission of its own, and it may set a key again that the policy does
// not name. It leaves alone what the policy exempts. The error says why the results
// are invalid, or is an [ossenc.Error] if there are too many changes; then nothing was
// done.
func (s *Service) Restore(ctx context.Context, results []ossenc.Result, o ChangeOptions) (Results, error) {
	var rows []PlanRow
	for _, r := range results {
		if r.Verdict == ossenc.Fixed {
			rows = append(rows, PlanRow{r.Account, r.Bucket, r.Region, r.Before, r.After})
		}
	}
	if err := checkRows(rows); err != nil {
		return Results{}, err
	}
	if err := s.checkLimit(ctx, len(rows), o); err != nil {
		return Results{}, err
	}
	return s.change(ctx, "restore", rows, func(r *PlanRow) ossenc.Task {
		before := ossenc.Desired{Rule: r.Before, Compare: ossenc.Exact, Remove: r.Before.IsNone()}
		return ossenc.Task{Override: &before, Waive: ossenc.Waiver{Keys: true, Mode: o.PastPolicy}, Mode: requestMode(o.DryRun), Precondition: ossenc.Precondition{Before: &r.Target}}
	}), nil
}

// change runs the task of each row.
func (s *Service) change(ctx context.Context, source string, rows []PlanRow, task func(*PlanRow) ossenc.Task) Results {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	results := make([]Result, len(rows))
	warden := s.Warden()
	s.inOrderOfBuckets(len(rows), func(i int) string { return rows[i].Bucket }, func(i int) {
		t := task(&rows[i])
		t.Bucket = ossenc.Bucket{Account: rows[i].Account, Name: rows[i].Bucket, Region: rows[i].Region}
		s.run(ctx, log, &event.Header{Type: source, Bucket: t.Bucket}, &results[i], func() ossenc.Result { return warden.Ensure(ctx, t) })
	})
	return Results{results}
}
