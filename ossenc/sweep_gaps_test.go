package ossenc

import (
	"context"
	"iter"
	"slices"
	"testing"
)

// A list that breaks off is told, and makes the sweep incomplete, whatever was selected.
func TestSweep_TellsThatTheListBrokeOffWhateverWasSelected(t *testing.T) {
	for name, o := range map[string]SweepOptions{
		"Prefix": {Prefix: "b-"}, "Region": {Region: "cn-beijing"}, "Cursor": {After: Cursor(bucketAt(3))},
		"Buckets": {Buckets: map[string]bool{bucketAt(4): true}}, "All": {Prefix: "b-", Region: "cn-hangzhou", After: Cursor(bucketAt(3))},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := newFakeAccount(10)
				f.listErr = failing(Denied)
				if _, swept, err := collected(t.Context(), f, o); CodeOf(err) != Denied || swept.Complete {
					t.Errorf("%+v, %v; want incomplete, denied", swept, err)
				}
				n, err := (&Warden{Store: f, Lister: f, Policy: ruled(Requirement{Desired: aes(false)})}).Count(t.Context(), o)
				if CodeOf(err) != Denied {
					t.Errorf("counted %v, %v; want denied", n, err)
				}
			})
		})
	}
}

// busyAccount refuses the first writes for a limit of calls.
type busyAccount struct {
	*fakeAccount
	refuse int
}

func (b *busyAccount) Put(ctx context.Context, bucket Bucket, r Rule) (Observation, error) {
	if b.refuse > 0 {
		b.refuse--
		return Observation{}, failing(Throttled)
	}
	return b.fakeAccount.Put(ctx, bucket, r)
}

// A bucket that is tried again, because of a limit of calls, is one change all the same.
func TestSweep_ABucketThatIsTriedAgainIsOneChange(t *testing.T) {
	for _, refuse := range []int{0, 1, 5, 9} { // one look has four writes
		bubble(t, func(t *testing.T) {
			f := &busyAccount{newFakeAccount(2), refuse} // the second one has no rule
			w := &Warden{Store: f, Lister: f, Policy: ruled(Requirement{Desired: aes(false)})}
			var last Result
			swept, err := w.Sweep(t.Context(), SweepOptions{MaxChanges: new(1)}, func(r Result) bool { last = r; return true })
			if err != nil || last.Verdict != Fixed || swept.Changes != 1 || f.writes != 1 {
				t.Errorf("%d refused: %s %q, %+v, %d writes, %v", refuse, last.Verdict, last.Reason, swept, f.writes, err)
			}
		})
	}
}

// The parts of a fan-out by region, one for each region that is named and one for all
// others, are together the whole sweep: no bucket is left out, none has its turn twice.
func TestSweep_ThePartsOfTheRegionsAreTheWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		whole, _, err := collected(t.Context(), newFakeAccount(20), SweepOptions{})
		if err != nil {
			t.Fatal(err)
		}
		f := newFakeAccount(20)
		var parts []string
		for _, o := range []SweepOptions{{Region: "cn-beijing"}, {ExceptRegions: []string{"cn-beijing", "cn-shanghai"}}, {Region: "cn-shanghai"}} {
			rows, swept, err := collected(t.Context(), f, o)
			if err != nil || !swept.Complete {
				t.Fatalf("%+v: %+v, %v", o, swept, err)
			}
			parts = append(parts, rows...)
		}
		slices.Sort(parts)
		if !slices.Equal(parts, whole) {
			t.Errorf("the parts have\n%q\nthe whole has\n%q", parts, whole)
		}
	})
}

// The place of a bucket names its account, because other accounts have buckets of their own.
func TestCursorOf(t *testing.T) {
	for _, account := range []string{"", "1234567890123456"} {
		c := CursorOf(Result{Account: account, Bucket: "b-1"})
		if gotAccount, bucket := c.split(); gotAccount != account || bucket != "b-1" || !c.Valid() {
			t.Errorf("the cursor of b-1 in %q is %q: %q in %q", account, c, bucket, gotAccount)
		}
	}
}

// panicking is an account whose store panics over one bucket, or whose list does.
type panicking struct {
	*fakeAccount
	bucket string
	list   bool
}

func (p panicking) Get(ctx context.Context, b Bucket) (Observation, error) {
	if b.Name == p.bucket {
		panic("a bug")
	}
	return p.fakeAccount.Get(ctx, b)
}

func (p panicking) List(ctx context.Context, prefix, after string) iter.Seq2[Bucket, error] {
	if p.list {
		panic("a bug")
	}
	return p.fakeAccount.List(ctx, prefix, after)
}

// A panic over one bucket is that bucket's result, and one in the list is the list's error:
// the other buckets have their turn, and the process stays.
func TestSweep_APanicIsAResult(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := panicking{fakeAccount: newFakeAccount(20), bucket: bucketAt(7)}
		w := &Warden{Store: p, Lister: p, Policy: ruled(Requirement{Desired: aes(false)})}
		var all []Result
		swept, err := w.Sweep(t.Context(), SweepOptions{}, func(r Result) bool { all = append(all, r); return true })
		if err != nil || !swept.Complete || len(all) != 20 {
			t.Fatalf("%+v, %v, %d results", swept, err, len(all))
		}
		for i, r := range all {
			if failed := i == 7; r.Verdict.Failed() != failed || failed && (r.Verdict != Unknown || r.Code != Internal) {
				t.Errorf("%s: %s %q (%s)", r.Bucket, r.Verdict, r.Code, r.Reason)
			}
		}
		p.list = true
		w.Lister = p
		if swept, err := w.Sweep(t.Context(), SweepOptions{}, func(Result) bool { return true }); CodeOf(err) != Internal || swept.Complete {
			t.Errorf("%+v, %v; want incomplete, internal", swept, err)
		}
	})
}
