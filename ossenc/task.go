package ossenc

import (
	"time"
)

// Task is one bucket to look after.
type Task struct {
	Bucket Bucket
	// Created means that the bucket may be too new for OSS to know it everywhere.
	Created bool
	// CreatedAt is when the creation was reported; zero if nothing says it.
	CreatedAt time.Time
	// Begun is when the work on the task, or on the batch that it is of, began; zero is
	// the call of [Warden.Ensure]. The wait for a new bucket to settle ends at most a
	// third of the time from then to the deadline, so a batch waits once.
	Begun time.Time
	// OwnWrite means that our own write caused the task. The bucket is read
	// but never written again: if OSS did not keep what we wrote, then writing at
	// every event of our own writing would never end.
	OwnWrite bool
	// Trigger is the recorded call that made the task; nil where none did, as in a sweep.
	Trigger *Trigger
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
	// Approved means that this very change was approved, by a person who may: the
	// only kind that [Approve] lets be written.
	Approved bool
	// Budget is asked before a write and may refuse it; nil allows all.
	Budget func() bool

	lookedAt time.Time // when the last look had ended
	// facts asks as the function itself, from inside of the bucket's account too.
	facts FactsFunc
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
