package ossenc

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// fakeAccount is an account of n buckets in memory, every third with a rule.
type fakeAccount struct {
	n        int
	latency  time.Duration
	listErr  error                    // after the last bucket
	slow     map[string]time.Duration // more latency for single buckets
	throttle func() bool

	mu      sync.Mutex
	rules   map[string]Rule
	writes  int
	working atomic.Int32
	most    atomic.Int32
}

func bucketAt(i int) string { return fmt.Sprintf("b-%06d", i) }

func (f *fakeAccount) List(_ context.Context, _, after string) iter.Seq2[Bucket, error] {
	return func(yield func(Bucket, error) bool) {
		for i := range f.n {
			if name := bucketAt(i); name > after && !yield(Bucket{Name: name, Region: []string{"cn-hangzhou", "cn-beijing"}[i%2]}, nil) {
				return
			}
		}
		if f.listErr != nil {
			yield(Bucket{}, f.listErr)
		}
	}
}

func (f *fakeAccount) call(ctx context.Context) error {
	f.most.Store(max(f.most.Load(), f.working.Add(1)))
	defer f.working.Add(-1)
	if f.throttle != nil && f.throttle() {
		return failing(Throttled)
	}
	if f.latency > 0 && !wait.Sleep(ctx, f.latency) {
		return failing(Deadline)
	}
	return nil
}

func (f *fakeAccount) Get(ctx context.Context, b Bucket) (Observation, error) {
	if err := f.call(ctx); err != nil {
		return Observation{}, err
	}
	if !wait.Sleep(ctx, f.slow[b.Name]) {
		<-ctx.Done()
		return Observation{}, failing(Deadline)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return Observation{Rule: f.rules[b.Name], Region: b.Region}, nil
}

func (f *fakeAccount) Put(ctx context.Context, b Bucket, r Rule) (Observation, error) {
	if err := f.call(ctx); err != nil {
		return Observation{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules[b.Name] = r
	f.writes++
	return Observation{}, nil
}

func (f *fakeAccount) Delete(ctx context.Context, b Bucket) (Observation, error) {
	return f.Put(ctx, b, Rule{})
}

func newFakeAccount(n int) *fakeAccount {
	f := &fakeAccount{n: n, rules: map[string]Rule{}}
	for i := 0; i < n; i += 3 {
		f.rules[bucketAt(i)] = Rule{Algorithm: KMS}
	}
	return f
}

// collected runs a sweep and returns each bucket with its verdict.
func collected(ctx context.Context, f *fakeAccount, s SweepOptions) ([]string, SweepSummary, error) {
	var rows []string
	swept, err := (&Warden{Store: f, Lister: f, Policy: ruled(Requirement{Desired: aes(false)})}).Sweep(ctx, s, func(r Result) bool {
		rows = append(rows, r.Bucket+" "+string(r.Verdict))
		return true
	})
	return rows, swept, err
}

func TestSweep_EveryBucketInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(1000)
		rows, swept, err := collected(t.Context(), f, SweepOptions{})
		if err != nil || !swept.Complete || string(swept.Last) != bucketAt(999) || swept.Changes != 666 || f.writes != 666 {
			t.Fatalf("%+v, %v, %d writes", swept, err, f.writes)
		}
		for i, row := range rows {
			want := bucketAt(i) + " fixed"
			if i%3 == 0 {
				want = bucketAt(i) + " compliant"
			}
			if row != want {
				t.Fatalf("row %d = %s, want %s", i, row, want)
			}
		}
		if len(rows) != 1000 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

func TestSweep_LeavesOutOtherRegionsAndPrefixes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		rows, swept, err := collected(t.Context(), newFakeAccount(200), SweepOptions{Region: "cn-beijing", Prefix: "b-0001"})
		if err != nil || !swept.Complete || len(rows) != 50 || rows[0] != "b-000101 fixed" {
			t.Errorf("%d rows, %v, %+v, %v", len(rows), rows[:1], swept, err)
		}
	})
}

func TestSweep_TellsThatTheListBrokeOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(10)
		f.listErr = failing(Denied)
		rows, swept, err := collected(t.Context(), f, SweepOptions{})
		if CodeOf(err) != Denied || swept.Complete || len(rows) != 10 {
			t.Errorf("%d rows, %+v, %v; want 10, incomplete, denied", len(rows), swept, err)
		}
	})
}

// Whatever the deadlines, the pieces together are what one long run gives: no
// bucket is left out, none has its turn twice.
func TestSweep_InPiecesIsTheSameAsInOneRun(t *testing.T) {
	for _, seconds := range []int{4, 5, 7, 60} {
		t.Run(fmt.Sprintf("%ds", seconds), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				whole := newFakeAccount(5000)
				want, _, err := collected(t.Context(), whole, SweepOptions{})
				if err != nil {
					t.Fatal(err)
				}
				f := newFakeAccount(5000)
				f.latency = 20 * time.Millisecond
				var got []string
				after, pieces := Cursor(""), 0
				for {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
					rows, swept, err := collected(ctx, f, SweepOptions{After: after})
					cancel()
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, rows...)
					after = swept.Last
					if pieces++; swept.Complete {
						break
					}
					if pieces > 100 {
						t.Fatal("no end")
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%d rows in %d pieces, %d in one run", len(got), pieces, len(want))
				}
				if seconds < 7 && pieces < 2 {
					t.Errorf("one piece in %d s; the test shows nothing", seconds)
				}
			})
		})
	}
}

