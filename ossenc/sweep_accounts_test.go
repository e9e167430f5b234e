package ossenc

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"
)

// slowOrganisation has accounts whose list of buckets takes two seconds.
type slowOrganisation struct {
	Accounts
	ids    []string
	failed string // whose role cannot be assumed
	lists  []string
}

func (o *slowOrganisation) List(context.Context) (AccountList, error) {
	return AccountList{IDs: o.ids}, nil
}

func (o *slowOrganisation) Change() bool { return false }

func (o *slowOrganisation) Identity(_ context.Context, id string) (Identity, error) {
	if id == o.failed {
		return Identity{}, &Error{Code: Denied, Message: "no role"}
	}
	return Identity{AccountID: id}, nil
}

// slowLister lists one bucket in cn-hangzhou for each account.
type slowLister struct{ *slowOrganisation }

func (l slowLister) List(ctx context.Context, _, after string) iter.Seq2[Bucket, error] {
	return func(yield func(Bucket, error) bool) {
		time.Sleep(2 * time.Second)
		l.lists = append(l.lists, IdentityFrom(ctx).AccountID)
		if name := bucketAt(0); name > after {
			yield(Bucket{Name: name, Region: "cn-hangzhou"}, nil)
		}
	}
}

// Accounts without a bucket that is asked for had their turn all the same: a sweep that
// ends behind them resumes there, and one that failed is not counted once more.
func TestSweep_AccountsWithoutABucketAreProgress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := &slowOrganisation{ids: []string{"1", "2", "3", "4"}, failed: "2"}
		w := &Warden{Lister: slowLister{o}, Accounts: o}
		var next Cursor
		var places []Cursor
		failures := 0
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second) // no bucket is begun after 3 s
			swept, err := w.Sweep(ctx, SweepOptions{Region: "cn-beijing", Mode: ReportOnly, After: next}, func(Result) bool { return true })
			cancel()
			if err != nil {
				failures++
			}
			if !swept.Last.Valid() {
				t.Fatalf("%q is no cursor", swept.Last)
			}
			if !swept.Stopped {
				break
			}
			next = swept.Last
			places = append(places, next)
		}
		if want := []Cursor{"1/", "3/", "4/"}; !slices.Equal(places, want) || failures != 1 {
			t.Errorf("ended at %q, want %q; %d failures", places, want, failures)
		}
		if want := []string{"", "1", "1", "3", "3", "4", "4"}; !slices.Equal(o.lists, want) {
			t.Errorf("lists of %q, want %q", o.lists, want)
		}
	})
}

// An account that cannot be counted does not end the count, and regions that are left
// out are neither counted nor swept.
func TestSweep_CountsAndLeavesOutByRegion(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := &slowOrganisation{ids: []string{"1", "2", "3"}, failed: "2"}
		w := &Warden{Lister: slowLister{o}, Accounts: o}
		counts, err := w.Count(t.Context(), SweepOptions{ExceptRegions: []string{"cn-beijing"}})
		if CodeOf(err) != Denied || len(counts) != 1 || counts["cn-hangzhou"] != 3 {
			t.Errorf("%v, %v", counts, err)
		}
		without := SweepOptions{ExceptRegions: []string{"cn-beijing", "cn-hangzhou"}, Mode: ReportOnly}
		if counts, err = w.Count(t.Context(), without); CodeOf(err) != Denied || len(counts) != 0 {
			t.Errorf("%v, %v", counts, err)
		}
		swept, err := w.Sweep(t.Context(), without, func(r Result) bool {
			t.Errorf("%+v", r)
			return true
		})
		if CodeOf(err) != Denied || swept.Stopped {
			t.Errorf("%+v, %v", swept, err)
		}
	})
}

// A cursor at the beginning of an account is one of a sweep.
func TestCursor_Valid(t *testing.T) {
	for cursor, want := range map[Cursor]bool{
		"": true, "a-bucket": true, "1/a-bucket": true, "1/": true,
		"/": false, "/a-bucket": false, "x/": false, "01/": false, "1//": false, "1/2/": false, "A": false, "1/B": false,
	} {
		if cursor.Valid() != want {
			t.Errorf("%q: want %v", cursor, want)
		}
	}
	if _, err := (&Warden{}).Sweep(t.Context(), SweepOptions{After: "1/"}, nil); !errors.As(err, new(*Error)) {
		t.Errorf("the beginning of an account that is not swept: %v", err)
	}
}
