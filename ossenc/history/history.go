// Package history makes time out of changes: what happened to a bucket's rule, how
// long the rule was weaker than required, and who changes it back and forth. It is
// pure, and does no I/O.
//
// # What to call
//
// [Order] sorts the changes of one bucket and drops what came twice. [Spans] cuts a
// period into spans of one state each, [Windows] joins those without protection, and
// [FindFight] counts how often another writer and the function undid each other.
// [FindOverwrite] finds the change that a write of the function overwrote unseen.
//
// # What it promises
//
// A span never claims more protection than there was, whatever of the changes is
// missing, repeated, in disorder, or without the rule: what is not known is one of the
// states [NotKnown] and [RuleNotKnown], never [Protected].
package history

import (
	"cmp"
	"sort"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// Kind is what a call did.
type Kind string

// The kinds of changes.
const (
	Created     Kind = "created"      // PutBucket, which may repeat a creation
	RuleSet     Kind = "rule_set"     // PutBucketEncryption
	RuleRemoved Kind = "rule_removed" // DeleteBucketEncryption
	Deleted     Kind = "deleted"      // DeleteBucket
	// Attempted is any of these that failed by the service's own fault: it may have been
	// carried out.
	Attempted Kind = "attempted"
)

// Change is one recorded call.
type Change struct {
	// ID is the request ID of the call: the copies of one call have the same.
	ID string
	// Time is when the call was made. Records have whole seconds, so it is taken as any
	// moment of that second.
	Time time.Time
	Kind Kind
	// Rule is what the call wrote, and Shown whether the record says so.
	Rule  ossenc.Rule
	Shown bool
	// By is who made it, and Own whether that was the function itself.
	By  ossenc.Actor
	Own bool
	// Look is what a write of the function was decided on, as its record says; zero where it
	// does not.
	Look ossenc.Look
}

// Reading is one read of the rule.
type Reading struct {
	// Began and Ended bound when the rule was read; times of any precision.
	Began, Ended time.Time
	// Rule is what OSS reported: none means that there was no rule.
	Rule ossenc.Rule
	// Gone means that there was no such bucket.
	Gone bool
	// ChangeID is the request ID of the write that this look confirmed; empty for none.
	ChangeID string
}

// Order returns the changes in the order of their time, each once: of two copies that
// one is kept that shows the rule. Changes without an ID are all kept.
func Order(changes []Change) []Change {
	ordered := make([]Change, 0, len(changes))
	at := map[string]int{}
	for _, c := range changes {
		key := strings.ToUpper(c.ID)
		if i, ok := at[key]; ok && key != "" {
			if c.Shown && !ordered[i].Shown {
				ordered[i] = c
			}
			continue
		}
		at[key] = len(ordered)
		ordered = append(ordered, c)
	}
	// Not slices.SortStableFunc, which is compiled anew for each struct.
	sort.SliceStable(ordered, func(i, j int) bool {
		a, b := ordered[i], ordered[j]
		return cmp.Or(second(a.Time).Compare(second(b.Time)), a.rank()-b.rank()) < 0
	})
	return ordered
}

// rank puts what happened in one second into the order that is most likely: the
// function answers others. Nothing is claimed from it.
func (c Change) rank() int {
	switch {
	case c.Kind == Created:
		return 0
	case c.Kind == Deleted:
		return 3
	case c.Own:
		return 2
	}
	return 1
}

// second is the beginning of the second that a record's time stands for.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
