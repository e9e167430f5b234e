package estate

import (
	"fmt"
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
	body := fmt.Sprintf(`{"reservedConcurrency":%d}`, n)
	r, err := http.NewRequestWithContext(e.t.Context(), http.MethodPut, e.url+"/2023-03-30/functions/bucketwarden/concurrency", strings.NewReader(body))
	if err != nil {
		e.t.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	acs3.Sign(r, acs3.Operation{Action: "PutConcurrencyConfig", Version: "2023-03-30"}, []byte(body),
		ossenc.Credentials{AccessKeyID: cloud.UserKey.AccessKeyID, AccessKeySecret: cloud.UserKey.AccessKeySecret}, time.Now())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Error(err)
		return
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		e.t.Errorf("reserved concurrency %d: %s", n, answer.Status)
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
	t.Parallel()
	e := newEstate(t, nil)
	var once sync.Once
	e.OSS.SetFault(func(r localoss.Request) *localoss.Fault { // while the first hop works
		if r.Operation == "GetBucketEncryption" {
			once.Do(func() { e.reserve(0) })
		}
		return nil
	})
	e.start(`{"action":"sweep","continue":true,"run_id":"halted"}`)
	_, _, hops := e.log.seen()
	for end := time.Now().Add(limit()); !e.waiting() || hops == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no hop waits: %+v", e.Function.Tasks())
		}
		_, _, hops = e.log.seen()
	}
	before, _, hops := e.log.seen()
	time.Sleep(300 * time.Millisecond)
	if after, _, _ := e.log.seen(); after != before || hops != 1 || before == *buckets || !e.waiting() {
		t.Errorf("%d, then %d buckets of %d, after %d hops: the run was not stopped", before, after, *buckets, hops)
	}
	e.reserve(10)
	for _, task := range e.wait(limit(), nil) {
		if task.State != "Succeeded" {
			t.Errorf("%+v", task)
		}
	}
	e.check(true)
}
