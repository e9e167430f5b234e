package ossenc

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fakeStore is one bucket in memory whose every call a test can interfere with.
type fakeStore struct {
	rule  Rule
	gets  int
	puts  int
	onGet func(n int) (Observation, error, bool) // true: answer this instead
	onPut func(n int) (error, bool)              // true: and do not carry it out
}

func (f *fakeStore) Get(context.Context, Bucket) (Observation, error) {
	f.gets++
	if f.onGet != nil {
		if a, err, instead := f.onGet(f.gets); instead {
			return a, err
		}
	}
	return Observation{Rule: f.rule, Region: "cn-hangzhou", RequestID: "GET"}, nil
}

func (f *fakeStore) Put(_ context.Context, _ Bucket, r Rule) (Observation, error) {
	f.puts++
	if f.onPut != nil {
		err, instead := f.onPut(f.puts)
		if !instead {
			f.rule = r
		}
		if err != nil {
			return Observation{}, err
		}
		return Observation{RequestID: "PUT"}, nil
	}
	f.rule = r
	return Observation{RequestID: "PUT"}, nil
}

func (f *fakeStore) Delete(context.Context, Bucket) (Observation, error) { panic("not used") }

func failing(c Code) error { return &Error{Op: "Op", Bucket: "b-1", Code: c, Message: "told so"} }

// aes requires AES256, or only reports where it is missing.
func aes(report bool) Desired {
	d := Desired{Rule: Rule{Algorithm: AES256}, Compare: Floor, Mode: Enforce}
	if report {
		d.Mode = ReportOnly
	}
	return d
}

