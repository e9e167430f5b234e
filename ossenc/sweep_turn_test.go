package ossenc

import (
	"context"
	"slices"
	"testing"
	"time"
)

// With one bucket at a time and 5 s for each, the second one's slot is free only
// after the stop time: 3 s before the deadline at 6 s.
func TestSweep_BeginsNothingAfterTheStopTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(3)
		f.latency = 5 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		rows, swept, err := collected(ctx, f, SweepOptions{Concurrency: 1, Mode: ReportOnly})
		if want := []string{"b-000000 compliant"}; err != nil || !slices.Equal(rows, want) || swept.Complete || swept.Last != "b-000000" {
			t.Errorf("%q, %+v, %v", rows, swept, err)
		}
	})
}

// A bucket that the deadline ended had no turn: the next part of the sweep begins
// with it, whatever became of those behind it.
func TestSweep_ResumesAtWhatTheDeadlineEnded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(5)
		f.slow = map[string]time.Duration{bucketAt(2): time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		rows, swept, err := collected(ctx, f, SweepOptions{Mode: ReportOnly})
		if err != nil || len(rows) != 5 || rows[2] != "b-000002 unknown" || rows[3] != "b-000003 compliant" {
			t.Fatalf("%q, %v", rows, err)
		}
		if swept.Last != "b-000001" || swept.Complete {
			t.Fatalf("%+v", swept)
		}
		f.slow = nil
		rows, swept, err = collected(t.Context(), f, SweepOptions{Mode: ReportOnly, After: swept.Last})
		if err != nil || len(rows) != 3 || rows[0] != "b-000002 would_fix" || !swept.Complete || swept.Last != "b-000004" {
			t.Errorf("%q, %+v, %v", rows, swept, err)
		}
	})
}
