package estate

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/acs3"
)

// reserve sets the function's reserved concurrency, as a person does to stop it.
func (e *estate) reserve(n int) {
	e.call(http.MethodPut, "concurrency", fmt.Sprintf(`{"reservedConcurrency":%d}`, n), http.Header{"Content-Type": {"application/json"}})
}

// call makes a signed call of the function's API.
func (e *estate) call(method, operation, body string, header http.Header) {
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.url+"/2023-03-30/functions/bucketwarden/"+operation, strings.NewReader(body))
	if err != nil {
		e.t.Error(err)
		return
	}
	r.Header = header
	acs3.Sign(r, acs3.Operation{Action: "Call", Version: "2023-03-30"}, []byte(body),
		ossenc.Credentials{AccessKeyID: cloud.UserKey.AccessKeyID, AccessKeySecret: cloud.UserKey.AccessKeySecret}, time.Now())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Error(err)
		return
	}
	_ = answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		e.t.Errorf("%s %s: %s", operation, body, answer.Status)
	}
}

// waiting returns whether one hop is left, and waits.
func (e *estate) waiting() bool {
	open, queued := 0, 0
	for _, task := range e.Function.Tasks() {
		switch task.State {
		case "Succeeded", "Failed":
		case "Enqueued":
			open, queued = open+1, queued+1
		default:
			open++
		}
	}
	return open == 1 && queued == 1
}

// TestStopByThePlatform: with a reserved concurrency of 0 the hop under way ends, the next
// one waits, and the run goes on to its end when the concurrency is raised again.
func TestStopByThePlatform(t *testing.T) {
	small(t)
	e := newEstate(t, nil)
	var once sync.Once
	e.slowly(1, func(r localoss.Request) { // while the first hop works
		if r.Operation == "GetBucketEncryption" {
			once.Do(func() { e.reserve(0) })
		}
	})
	e.start(`{"action":"sweep","continue":true,"run_id":"halted"}`)
	for end := time.Now().Add(limit()); !e.waiting() || len(e.log.ended()) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no hop waits: %+v", e.Function.Tasks())
		}
	}
	before, _ := e.log.seen()
	time.Sleep(300 * time.Millisecond)
	if after, _ := e.log.seen(); after != before || before == *buckets || !e.waiting() {
		t.Errorf("%d, then %d buckets of %d: the run was not stopped", before, after, *buckets)
	}
	e.reserve(10)
	e.check(e.wait(), 1, 0)
}

// TestStopSwitch takes the setting away while a run is under way: its next hop fails
// with the cursor, which resumes the run when the setting is back.
func TestStopSwitch(t *testing.T) {
	small(t)
	e := newEstate(t, nil)
	var once sync.Once
	e.slowly(2, nil)
	var waits []byte // the next hop, which waits in the queue meanwhile
	e.front = func(w http.ResponseWriter, r *http.Request, platform http.Handler) {
		if strings.HasSuffix(r.Header.Get("X-Fc-Async-Task-Id"), "-h00003") {
			once.Do(func() { waits, _ = io.ReadAll(r.Body) })
			w.WriteHeader(http.StatusAccepted)
			return
		}
		platform.ServeHTTP(w, r)
	}
	e.start(`{"action":"sweep","continue":true,"run_id":"stopped"}`)
	e.wait()
	e.front = nil
	e.restart(nil, "WARDEN_SWEEP_CONTINUE=off")
	res, err := e.Function.Invoke(t.Context(), waits)
	if err != nil || res.ErrorType() != "refused" || !strings.Contains(res.ErrorMessage(), "WARDEN_SWEEP_CONTINUE") {
		t.Fatalf("%s, %v", res.Payload, err)
	}
	var answer struct{ Next string }
	if err := json.Unmarshal([]byte(res.ErrorMessage()), &answer); err != nil || answer.Next == "" {
		t.Fatalf("no cursor in %s, %v", res.ErrorMessage(), err)
	}
	if res, err = e.Function.Invoke(t.Context(), []byte(`{"action":"sweep","continue":true}`)); err != nil || res.ErrorType() != "invalid" {
		t.Errorf("%s, %v", res.Payload, err)
	}
	if all, _ := e.log.seen(); all == 0 || all == *buckets {
		t.Errorf("%d buckets before the stop", all)
	}
	e.restart(nil)
	e.start(`{"action":"sweep","continue":true,"run_id":"resumed","cursor":"` + answer.Next + `"}`)
	e.wait()
	if all, twice := e.log.seen(); all != *buckets || twice > 0 {
		t.Errorf("%d of %d buckets, %d more than once", all, *buckets, twice)
	}
}
