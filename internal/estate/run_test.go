package estate

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
)

func TestContinuation(t *testing.T) {
	parallel(t)
	e := newEstate(t, nil)
	e.start(`{"action":"sweep","continue":true,"run_id":"nightly"}`)
	tasks := e.wait()
	if idle := e.check(tasks, 1, 0); len(tasks) < 10 && idle == 0 {
		t.Errorf("only %d hops: the estate is too small for this test", len(tasks))
	}
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

// TestFanOutByRegion: the part of a region runs at the function there, which checks no
// bucket of another one; the buckets of all other regions are a part of this function.
func TestFanOutByRegion(t *testing.T) {
	parallel(t)
	e := newEstate(t, nil)
	var beijing ledger
	both := []string{"WARDEN_SWEEP_REGIONS=cn-hangzhou,cn-beijing", "WARDEN_FC_ENDPOINT=cn-hangzhou=" + e.url + ",cn-beijing=" + e.elsewhereURL()}
	here := e.Function
	e.startFunction(io.MultiWriter(&e.log, &beijing), func(c *localfc.Config) { c.Region = "cn-beijing" }, both...)
	e.Function, e.elsewhere = here, e.Function
	t.Cleanup(func() { _ = e.elsewhere.Stop(context.WithoutCancel(t.Context())) })
	e.restart(nil, both...)
	if answer := e.start(`{"action":"sweep","fan_out":"region","run_id":"fan"}`); !strings.Contains(answer, `"parts":3`) {
		t.Errorf("%s", answer)
	}
	tasks := e.wait()
	e.check(tasks, 3, 0)
	for _, task := range e.elsewhere.Tasks() {
		if !strings.HasPrefix(task.ID, "fan-cn-beijing-h") {
			t.Errorf("%s ran in cn-beijing", task.ID)
		}
	}
	if all, _ := beijing.seen(); all == 0 || len(beijing.places) != 1 || beijing.places["cn-beijing"] != all || e.log.places["cn-beijing"] != all {
		t.Errorf("in cn-beijing: %v of %v", beijing.places, e.log.places)
	}
}

// elsewhereURL is where the function in the other region is invoked.
func (e *estate) elsewhereURL() string {
	e.t.Helper()
	url, err := e.Serve(e.t.Context(), "", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.elsewhere.Handler().ServeHTTP(w, r) }), false)
	if err != nil {
		e.t.Fatal(err)
	}
	return url
}

// TestSameRunID: a run is refused while the one with its ID may be under way, and starts
// when that one has had its time.
func TestSameRunID(t *testing.T) {
	small(t)
	e := newEstate(t, nil)
	const request = `{"action":"sweep","prefix":"estate-00000","continue":true,"run_id":"nightly"}`
	e.start(request)
	e.wait()
	res, err := e.Function.Invoke(t.Context(), []byte(request))
	if err != nil || res.ErrorType() != "refused" || !strings.Contains(res.ErrorMessage(), "may continue until 2") {
		t.Errorf("%s, %v", res.Payload, err)
	}
	// The first hop of a run that ended long ago.
	header := http.Header{"X-Fc-Invocation-Type": {"Async"}, "X-Fc-Async-Task-Id": {"old-h00001"}}
	e.call(http.MethodPost, "invocations", `{"action":"sweep","cursor":"~0","run":{"id":"old","hop":1,"max_hops":9,"ends":"2020-01-01T00:00:00Z","buckets":0,"by_verdict":{}}}`, header)
	e.wait()
	e.start(strings.Replace(request, "nightly", "old", 1))
	var ids []string
	for _, task := range e.wait() {
		ids = append(ids, task.ID+" "+task.State)
	}
	if got := strings.Join(ids, ", "); !strings.Contains(got, "old-h00001 Failed, old-r2-h00001 Succeeded") {
		t.Errorf("%s", got)
	}
}

// TestBound: a function whose sweep always runs out of time stops at its bound, loudly:
// one dead letter, with the cursor.
func TestBound(t *testing.T) {
	small(t)
	var letter string
	e := newEstate(t, func(c *localfc.Config) {
		c.OnFailure = func(destination []byte) { letter = string(destination) } // read when all has ended
		c.MaxAsyncRetryAttempts = 12
	}, "WARDEN_SWEEP_MAX_HOPS=3")
	e.slowly(3, nil)
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
	e := newEstate(t, func(c *localfc.Config) {
		c.MaxAsyncRetryAttempts = 2
		c.Promise = func(event []byte, _ int) time.Duration { return short.promise(event, 0) - 200*time.Millisecond }
	})
	e.start(`{"action":"sweep","continue":true,"run_id":"idle"}`)
	tasks := e.wait()
	_ = e.Function.Stop(t.Context())
	if all, _ := e.log.seen(); len(tasks) != 1 || tasks[0].State != "Failed" || e.invocations.Load() != 3 || e.failed.Load() != 1 || all != 0 {
		t.Errorf("%+v, %d invocations, %d dead letters, %d buckets", tasks, e.invocations.Load(), e.failed.Load(), all)
	}
}