func TestEnsure(t *testing.T) {
	kms := Rule{Algorithm: KMS, KMSKeyID: "key-1"}
	getFails := func(c Code, times int) func(int) (Observation, error, bool) {
		return func(n int) (Observation, error, bool) { return Observation{}, failing(c), n <= times }
	}
	tests := []struct {
		name    string
		store   fakeStore
		task    Task
		verdict Verdict
		code    Code
		after   Rule
		puts    int
		maxGets int
		reason  string
	}{
		{
			name: "Unencrypted/fixed", task: Task{Override: new(aes(false))},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 1, maxGets: 2,
			reason: "no default encryption; AES256 is required",
		},
		{
			name: "Compliant/one read and no write", store: fakeStore{rule: Rule{Algorithm: AES256}}, task: Task{Override: new(aes(false))},
			verdict: Compliant, after: Rule{Algorithm: AES256}, maxGets: 1,
		},
		{
			name: "Stronger/kept", store: fakeStore{rule: kms}, task: Task{Override: new(aes(false))},
			verdict: Compliant, after: kms, maxGets: 1,
		},
		{
			name: "Stronger/weakened in exact mode only", store: fakeStore{rule: kms},
			task:    Task{Override: &Desired{Rule: Rule{Algorithm: AES256}, Compare: Exact}},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 1, maxGets: 2,
		},
		{
			name: "Report mode/nothing written", task: Task{Override: new(aes(true))},
			verdict: WouldFix, maxGets: 1, reason: "AES256 was not written",
		},
		{
			name: "Own write that did not last/not written again", task: Task{Override: new(aes(false)), OwnWrite: true},
			verdict: Blocked, code: Refused, maxGets: 1, reason: "our own write",
		},
		{
			name: "Own write in force/compliant", store: fakeStore{rule: Rule{Algorithm: AES256}}, task: Task{Override: new(aes(false)), OwnWrite: true},
			verdict: Compliant, after: Rule{Algorithm: AES256}, maxGets: 1,
		},
		{
			name: "Unreadable/never written", store: fakeStore{onGet: getFails(Denied, 99)}, task: Task{Override: new(aes(false))},
			verdict: Unknown, code: Denied, maxGets: 1, reason: "could not be read",
		},
		{
			name: "Unrecognized rule/never written", store: fakeStore{onGet: getFails(Unrecognized, 99)}, task: Task{Override: new(aes(false))},
			verdict: Unknown, code: Unrecognized, maxGets: 1,
		},
		{
			name: "Unreadable in exact mode/never written", store: fakeStore{onGet: getFails(Unavailable, 99)},
			task:    Task{Override: &Desired{Rule: Rule{Algorithm: AES256}, Compare: Exact}},
			verdict: Unknown, code: Unavailable, maxGets: 1,
		},
		{
			name: "No such bucket/gone at once", store: fakeStore{onGet: getFails(NotFound, 99)}, task: Task{Override: new(aes(false))},
			verdict: Gone, maxGets: 1,
		},
		{
			name: "Created and late/waited for", store: fakeStore{onGet: getFails(NotFound, 3)}, task: Task{Override: new(aes(false)), Created: true},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 1, maxGets: 5,
		},
		{
			name: "Created and never seen/gone after a bounded wait", store: fakeStore{onGet: getFails(NotFound, 99)}, task: Task{Override: new(aes(false)), Created: true, CreatedAt: time.Unix(0, 0)},
			verdict: Gone, maxGets: 1 + len(appearPauses),
		},
		{
			name: "Created and not yet seen/the platform tries again", store: fakeStore{onGet: getFails(NotFound, 99)}, task: Task{Override: new(aes(false)), Created: true},
			verdict: Unknown, code: NotYet, maxGets: 1 + len(appearPauses), reason: "does not know it yet",
		},
		{
			name: "Write refused/blocked", store: fakeStore{onPut: func(int) (error, bool) { return failing(Refused), true }}, task: Task{Override: new(aes(false))},
			verdict: Blocked, code: Refused, puts: 1, maxGets: 1,
		},
		{
			name: "Write denied/blocked", store: fakeStore{onPut: func(int) (error, bool) { return failing(Denied), true }}, task: Task{Override: new(aes(false))},
			verdict: Blocked, code: Denied, puts: 1, maxGets: 1,
		},
		{
			name: "Bucket vanishes before the write/gone", store: fakeStore{onPut: func(int) (error, bool) { return failing(NotFound), true }}, task: Task{Override: new(aes(false))},
			verdict: Gone, puts: 1, maxGets: 1,
		},
		{
			name: "Write's answer lost but carried out/fixed", store: fakeStore{onPut: func(int) (error, bool) { return failing(Unavailable), false }}, task: Task{Override: new(aes(false))},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 1, maxGets: 2,
		},
		{
			name: "Write lost/blocked", store: fakeStore{onPut: func(int) (error, bool) { return failing(Unavailable), true }}, task: Task{Override: new(aes(false))},
			verdict: Blocked, code: Unavailable, puts: 4, maxGets: 5,
		},
		{
			name: "Write throttled twice/tried again after a look", store: fakeStore{onPut: func(n int) (error, bool) {
				if n > 2 {
					return nil, false
				}
				return failing(Throttled), true
			}}, task: Task{Override: new(aes(false))},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 3, maxGets: 4,
		},
		{
			name: "Write throttled while another writer sets a stronger rule/not overwritten",
			store: fakeStore{
				onPut: func(int) (error, bool) { return failing(Throttled), true },
				onGet: func(n int) (Observation, error, bool) { return Observation{Rule: kms}, nil, n > 1 },
			},
			task: Task{Override: new(aes(false))}, verdict: Fixed, after: kms, puts: 1, maxGets: 2,
		},
		{
			name: "Write lost and unreadable then/unknown",
			store: fakeStore{
				onPut: func(int) (error, bool) { return failing(Unavailable), true },
				onGet: func(n int) (Observation, error, bool) { return Observation{}, failing(Unavailable), n > 1 },
			},
			task: Task{Override: new(aes(false))}, verdict: Unknown, code: Unavailable, puts: 1, maxGets: 2,
		},
		{
			name:  "Read-back lags/waited for",
			store: fakeStore{onGet: func(n int) (Observation, error, bool) { return Observation{}, nil, n <= 4 }}, task: Task{Override: new(aes(false))},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 1, maxGets: 5,
		},
		{
			name:  "Never seen in force/not called fixed",
			store: fakeStore{onGet: func(int) (Observation, error, bool) { return Observation{}, nil, true }}, task: Task{Override: new(aes(false))},
			verdict: Unknown, code: Unconfirmed, puts: 1, maxGets: 2 + len(readBackPauses), reason: "AES256 was written, but OSS still reports none",
		},
		{
			name:  "Read-back denied/not called fixed",
			store: fakeStore{onGet: func(n int) (Observation, error, bool) { return Observation{}, failing(Denied), n > 1 }}, task: Task{Override: new(aes(false))},
			verdict: Unknown, code: Denied, puts: 1, maxGets: 2, reason: "AES256 was written, but reading it back failed",
		},
		{
			name:  "Read-back unavailable for a while/fixed",
			store: fakeStore{onGet: func(n int) (Observation, error, bool) { return Observation{}, failing(Unavailable), n == 2 || n == 3 }}, task: Task{Override: new(aes(false))},
			verdict: Fixed, after: Rule{Algorithm: AES256}, puts: 1, maxGets: 4,
		},
		{
			name:  "Bucket vanishes before the read-back/gone",
			store: fakeStore{onGet: func(n int) (Observation, error, bool) { return Observation{}, failing(NotFound), n > 1 }}, task: Task{Override: new(aes(false))},
			verdict: Gone, puts: 1, maxGets: 2,
		},
		{
			name:  "Second writer made it stronger/fixed",
			store: fakeStore{onGet: func(n int) (Observation, error, bool) { return Observation{Rule: kms}, nil, n > 1 }}, task: Task{Override: new(aes(false))},
			verdict: Fixed, after: kms, puts: 1, maxGets: 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.task.Bucket = Bucket{Name: "b-1", Region: "cn-beijing"}
				store := tt.store
				res := (&Warden{Store: &store, Policy: ruled(Requirement{Desired: aes(false)})}).Ensure(t.Context(), tt.task)
				if res.Verdict != tt.verdict || res.Code != tt.code {
					t.Fatalf("verdict %s, code %q; want %s, %q (%s)", res.Verdict, res.Code, tt.verdict, tt.code, res.Reason)
				}
				if res.After != tt.after {
					t.Errorf("after = %s, want %s", res.After, tt.after)
				}
				if store.puts != tt.puts {
					t.Errorf("%d writes, want %d", store.puts, tt.puts)
				}
				if store.gets != tt.maxGets {
					t.Errorf("%d reads, want %d", store.gets, tt.maxGets)
				}
				if !strings.Contains(res.Reason, tt.reason) || res.Reason == "" {
					t.Errorf("reason = %q, want %q in it", res.Reason, tt.reason)
				}
				if res.Wanted != tt.task.Override.Rule || res.Bucket != "b-1" {
					t.Errorf("result is of %s, wanted %s", res.Bucket, res.Wanted)
				}
			})
		})
	}
}

