package reliability_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/reliability"
	"bucketwarden/ossenc"
)

// kind is one way in which the function is asked to look after a bucket.
type kind struct {
	name  string
	start localoss.Rule // of the bucket
	want  func(fault) outcome
	// ask asks, and returns what the function says of the cell's bucket and
	// whether the caller sees a failure.
	ask func(*cell, *testing.T) (ossenc.Result, bool)
}

// kinds are the other dimension of the matrix.
var kinds = []kind{
	{name: "event", want: fault.changed, ask: (*cell).event},
	{name: "batch", want: fault.changed, ask: (*cell).batch},
	{name: "POST events", want: fault.changed, ask: (*cell).postEvents},
	{name: "GET", want: fault.shown, ask: (*cell).get},
	{name: "report", want: fault.reported, ask: (*cell).report},
	{name: "PUT", want: fault.wasPut, ask: (*cell).put},
	{name: "timer", want: fault.swept, ask: (*cell).timer},
	{name: "DELETE", start: localoss.Rule{Algorithm: "KMS"}, want: fault.removed, ask: (*cell).remove},
}

func (f fault) changed() outcome { return f.change }

func (f fault) shown() outcome {
	if f.show == "" {
		return wouldFix
	}
	return f.show
}

func (f fault) reported() outcome {
	if f.listed == "" {
		return givenUp(f.shown())
	}
	return f.listed
}

// givenUp adds what a list says where other cells' time-outs made the region silent.
func givenUp(want outcome) outcome {
	if strings.Contains(string(want), string(deadline)) {
		want += "|" + unavailable
	}
	return want
}

func (f fault) removed() outcome {
	if f.remove == "" {
		return f.change
	}
	return f.remove
}

func (f fault) wasPut() outcome {
	if f.put == "" {
		return f.change
	}
	return f.put
}

// swept: a sweep waits for no late bucket, and tries again what was throttled
// until the time runs out, which may be before the look behind a write.
func (f fault) swept() outcome {
	if f.listed != "" {
		return f.listed
	}
	want := f.wasPut()
	if strings.Contains(string(want), "throttled") {
		want += "|" + throttled + "|" + deadline + "|blocked/deadline"
	}
	return givenUp(want)
}

// created is the event of the bucket's creation.
func (c *cell) created(bucket string) stack.Event {
	return stack.BucketCreated("id-of-"+bucket, bucket, stack.Region)
}

func (c *cell) event(t *testing.T) (ossenc.Result, bool) {
	return c.invoke(t, c.created(c.bucket).JSON())
}

// batch has a healthy bucket on either side, and both must be looked after.
func (c *cell) batch(t *testing.T) (ossenc.Result, bool) {
	var events []stack.Event
	names := []string{c.bucket + "-before", c.bucket, c.bucket + "-after"}
	for _, name := range names {
		events = append(events, c.created(name))
	}
	c.oss.PutBucket(localoss.Bucket{Name: names[0]})
	c.oss.PutBucket(localoss.Bucket{Name: names[2]})
	payload, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	res, failed := c.invoke(t, payload)
	for _, name := range []string{names[0], names[2]} {
		if b, _ := c.oss.Bucket(name); b.Rule != both {
			t.Errorf("%s of the same batch has %+v", name, b.Rule)
		}
	}
	return res, failed
}

// invoke returns the result of the cell's bucket.
func (c *cell) invoke(t *testing.T, payload []byte) (ossenc.Result, bool) {
	res, err := c.function.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	if res.TimedOut {
		t.Fatal("the platform ended the invocation")
	}
	results, err := stack.Results(res)
	if err != nil {
		t.Fatal(err)
	}
	return c.mine(t, results), res.FunctionError != ""
}

