package ossenc

import (
	"sync"
	"testing"
	"time"
)

// A limit that goes away, or that lets some calls through, fails no bucket, however
// often one of them is refused.
func TestSweep_ALimitThatGoesAwayFailsNoBucket(t *testing.T) {
	for name, limit := range map[string]func() func() bool{
		"100 a second": func() func() bool { return perSecond(100) },
		"5 a second":   func() func() bool { return perSecond(5) },
		"for 20 s":     func() func() bool { return until(20 * time.Second) },
		"for 90 s":     func() func() bool { return until(90 * time.Second) },
	} {
		for range 5 { // the pauses are random
			bubble(t, func(t *testing.T) {
				f := newFakeAccount(300)
				f.latency = 10 * time.Millisecond
				f.throttle = limit()
				rows, swept, err := collected(t.Context(), f, SweepOptions{})
				if err != nil || !swept.Complete || len(rows) != 300 {
					t.Fatalf("%s: %+v, %v", name, swept, err)
				}
				for _, r := range rows {
					if r[9:] != "fixed" && r[9:] != "compliant" {
						t.Errorf("%s: %s", name, r)
					}
				}
			})
		}
	}
}

// One that does not go away ends the sweep all the same, with every bucket failed.
func TestSweep_ALimitThatStaysEndsTheSweep(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFakeAccount(300)
		f.throttle = func() bool { return true }
		begun := time.Now()
		rows, _, err := collected(t.Context(), f, SweepOptions{})
		if took := time.Since(begun); err != nil || len(rows) != 300 || took < time.Minute || took > 10*time.Minute {
			t.Errorf("%d rows after %s, %v", len(rows), took, err)
		}
		for _, r := range rows {
			if r[9:] != "unknown" {
				t.Errorf("%s", r)
			}
		}
	})
}

// perSecond refuses all calls of a second but the first ones.
func perSecond(limit int) func() bool {
	var mu sync.Mutex
	var second time.Time
	calls := 0
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now().Truncate(time.Second); now != second {
			second, calls = now, 0
		}
		calls++
		return calls > limit
	}
}

// until refuses all calls for a while.
func until(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().Before(end) }
}