func TestEnsure_StopsBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		store := fakeStore{onGet: func(int) (Observation, error, bool) { return Observation{}, nil, true }}
		start := time.Now()
		res := (&Warden{Store: &store, Policy: ruled(Requirement{Desired: aes(false)})}).Ensure(ctx, Task{Bucket: Bucket{Name: "b-1"}})
		if took := time.Since(start); took >= time.Second {
			t.Errorf("took %v of 1s", took)
		}
		if res.Verdict != Unknown || res.Code != Unconfirmed {
			t.Errorf("verdict %s, code %s; want unknown, unconfirmed", res.Verdict, res.Code)
		}
	})
}

func TestEnsure_TellsTheRequestOfTheWrite(t *testing.T) {
	res := (&Warden{Store: &fakeStore{}, Policy: ruled(Requirement{Desired: aes(false)})}).Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
	if res.OSSRequestID != "PUT" || res.Region != "cn-hangzhou" {
		t.Errorf("request %s in %s, want PUT in cn-hangzhou", res.OSSRequestID, res.Region)
	}
}

func TestCodeOf_UnaccountedErrorsAreInternal(t *testing.T) {
	if c := CodeOf(errors.New("x")); c != Internal {
		t.Errorf("CodeOf = %s", c)
	}
}

func TestMoreUrgent(t *testing.T) {
	for _, tt := range []struct{ a, b, want Code }{
		{Invalid, Denied, Denied},
		{Denied, Invalid, Denied},
		{"", Invalid, Invalid},
		{Throttled, Throttled, Throttled},
		{Denied, Internal, Internal},
	} {
		if got := MoreUrgent(tt.a, tt.b); got != tt.want {
			t.Errorf("MoreUrgent(%s, %s) = %s, want %s", tt.a, tt.b, got, tt.want)
		}
	}
}