func TestSweep_StopsBeforeTheDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(100_000)
		f.latency = 100 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		rows, swept, err := collected(ctx, f, SweepOptions{})
		if err != nil || swept.Complete || string(swept.Last) != rows[len(rows)-1][:8] {
			t.Errorf("%+v, %v", swept, err)
		}
		if took := time.Since(start); took < 6*time.Second || took > 8*time.Second {
			t.Errorf("took %v of 10s, want about 7s", took)
		}
		if slices.ContainsFunc(rows, func(r string) bool { return r[9:] != "fixed" && r[9:] != "compliant" }) {
			t.Error("a bucket ran out of time")
		}
	})
}

func TestSweep_ChangesNoMoreThanItMay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(300)
		f.latency = time.Millisecond
		rows, swept, err := collected(t.Context(), f, SweepOptions{MaxChanges: new(20)})
		blocked := 0
		for _, r := range rows {
			if r[9:] == "blocked" {
				blocked++
			}
		}
		if err != nil || f.writes != 20 || swept.Changes != 20 || blocked != 180 {
			t.Errorf("%d writes, %d blocked, %+v, %v; want 20 and 180", f.writes, blocked, swept, err)
		}
	})
}

func TestSweep_ReportSpendsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(30)
		rows, swept, err := collected(t.Context(), f, SweepOptions{MaxChanges: new(1), Mode: ReportOnly})
		if err != nil || f.writes != 0 || swept.Changes != 0 || rows[1] != "b-000001 would_fix" {
			t.Errorf("%d writes, %+v, %v, %v", f.writes, swept, rows[1], err)
		}
	})
}

func TestSweep_IsAsWideAsItMayBe(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(20_000)
		f.latency = 20 * time.Millisecond
		start := time.Now()
		_, swept, err := collected(t.Context(), f, SweepOptions{})
		if err != nil || swept.Concurrency != defaultConcurrency || int(f.most.Load()) != defaultConcurrency {
			t.Errorf("%+v, %d at a time, %v", swept, f.most.Load(), err)
		}
		// 20,000 reads, 13,333 writes and as many reads back, 64 at a time.
		bound := time.Duration(20_000+2*13_333) * f.latency / defaultConcurrency
		if took := time.Since(start); took > bound*10/9 {
			t.Errorf("took %v, more than the bound %v over 0.9", took, bound)
		}
	})
}

func TestSweep_BacksOffFromAQPSLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(2000)
		f.latency = 10 * time.Millisecond
		const limit = 100 // calls in a second
		var mu sync.Mutex
		var second time.Time
		calls, refused := 0, 0
		f.throttle = func() bool {
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now().Truncate(time.Second); now != second {
				second, calls = now, 0
			}
			calls++
			if calls > limit {
				refused++
				return true
			}
			return false
		}
		rows, swept, err := collected(t.Context(), f, SweepOptions{})
		if err != nil || !swept.Complete {
			t.Fatalf("%+v, %v", swept, err)
		}
		failed := 0
		for _, r := range rows {
			if r[9:] != "fixed" && r[9:] != "compliant" {
				failed++
			}
		}
		if failed > 0 {
			t.Errorf("%d of %d buckets failed under a limit of %d calls a second", failed, len(rows), limit)
		}
		if refused > len(rows) {
			t.Errorf("%d calls refused for %d buckets: no backing off", refused, len(rows))
		}
	})
}

func TestEnsure_PreconditionOnTheRuleBefore(t *testing.T) {
	kms, none := Rule{Algorithm: KMS}, Rule{}
	store := &fakeStore{rule: kms}
	task := Task{Bucket: Bucket{Name: "b-1"}, Override: &Desired{Rule: Rule{Algorithm: AES256}, Compare: Exact}, Precondition: Precondition{Before: &none}}
	res := (&Warden{Store: store, Policy: ruled(Requirement{Desired: aes(false)})}).Ensure(t.Context(), task)
	if res.Verdict != Blocked || store.puts != 0 || res.Reason != "KMS is current, not none as expected; nothing was written" {
		t.Errorf("%+v, %d writes", res, store.puts)
	}
	task.Precondition.Before = &kms
	if res = (&Warden{Store: store, Policy: ruled(Requirement{Desired: aes(false)})}).Ensure(t.Context(), task); res.Verdict != Fixed || store.puts != 1 {
		t.Errorf("%+v, %d writes", res, store.puts)
	}
}

// Without a bubble, so that the race detector can watch 64 workers, refusals and a
// stop in the middle.
func TestSweep_OnTheRealClock(t *testing.T) {
	f := newFakeAccount(3000)
	var calls atomic.Int32
	f.throttle = func() bool { return calls.Add(1)%2000 == 0 }
	rows, swept, err := collected(t.Context(), f, SweepOptions{})
	if err != nil || !swept.Complete || len(rows) != 3000 || f.writes != 2000 {
		t.Errorf("%d rows, %d writes, %+v, %v", len(rows), f.writes, swept, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f = newFakeAccount(3000)
	f.throttle = func() bool {
		if calls.Add(1) > 6000 {
			cancel()
		}
		return false
	}
	calls.Store(5000)
	rows, swept, _ = collected(ctx, f, SweepOptions{})
	if len(rows) == 3000 && swept.Complete {
		t.Errorf("%d rows after the stop, %+v", len(rows), swept)
	}
}
