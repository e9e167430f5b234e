package fc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// poller is a function's side of the Runtime API, one request at a time.
type poller struct {
	t   *testing.T
	url string
}

func newPoller(t *testing.T, api *RuntimeAPI) poller {
	t.Helper()
	s := httptest.NewServer(api)
	t.Cleanup(s.Close)
	return poller{t: t, url: s.URL + runtimePath}
}

func (p poller) do(method, path, body string) (int, http.Header, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(got)
}

// next polls and returns the invocation's id and the headers that came with it.
func (p poller) next() (string, http.Header) {
	p.t.Helper()
	status, header, _ := p.do(http.MethodGet, "next", "")
	if status != http.StatusOK {
		p.t.Fatalf("next: status %d", status)
	}
	return header.Get(headerRequestID), header
}

func (p poller) post(path, body string, want int) {
	p.t.Helper()
	if status, _, got := p.do(http.MethodPost, path, body); status != want {
		p.t.Errorf("POST %s: status %d, want %d: %s", path, status, want, got)
	}
}

type outcome struct {
	Result
	err error
}

func goInvoke(t *testing.T, api *RuntimeAPI, event string) <-chan outcome {
	t.Helper()
	done := make(chan outcome, 1)
	go func() {
		r, err := api.Invoke(t.Context(), []byte(event))
		done <- outcome{r, err}
	}()
	return done
}

func TestRuntimeAPITakesOneAnswerPerInvocation(t *testing.T) {
	api := NewRuntimeAPI(Config{})
	p := newPoller(t, api)
	done := goInvoke(t, api, "event")
	p.post("unknown/response", "x", http.StatusNotFound)
	id, _ := p.next()
	p.post(id+"/response", "first", http.StatusOK)
	p.post(id+"/response", "second", http.StatusNotFound)
	p.post(id+"/error", "third", http.StatusNotFound)
	if got := <-done; got.err != nil || string(got.Payload) != "first" || got.FunctionError != "" || got.RequestID != id {
		t.Errorf("got %+v", got)
	}
}

func TestRuntimeAPIReportsFailures(t *testing.T) {
	api := NewRuntimeAPI(Config{})
	p := newPoller(t, api)
	done := goInvoke(t, api, "event")
	id, _ := p.next()
	p.post(id+"/error", `{"errorMessage":"m","errorType":"T"}`, http.StatusOK)
	got := <-done
	if got.FunctionError != UnhandledInvocationError || got.ErrorType() != "T" || got.ErrorMessage() != "m" {
		t.Errorf("got %+v", got)
	}
}

func TestRuntimeAPIStatesTheDeadline(t *testing.T) {
	api := NewRuntimeAPI(Config{Timeout: 1500 * time.Millisecond})
	p := newPoller(t, api)
	before := time.Now()
	done := goInvoke(t, api, "event")
	id, header := p.next()
	after := time.Now()
	p.post(id+"/response", "", http.StatusOK)
	<-done
	ms, err := strconv.ParseInt(header.Get("x-fc-function-deadline"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if ms < before.UnixMilli()+1500 || ms > after.UnixMilli()+1500 {
		t.Errorf("deadline %d is not between %d and %d", ms, before.UnixMilli()+1500, after.UnixMilli()+1500)
	}
	want := map[string]string{
		"x-fc-function-timeout": "2", "x-fc-function-type": "0", "x-fc-function-name": "bucketwarden",
		"x-fc-access-key-id": "", "x-fc-retry-count": "",
	}
	for name, value := range want {
		if got := header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestRuntimeAPIRefusesALateAnswer(t *testing.T) {
	api := NewRuntimeAPI(Config{Timeout: 100 * time.Millisecond})
	p := newPoller(t, api)
	done := goInvoke(t, api, "event")
	id, _ := p.next()
	if got := <-done; !got.TimedOut {
		t.Errorf("got %+v", got)
	}
	p.post(id+"/response", "late", http.StatusNotFound)
}

func TestRuntimeAPIDown(t *testing.T) {
	api := NewRuntimeAPI(Config{})
	p := newPoller(t, api)
	waiting := make(chan int)
	go func() {
		status, _, _ := p.do(http.MethodGet, "next", "")
		waiting <- status
	}()
	<-api.polled
	api.SetDown(true)
	api.SetDown(true)
	if status := <-waiting; status != http.StatusInternalServerError {
		t.Errorf("a waiting poll got %d", status)
	}
	if status, _, _ := p.do(http.MethodGet, "next", ""); status != http.StatusInternalServerError {
		t.Errorf("a new poll got %d", status)
	}
	api.SetDown(false)
	done := goInvoke(t, api, "event")
	id, _ := p.next()
	p.post(id+"/response", "up", http.StatusOK)
	if got := <-done; string(got.Payload) != "up" {
		t.Errorf("got %+v", got)
	}
}

func TestRuntimeAPILosesAnswers(t *testing.T) {
	api := NewRuntimeAPI(Config{})
	p := newPoller(t, api)
	api.LoseAnswers(2)
	done := goInvoke(t, api, "event")
	id, _ := p.next()
	p.post(id+"/response", "first", http.StatusInternalServerError)
	p.post(id+"/error", "second", http.StatusInternalServerError)
	p.post(id+"/response", "third", http.StatusOK)
	if got := <-done; string(got.Payload) != "third" {
		t.Errorf("got %+v", got)
	}
}

func TestInvokeEndsWithItsContext(t *testing.T) {
	api := NewRuntimeAPI(Config{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := api.Invoke(ctx, nil); !errors.Is(err, cause) {
		t.Errorf("unpolled: %v", err)
	}
	p := newPoller(t, api)
	ctx, cancel = context.WithCancelCause(t.Context())
	go func() {
		p.next()
		cancel(cause)
	}()
	if _, err := api.Invoke(ctx, nil); !errors.Is(err, cause) {
		t.Errorf("polled: %v", err)
	}
	if len(api.inFlight) != 0 {
		t.Errorf("%d invocations are still waited for", len(api.inFlight))
	}
}

func TestRestartGetsItsOwnRuntimeAPI(t *testing.T) {
	t.Parallel()
	f := start(t, Config{Timeout: time.Second})
	old := f.RuntimeAPI()
	old.LoseAnswers(1)
	if r := invoke(t, f, `{"do":"echo"}`); !r.TimedOut {
		t.Errorf("got %+v", r)
	}
	invoke(t, f, `{"do":"echo"}`)
	if f.RuntimeAPI() == old {
		t.Error("the dead child's API is still in use")
	}
}

// The deadline may be sooner than the time-out.
func TestRuntimeAPIStatesThePromisedDeadline(t *testing.T) {
	api := NewRuntimeAPI(Config{Timeout: time.Hour, Promise: func([]byte, int) time.Duration { return 1500 * time.Millisecond }})
	p := newPoller(t, api)
	done := goInvoke(t, api, "event")
	id, header := p.next()
	after := time.Now()
	p.post(id+"/response", "", http.StatusOK)
	<-done
	if ms, err := strconv.ParseInt(header.Get("x-fc-function-deadline"), 10, 64); err != nil || ms > after.UnixMilli()+1500 {
		t.Errorf("deadline %d, %v", ms, err)
	}
}
