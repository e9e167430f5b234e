package ossenc

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A new bucket is left to the tool that created it before the first write, and only then.
func TestEnsure_WaitsForANewBucketToSettle(t *testing.T) {
	const settle = 5 * time.Second
	aes256 := Rule{Algorithm: AES256}
	tests := []struct {
		name     string
		task     Task
		ago      time.Duration // since the creation; negative for a clock ahead of ours
		noTime   bool
		current  Rule
		mode     Mode
		settle   *time.Duration // of the policy's rule
		left     time.Duration  // until the deadline; 0 for none
		waits    time.Duration
		noWrites bool
	}{
		{name: "Created", task: Task{Created: true}, waits: settle},
		{name: "CreatedASecondAgo", task: Task{Created: true}, ago: time.Second, waits: settle - time.Second},
		{name: "CreatedLongAgo", task: Task{Created: true}, ago: time.Minute},
		{name: "CreatedInTheFuture", task: Task{Created: true}, ago: -time.Hour, waits: settle},
		{name: "NoTime", task: Task{Created: true}, noTime: true, waits: settle},
		{name: "NotACreation", noTime: true},
		{name: "NotACreationJustNow"},
		{name: "NothingToWrite", task: Task{Created: true}, current: aes256, noWrites: true},
		{name: "ReportMode", task: Task{Created: true}, mode: ReportOnly, noWrites: true},
		{name: "ApproveMode", task: Task{Created: true}, mode: Approve, noWrites: true},
		{name: "OwnWrite", task: Task{Created: true, OwnWrite: true}, noWrites: true},
		{name: "AnotherRuleIsExpected", task: Task{Created: true, Precondition: Precondition{Before: &Rule{Algorithm: SM4}}}, noWrites: true},
		{name: "ThePolicySaysLonger", task: Task{Created: true}, settle: new(20 * time.Second), waits: 20 * time.Second},
		{name: "ThePolicySaysNot", task: Task{Created: true}, settle: new(time.Duration(0))},
		{name: "NeverLongerThanAMinute", task: Task{Created: true}, settle: new(time.Hour), waits: MaxSettle},
		{name: "AThirdOfTheTimeLeft", task: Task{Created: true}, left: 9 * time.Second, waits: 3 * time.Second},
		{name: "LessThanAThird", task: Task{Created: true}, left: time.Minute, waits: settle},
		{name: "TheBatchHasWaited", task: Task{Created: true, Begun: time.Unix(0, 0)}, noTime: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if tt.left > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, tt.left)
					defer cancel()
				}
				if !tt.noTime {
					tt.task.CreatedAt = time.Now().Add(-tt.ago)
				}
				store := &fakeStore{rule: tt.current}
				w := &Warden{Store: store, Settle: settle, Policy: ruled(Requirement{Desired: Desired{Rule: aes256, Mode: tt.mode}, Settle: tt.settle})}
				start := time.Now()
				res := w.Ensure(ctx, tt.task)
				if waited := time.Since(start); waited != tt.waits || store.puts != 1 != tt.noWrites {
					t.Errorf("waited %v, want %v; %d writes: %s (%s)", waited, tt.waits, store.puts, res.Verdict, res.Reason)
				}
				if !tt.noWrites && res.Verdict != Fixed {
					t.Errorf("%s (%s)", res.Verdict, res.Reason)
				}
			})
		})
	}
}

// What the tool sets meanwhile is read, and decided about as at the first read.
func TestEnsure_DecidesAnewAfterTheWait(t *testing.T) {
	kms := Rule{Algorithm: KMS, KMSKeyID: "key-1"}
	tests := []struct {
		name    string
		set     Rule // what the tool sets
		keys    []string
		after   error // what the second read answers
		verdict Verdict
		code    Code
		puts    int
	}{
		{name: "AStrongerRule", set: kms, verdict: Compliant},
		{name: "TheSameRule", set: Rule{Algorithm: AES256}, verdict: Compliant},
		{name: "AForeignKey", set: kms, keys: []string{"key-2"}, verdict: Blocked, code: ForeignKey},
		{name: "Nothing", verdict: Fixed, puts: 1},
		{name: "NotReadable", after: failing(Denied), verdict: Unknown, code: Denied},
		{name: "NoLongerThere", after: failing(NotFound), verdict: Unknown, code: NotYet},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &fakeStore{}
				begun := time.Now()
				store.onGet = func(n int) (Observation, error, bool) {
					if n == 2 && time.Since(begun) >= 2*time.Second { // meanwhile the tool was here
						store.rule = tt.set
					}
					return Observation{}, tt.after, n > 1 && tt.after != nil
				}
				w := &Warden{Store: store, Settle: 5 * time.Second, Policy: ruled(Requirement{Desired: Desired{Rule: Rule{Algorithm: AES256}}, Keys: tt.keys})}
				res := w.Ensure(t.Context(), Task{Created: true})
				if res.Verdict != tt.verdict || res.Code != tt.code || store.puts != tt.puts {
					t.Errorf("%s %q, %d writes (%s)", res.Verdict, res.Code, store.puts, res.Reason)
				}
				if tt.after == nil && res.Before != tt.set {
					t.Errorf("before: %s, want %s", res.Before, tt.set)
				}
			})
		})
	}
}

// The time to settle is decided anew as well: the tool may have set tags by which the
// policy now names a longer one, which counts from the creation too.
func TestEnsure_TheTimeToSettleIsDecidedAnew(t *testing.T) {
	for _, tt := range []struct {
		then  time.Duration
		waits time.Duration
	}{
		{then: 5 * time.Second, waits: 5 * time.Second},
		{then: 0, waits: 5 * time.Second},
		{then: 20 * time.Second, waits: 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			w := &Warden{Store: &fakeStore{}, Settle: 5 * time.Second, Policy: policyFunc(func(Bucket) (Requirement, error) {
				r := Requirement{Desired: Desired{Rule: Rule{Algorithm: AES256}}}
				if asked++; asked > 1 {
					r.Settle = &tt.then
				}
				return r, nil
			})}
			begun := time.Now()
			res := w.Ensure(t.Context(), Task{Created: true, CreatedAt: begun})
			if waited := time.Since(begun); waited != tt.waits || res.Verdict != Fixed {
				t.Errorf("then %v: waited %v, %s (%s)", tt.then, waited, res.Verdict, res.Reason)
			}
		})
	}
}

func TestEnsure_AnEndWhileItWaitsWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		store := &fakeStore{}
		w := &Warden{Store: store, Settle: 5 * time.Second, Policy: ruled(Requirement{Desired: Desired{Rule: Rule{Algorithm: AES256}}})}
		res := w.Ensure(ctx, Task{Created: true})
		if res.Verdict != Blocked || res.Code != Deadline || store.puts != 0 || !strings.Contains(res.Reason, "settle") {
			t.Errorf("%s %q, %d writes (%s)", res.Verdict, res.Code, store.puts, res.Reason)
		}
	})
}

func TestParseSettle(t *testing.T) {
	for text, want := range map[string]time.Duration{"0s": 0, "0": 0, "5s": 5 * time.Second, "500ms": 500 * time.Millisecond, "60s": MaxSettle, "1m": MaxSettle} {
		if got, err := ParseSettle(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "-1s", "61s", "1h", "never", "5 s", strings.Repeat("9", 100) + "s"} {
		if got, err := ParseSettle(text); err == nil || got != 0 || len(err.Error()) > 120 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