// mine is the one result of the cell's bucket.
func (c *cell) mine(t *testing.T, results []ossenc.Result) ossenc.Result {
	var found []ossenc.Result
	for _, r := range results {
		if r.Bucket == c.bucket {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d results for %s", len(found), c.bucket)
	}
	return found[0]
}

// ask sends a request to the HTTP trigger.
func (c *cell) request(t *testing.T, method, path string, body []byte) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
	w := httptest.NewRecorder()
	c.function.Handler().ServeHTTP(w, req)
	return w
}

func (c *cell) postEvents(t *testing.T) (ossenc.Result, bool) {
	w := c.request(t, http.MethodPost, "/events", c.created(c.bucket).JSON())
	var answer struct{ Results []ossenc.Result }
	c.read(t, w, &answer)
	return c.mine(t, answer.Results), w.Code != http.StatusOK
}

func (c *cell) get(t *testing.T) (ossenc.Result, bool)    { return c.one(t, http.MethodGet, "") }
func (c *cell) put(t *testing.T) (ossenc.Result, bool)    { return c.one(t, http.MethodPut, "") }
func (c *cell) remove(t *testing.T) (ossenc.Result, bool) { return c.one(t, http.MethodDelete, "") }

// one asks for one bucket's rule. For the caller of HTTP a bucket that is not
// there is a failure.
func (c *cell) one(t *testing.T, method, body string) (ossenc.Result, bool) {
	w := c.request(t, method, fmt.Sprintf("/buckets/%s/encryption?region=%s", c.bucket, stack.Region), []byte(body))
	var answer struct {
		ossenc.Result
		Problem *ossenc.Result `json:"result"`
	}
	c.read(t, w, &answer)
	if answer.Problem == nil {
		return answer.Result, w.Code != http.StatusOK
	}
	if answer.Problem.Verdict == ossenc.Gone && w.Code == http.StatusNotFound {
		return *answer.Problem, false
	}
	return *answer.Problem, w.Code != http.StatusOK
}

func (c *cell) report(t *testing.T) (ossenc.Result, bool) {
	w := c.request(t, http.MethodGet, "/report?prefix="+c.bucket, nil)
	var answer struct {
		Buckets  []ossenc.Result
		Complete bool
	}
	c.read(t, w, &answer)
	if len(answer.Buckets) == 0 && answer.Complete { // it is not in the list
		return ossenc.Result{Bucket: c.bucket, Verdict: ossenc.Gone}, false
	}
	if len(answer.Buckets) == 0 { // its turn did not come, and the report says so
		return ossenc.Result{Bucket: c.bucket, Verdict: ossenc.Unknown, Code: ossenc.Deadline}, true
	}
	return c.mine(t, answer.Buckets), !answer.Complete
}

// timer lets a timer trigger sweep over the cell's bucket. What is as wanted is
// counted, not listed.
func (c *cell) timer(t *testing.T) (ossenc.Result, bool) {
	command := fmt.Sprintf(`{"action":"sweep","prefix":"%s"}`, c.bucket)
	event, err := json.Marshal(map[string]string{"triggerName": "nightly", "triggerTime": "2026-11-23T00:00:00Z", "payload": command})
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.function.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	body := res.Payload
	if res.FunctionError != "" {
		body = []byte(res.ErrorMessage())
	}
	var answer struct {
		Buckets int
		Results []ossenc.Result
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	failed := res.FunctionError != ""
	switch {
	case len(answer.Results) > 0:
		return c.mine(t, answer.Results), failed
	case answer.Buckets > 0:
		b, _ := c.oss.Bucket(c.bucket)
		return ossenc.Result{Bucket: c.bucket, Verdict: ossenc.Compliant, After: reliability.RuleOf(b.Rule)}, failed
	case failed:
		return ossenc.Result{Bucket: c.bucket, Verdict: ossenc.Unknown, Code: ossenc.Deadline}, failed
	}
	return ossenc.Result{Bucket: c.bucket, Verdict: ossenc.Gone}, failed
}

func (c *cell) read(t *testing.T, w *httptest.ResponseRecorder, v any) {
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
}
