package service

import (
	"context"
	"fmt"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
)

// How old a plan may be where nothing else is set, and how far its time may lie
// ahead: clocks differ.
const (
	DefaultPlanAge = 24 * time.Hour
	planSkew       = 5 * time.Minute
)

// ChangeOptions says how to apply or undo changes.
type ChangeOptions struct {
	// DryRun shows what would be written and writes nothing.
	DryRun bool
	// PastPolicy allows more changes than max_changes of the policy, and to undo where
	// the policy's rule only reports. An exempt bucket is left alone all the same.
	PastPolicy bool
	// MayApprove means that the caller may approve changes, which alone are written in
	// approve mode. A plan is approved by its digest besides.
	MayApprove bool
}

// Apply makes the changes of a plan: each only if the current rule is the one that
// the plan saw, and the policy still asks for what the plan says. approved is the
// digest that was approved; empty for any, which in approve mode approves nothing. The
// error says why the plan is invalid, or is an [ossenc.Error] if it is too old, of
// another policy, not approved, or has too many changes; then nothing was done.
func (s *Service) Apply(ctx context.Context, p *Plan, approved string, o ChangeOptions) (Results, error) {
	if err := p.Check(approved); err != nil {
		return Results{}, err
	}
	if err := s.checkCurrent(ctx, p); err != nil {
		return Results{}, err
	}
	if err := s.checkApproval(o, approved != ""); err != nil {
		return Results{}, err
	}
	if err := s.checkLimit(ctx, len(p.Rows), o); err != nil {
		return Results{}, err
	}
	return s.change(ctx, "apply", p.Rows, func(r *PlanRow) ossenc.Task {
		return ossenc.Task{Mode: requestMode(o.DryRun), Approved: o.MayApprove && approved != "", Precondition: ossenc.Precondition{Before: &r.Before, Target: &r.Target}}
	}), nil
}

// checkCurrent refuses a plan of another time, policy or account than this one: what
// was approved is not what would be done.
func (s *Service) checkCurrent(ctx context.Context, p *Plan) error {
	age, most, own := s.now().Sub(p.Time), s.planAge(), ossenc.IdentityFrom(ctx).AccountID
	switch {
	case age > most:
		return stale("it was made at %s, more than %s ago", p.Time.UTC().Format(time.RFC3339), most)
	case age < -planSkew:
		return stale("it was made at %s, which is in the future", p.Time.UTC().Format(time.RFC3339))
	case p.PolicySHA256 != s.Policy.SHA256():
		return stale("it was made with another policy, or other settings of what is required (SHA-256 %.12s, now %.12s)", p.PolicySHA256, s.Policy.SHA256())
	case p.Account != "" && own != "" && p.Account != own:
		return stale("it is of account %s, and this is account %s", p.Account, own)
	}
	return nil
}

func stale(format string, args ...any) error {
	return &ossenc.Error{Code: ossenc.Refused, Message: "the plan is not valid any more: " + fmt.Sprintf(format, args...) + "; nothing was written; make a new plan"}
}

func (s *Service) planAge() time.Duration {
	if s.PlanAge > 0 {
		return s.PlanAge
	}
	return DefaultPlanAge
}

func (s *Service) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// checkApproval refuses, in approve mode, what was not approved, before anything is
// read. Where only a rule of the policy has that mode, its buckets are left alone one
// by one.
func (s *Service) checkApproval(o ChangeOptions, approved bool) error {
	refused := func(why string) error {
		return &ossenc.Error{Code: ossenc.Refused, Message: "approve mode: " + why + "; nothing was written"}
	}
	switch {
	case o.DryRun || s.Mode() != ossenc.Approve:
		return nil
	case o.PastPolicy:
		return refused("no request goes past the policy, so a plan or an undo with more changes than max_changes is cut first")
	case !o.MayApprove:
		return refused("the caller may not approve changes")
	case !approved:
		return refused("a plan is applied with the digest that was approved, and none is given")
	}
	return nil
}

// Mode returns the mode that holds for every request, as far as the settings say.
func (s *Service) Mode() ossenc.Mode { return s.Warden().ModeFor("") }

// Restore undoes those results that are fixed: each only if the current rule is
// the one that the change left. It may weaken, because it undoes a strengthening;
// so it needs a permission of its own, and it may set a key again that the policy does
// not name. It leaves alone what the policy exempts. In approve mode it needs the right
// to approve besides. The error says why the results are invalid, or is an
// [ossenc.Error] if they are not approved or too many; then nothing was done.
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
	if err := s.checkApproval(o, true); err != nil {
		return Results{}, err
	}
	if err := s.checkLimit(ctx, len(rows), o); err != nil {
		return Results{}, err
	}
	return s.change(ctx, sourceRestore, rows, func(r *PlanRow) ossenc.Task {
		before := ossenc.Desired{Rule: r.Before, Compare: ossenc.Exact, Remove: r.Before.IsNone()}
		return ossenc.Task{Override: &before, Waive: ossenc.Waiver{Keys: true, Mode: o.PastPolicy}, Mode: requestMode(o.DryRun), Approved: o.MayApprove, Precondition: ossenc.Precondition{Before: &r.Target}}
	}), nil
}

// sourceRestore is the event type of an undo in the log and in the answer.
const sourceRestore = "restore"

// change runs the task of each row.
func (s *Service) change(ctx context.Context, source string, rows []PlanRow, task func(*PlanRow) ossenc.Task) Results {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	results := make([]Result, len(rows))
	warden := s.Warden()
	s.inOrderOfBuckets(len(rows), func(i int) string { return rows[i].Bucket }, func(i int) {
		t := task(&rows[i])
		t.Bucket = ossenc.Bucket{Account: rows[i].Account, Name: rows[i].Bucket, Region: rows[i].Region}
		s.run(ctx, log, &event.Header{Type: source, Bucket: t.Bucket}, &results[i], func() ossenc.Result { return s.ensure(ctx, warden, t) })
	})
	return Results{results}
}
