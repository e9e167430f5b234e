package ossenc

import (
	"context"
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

// An account that cannot be counted is told, and those behind it are counted all the same.
func TestCount_CountsWhatCanBeCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := &slowOrganisation{ids: []string{"1", "2", "3"}, failed: "1"}
		n, err := (&Warden{Lister: slowLister{o}, Accounts: o}).Count(t.Context(), SweepOptions{})
		if n["cn-hangzhou"] != 3 || len(n) != 1 || CodeOf(err) != Denied {
			t.Errorf("%v, %v; want 3, denied", n, err)
		}
	})
}
