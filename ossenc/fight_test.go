package ossenc

import (
	"context"
	"testing"
	"time"
)

// scripted answers what a test says, and counts.
type scripted struct {
	fight Fight
	known bool
	asked int
	wrote []OwnWrite
}

func (s *scripted) Recent(context.Context, Bucket) (Contest, bool) { s.asked++; return s, s.known }

func (s *scripted) Wrote(_ Bucket, w OwnWrite) { s.wrote = append(s.wrote, w) }

func (s *scripted) Overwrote(_ context.Context, _ Bucket, t Trigger, _ Rule) *Overwrite {
	return &Overwrite{By: t.Actor, Call: t.Call}
}

func (s *scripted) Fight(_ Trigger, _ Rule, repaired bool) Fight {
	f := s.fight
	if repaired && f.Count > 0 {
		f.Count++
	}
	return f
}

// oneBucket is a store with one bucket, whose rule the writes set.
type oneBucket struct {
	rule   Rule
	writes int
}

func (s *oneBucket) Get(context.Context, Bucket) (Observation, error) {
	return Observation{Rule: s.rule, Region: "cn-hangzhou"}, nil
}

func (s *oneBucket) Put(_ context.Context, _ Bucket, r Rule) (Observation, error) {
	s.rule = r
	s.writes++
	return Observation{Region: "cn-hangzhou"}, nil
}

func (s *oneBucket) Delete(context.Context, Bucket) (Observation, error) {
	s.rule = Rule{}
	s.writes++
	return Observation{}, nil
}

type always Requirement

func (always) Exemption(context.Context, Bucket, FactsFunc) *Exemption { return nil }

func (a always) Evaluate(context.Context, Bucket, FactsFunc) (Requirement, error) {
	return Requirement(a), nil
}

func TestEnsure_Fights(t *testing.T) {
	ci := Actor{Kind: "ram-user", Name: "ci", Tool: ToolTerraform}
	trigger := func(by Actor, call string) *Trigger { return &Trigger{Actor: by, Call: call} }
	six := Fight{By: ci, Count: 6, Since: time.Unix(0, 0)}
	aes := Rule{Algorithm: AES256}
	for _, c := range []struct {
		name    string
		task    Task
		onFight OnFight
		compare Compare
		present Rule
		fights  scripted
		verdict Verdict
		code    Code
		count   int // of Contested; 0 for none
		asked   int
	}{
		{"AFight", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, "", Floor, Rule{}, scripted{fight: six, known: true}, Fixed, "", 7, 1},
		{"NoFight", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, "", Floor, Rule{}, scripted{known: true}, Fixed, "", 0, 1},
		{"NothingKnown", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, StopFighting, Floor, Rule{}, scripted{fight: six}, Fixed, "", 0, 2},
		{"NothingToRepair", Task{Trigger: trigger(ci, "PutBucketEncryption")}, StopFighting, Floor, aes, scripted{fight: six, known: true}, Compliant, "", 0, 0},
		{"ACreation", Task{Trigger: trigger(ci, "PutBucket"), Created: true}, StopFighting, Floor, Rule{}, scripted{fight: six, known: true}, Fixed, "", 0, 0},
		{"ASweep", Task{}, StopFighting, Floor, Rule{}, scripted{fight: six, known: true}, Fixed, "", 0, 0},
		{"OurOwnWrite", Task{Trigger: trigger(ci, "PutBucketEncryption"), OwnWrite: true}, StopFighting, Floor, Rule{}, scripted{fight: six, known: true}, Blocked, Refused, 0, 0},
		{"Stop", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, StopFighting, Floor, Rule{}, scripted{fight: six, known: true}, Blocked, Contested, 6, 1},
		{"StopWithAnotherTool", Task{Trigger: trigger(Actor{Kind: "ram-user", Name: "ci", Tool: ToolConsole}, "DeleteBucketEncryption")}, StopFighting, Floor, Rule{}, scripted{fight: six, known: true}, Blocked, Contested, 6, 1},
		{"AnotherIdentity", Task{Trigger: trigger(Actor{Kind: "ram-user", Name: "bob"}, "DeleteBucketEncryption")}, StopFighting, Floor, Rule{}, scripted{fight: six, known: true}, Fixed, "", 7, 1},
		{"TooFewOfOne", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, StopFighting, Floor, Rule{}, scripted{fight: Fight{By: ci, Count: 2, Others: 1}, known: true}, Fixed, "", 3, 1},
		{"Exact", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, StopFighting, Exact, Rule{}, scripted{fight: six, known: true}, Fixed, "", 7, 1},
		{"Keep", Task{Trigger: trigger(ci, "DeleteBucketEncryption")}, KeepFighting, Floor, Rule{}, scripted{fight: six, known: true}, Fixed, "", 7, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := &oneBucket{rule: c.present}
			w := &Warden{Store: store, Policy: always{Desired: Desired{Rule: aes, Compare: c.compare}, OnFight: c.onFight}, Fights: &c.fights}
			c.task.Bucket = Bucket{Name: "a-bucket", Region: "cn-hangzhou"}
			got := w.Ensure(t.Context(), c.task)
			count := 0
			if got.Contested != nil {
				count = got.Contested.Count
			}
			if got.Verdict != c.verdict || got.Code != c.code || count != c.count || c.fights.asked != c.asked {
				t.Errorf("%s %s, contested %d, asked %d times; want %s %s, %d, %d: %s", got.Verdict, got.Code, count, c.fights.asked, c.verdict, c.code, c.count, c.asked, got.Reason)
			}
			if wrote := store.writes > 0; wrote != (c.verdict == Fixed) {
				t.Errorf("%d writes", store.writes)
			}
		})
	}
}
