package estate

import (
	"fmt"
	"strings"
	"testing"

	localfc "bucketwarden/internal/local/fc"
)

func TestContinuation(t *testing.T) {
	parallel(t)
	e := newEstate(t, nil)
	e.start(`{"action":"sweep","continue":true,"run_id":"nightly"}`)
	tasks := e.wait()
	if len(tasks) < 10 {
		t.Errorf("only %d hops: the estate is too small for this test", len(tasks))
	}
	e.check(tasks, 1, 0)
}

func TestFanOut(t *testing.T) {
	parallel(t)
	e := newEstate(t, nil)
	answer := e.start(`{"action":"sweep","fan_out":"account","run_id":"fan"}`)
	if !strings.Contains(answer, fmt.Sprintf(`"parts":%d`, *accounts)) {
		t.Errorf("%s", answer)
	}
	e.check(e.wait(), *accounts, 0)
}

// TestBound: a function whose sweep always runs out of time stops at its bound, loudly:
// one dead letter, with the cursor.
func TestBound(t *testing.T) {
	small(t)
	var letter string
	e := newEstate(t, func(c *localfc.Config) {
		c.OnFailure = func(destination []byte) { letter = string(destination) } // read when all has ended
	}, "WARDEN_SWEEP_MAX_HOPS=3")
	e.start(`{"action":"sweep","continue":true,"run_id":"loop"}`)
	tasks := e.wait()
	if len(tasks) != 4 || tasks[2].State != "Succeeded" || tasks[3].State != "Failed" {
		t.Errorf("%+v", tasks)
	}
	_ = e.Function.Stop(t.Context()) // after it no destination is written to
	for _, want := range []string{"has had its 3 hops and is not complete", `refused`, `next`, `estate-`} {
		if !strings.Contains(letter, want) {
			t.Errorf("the dead letter has no %q:\n%s", want, letter)
		}
	}
}

// TestNoProgress: a hop that never comes to its first bucket ends the run at once: it is
// repeated by the platform, starts nothing, and is one dead letter.
func TestNoProgress(t *testing.T) {
	small(t)
	e := newEstate(t, func(c *localfc.Config) { c.Promised, c.MaxAsyncRetryAttempts = 5400_000_000, 2 })
	e.start(`{"action":"sweep","continue":true,"run_id":"idle"}`)
	tasks := e.wait()
	_ = e.Function.Stop(t.Context())
	if all, _ := e.log.seen(); len(tasks) != 1 || tasks[0].State != "Failed" || e.invocations.Load() != 3 || e.failed.Load() != 1 || all != 0 {
		t.Errorf("%+v, %d invocations, %d dead letters, %d buckets", tasks, e.invocations.Load(), e.failed.Load(), all)
	}
}
