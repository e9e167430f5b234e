package ossenc

import (
	"context"
	"testing"
	"testing/synctest"
)

// The two things that docs/operations.md says OSS cannot prevent, as they are said
// there: what remains, what the verdicts are, and that only a policy that requires the
// stronger rule restores it. If OSS gets a conditional write one day, this is the test
// to change first.
func TestEnsure_WhatOSSCannotPrevent(t *testing.T) {
	aes256, theirs := Rule{Algorithm: AES256}, Rule{Algorithm: KMS, KMSKeyID: "key-1"}
	task := Task{Bucket: Bucket{Name: "b-1"}}
	warden := func(store Store, required Rule) *Warden {
		return &Warden{Store: store, Policy: ruled(Requirement{Desired: Desired{Rule: required}})}
	}
	isLost := func(t *testing.T, store Store, rule *Rule) {
		t.Helper()
		if *rule != aes256 {
			t.Fatalf("the rule is %s, want ours over theirs", rule)
		}
		// The other writer's event, our own event, and a sweep.
		for range 3 {
			if res := warden(store, aes256).Ensure(t.Context(), task); res.Verdict != Compliant || *rule != aes256 {
				t.Fatalf("%s %q, now %s; want that it is not noticed", res.Verdict, res.Reason, rule)
			}
		}
		if res := warden(store, theirs).Ensure(t.Context(), task); res.Verdict != Fixed || *rule != theirs {
			t.Errorf("%s %q, now %s; want a policy that requires the rule to restore it", res.Verdict, res.Reason, rule)
		}
	}
	t.Run("BetweenReadAndWrite", func(t *testing.T) {
		r := &rival{theirs: theirs, moment: 2}
		if res := warden(r, aes256).Ensure(t.Context(), task); res.Verdict != Fixed || !res.Before.IsNone() {
			t.Fatalf("%s before %s: %s", res.Verdict, res.Before, res.Reason)
		}
		isLost(t, r, &r.rule)
	})
	t.Run("CarriedOutLate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &lateStore{}
			if res := warden(s, aes256).Ensure(t.Context(), task); res.Verdict != Fixed || s.late == nil {
				t.Fatalf("%s: %s", res.Verdict, res.Reason)
			}
			s.rule = theirs // set after our answer, and then
			s.rule = *s.late
			isLost(t, s, &s.rule)
		})
	})
}

// lateStore gives up on its first write, which OSS keeps and carries out when it likes.
type lateStore struct {
	rule Rule
	late *Rule
}

func (s *lateStore) Get(context.Context, Bucket) (Observation, error) {
	return Observation{Rule: s.rule, Region: "cn-hangzhou"}, nil
}

func (s *lateStore) Put(_ context.Context, _ Bucket, rule Rule) (Observation, error) {
	if s.late == nil {
		s.late = &rule
		return Observation{}, failing(Unavailable)
	}
	s.rule = rule
	return Observation{}, nil
}

func (s *lateStore) Delete(ctx context.Context, b Bucket) (Observation, error) {
	return s.Put(ctx, b, Rule{})
}
