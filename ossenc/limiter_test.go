package ossenc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func noJitter(time.Duration) time.Duration { return 0 }

func TestLimiter_HoldsBackWhoIsTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2, noJitter)
		l.acquire()
		l.acquire()
		entered := false
		go func() {
			l.acquire()
			entered = true
			l.release()
		}()
		synctest.Wait()
		if entered {
			t.Fatal("a third one is in")
		}
		l.release()
		synctest.Wait()
		if !entered || l.peak != 2 {
			t.Errorf("entered: %t, peak %d", entered, l.peak)
		}
		l.release()
	})
}

// Additive increase, multiplicative decrease: half at a limit, one more for each
// round of successes, and never more than at first or less than one.
func TestLimiter_HalvesAndGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(8, noJitter)
		check := func(want int) {
			t.Helper()
			if l.limit != want {
				t.Fatalf("limit %d, want %d", l.limit, want)
			}
		}
		for range 100 {
			l.succeeded()
		}
		check(8)
		for _, want := range []int{4, 2, 1, 1} {
			if !l.throttled(t.Context()) {
				t.Fatal("no time left, though there is no deadline")
			}
			check(want)
			time.Sleep(time.Millisecond) // past the moment of the pause
		}
		for want := 2; want <= 8; want++ {
			for range want - 1 {
				l.succeeded()
			}
			check(want)
		}
	})
}

// All who hit one limit at the same time halve it once and wait for the same moment;
// the pauses double up to 8 s.
func TestLimiter_OneLimitHalvesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(8, noJitter)
		for _, pause := range []time.Duration{1, 2, 4, 8, 8} {
			begun, before := time.Now(), l.limit
			for range 5 {
				go l.throttled(t.Context())
			}
			l.throttled(t.Context())
			synctest.Wait()
			if took := time.Since(begun); took != pause*time.Second || l.limit != max(1, before/2) {
				t.Fatalf("waited %s, want %d s; limit %d of %d", took, pause, l.limit, before)
			}
			time.Sleep(time.Millisecond)
		}
	})
}

func TestLimiter_DoesNotWaitBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), firstPause/2)
		defer cancel()
		begun := time.Now()
		if newLimiter(8, noJitter).throttled(ctx) || time.Since(begun) != 0 {
			t.Errorf("waited %s", time.Since(begun))
		}
	})
}
