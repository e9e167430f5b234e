package fc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

const invocations = "/2023-03-30/functions/bucketwarden/invocations"

type reply struct {
	status int
	header http.Header
	body   string
}

func send(t *testing.T, method, url, body string, header http.Header) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(got)}
}

func post(t *testing.T, url, body string, header http.Header) reply {
	t.Helper()
	return send(t, http.MethodPost, url, body, header)
}

// withoutID returns the body of an answer without the RequestId that an error of
// the API has, which must be the header's.
func withoutID(t *testing.T, r reply) string {
	t.Helper()
	body, found := strings.CutSuffix(r.body, `,"RequestId":"`+r.header.Get("X-Fc-Request-Id")+`"}`)
	if !found {
		return r.body
	}
	return body + "}"
}

func TestInvokeFunctionAPI(t *testing.T) {
	async := http.Header{headerInvocationType: {"Async"}}
	tests := []struct {
		name, path, event string
		header            http.Header
		status            int
		body, errorType   string
	}{
		{"success", invocations, `{"do":"echo"}`, nil, 200, `{"do":"echo"}`, ""},
		{
			"function error", invocations, `{"do":"error","text":"no"}`, nil, 200,
			`{"errorMessage":"no","errorType":"typedError"}`, UnhandledInvocationError,
		},
		{
			"unknown function", "/2023-03-30/functions/other/invocations", `{}`, nil, 404,
			`{"Code":"FunctionNotFound","Message":"function 'other' does not exist"}`, "",
		},
		{
			"synchronous payload over 32 MB", invocations, strings.Repeat(" ", 32<<20+1), nil, 400,
			`{"Code":"EntityTooLarge","Message":"payload size exceeds maximum allowed size (33554432 bytes)"}`, "",
		},
		{
			"asynchronous payload over 128 KB", invocations, strings.Repeat(" ", 128<<10+1), async, 400,
			`{"Code":"EntityTooLarge","Message":"payload size exceeds maximum allowed size (131072 bytes)"}`, "",
		},
		{"asynchronous", invocations, `{"do":"echo"}`, async, 202, "", ""},
	}
	inBoth(t, func(t *testing.T, runtime string) {
		url := serve(t, start(t, Config{Runtime: runtime}))
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				got := post(t, url+test.path, test.event, test.header)
				if got.status != test.status || withoutID(t, got) != test.body {
					t.Errorf("got %d %s, want %d %s", got.status, got.body, test.status, test.body)
				}
				if e := got.header.Get("X-Fc-Error-Type"); e != test.errorType {
					t.Errorf("X-Fc-Error-Type %q, want %q", e, test.errorType)
				}
				if got.header.Get("X-Fc-Request-Id") == "" {
					t.Error("no X-Fc-Request-Id")
				}
			})
		}
	})
}

func TestInvokeFunctionAPIOfADyingChild(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		url := serve(t, start(t, Config{Runtime: runtime}))
		got := post(t, url+invocations, `{"do":"exit"}`, nil)
		if got.status != 200 || got.header.Get("X-Fc-Error-Type") != UnhandledInvocationError ||
			!strings.HasPrefix(got.body, `{"errorMessage":"Process exited unexpectedly before completing request (duration: `) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestInvokeFunctionAPIAfterStop(t *testing.T) {
	f := start(t, Config{})
	url := serve(t, f)
	if err := f.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `{"Code":"InternalServerError","Message":"localfc: the function is stopped"}`
	for _, header := range []http.Header{nil, {headerInvocationType: {"Async"}}} {
		if got := post(t, url+invocations, `{}`, header); got.status != 500 || withoutID(t, got) != want {
			t.Errorf("got %+v", got)
		}
	}
}

func TestLogTailIsInAHeader(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		log := newJournal()
		url := serve(t, start(t, Config{Runtime: runtime, Log: log}))
		post(t, url+invocations, `{"do":"echo"}`, nil)
		log.await("End RequestId: ", 1)
		got := post(t, url+invocations, `{"do":"print","text":"hello"}`, http.Header{"X-Fc-Log-Type": {"Tail"}})
		tail, err := base64.StdEncoding.DecodeString(got.header.Get("X-Fc-Log-Result"))
		if err != nil {
			t.Fatal(err)
		}
		id := got.header.Get("X-Fc-Request-Id")
		want := "FC Invoke Start RequestId: " + id + "\nhello\nFC Invoke End RequestId: " + id + "\n"
		if string(tail) != want {
			t.Errorf("tail %q, want %q", tail, want)
		}
		if got := post(t, url+invocations, `{}`, nil); got.header.Get("X-Fc-Log-Result") != "" {
			t.Error("a log tail nobody asked for")
		}
	})
}

func TestAsyncRepeatsUntilSuccess(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		g, log := newGate(t), newJournal()
		g.open()
		failed := make(chan []byte, 1)
		f := start(t, Config{
			Runtime: runtime, Log: log, AsyncRetryPause: time.Millisecond, OnFailure: func(d []byte) { failed <- d },
		})
		event := `{"do":"flaky","url":"` + g.URL + `"}`
		got := post(t, serve(t, f)+invocations, event, http.Header{headerInvocationType: {"Async"}})
		id := got.header.Get("X-Fc-Request-Id")
		g.await(3)
		log.await("End RequestId: "+id, 3)
		f.background.Wait()
		if len(g.arrived) != 0 || len(failed) != 0 {
			t.Errorf("%d attempts too many, %d failures", len(g.arrived), len(failed))
		}
	})
}

func TestAsyncGivesUpToItsDestination(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		for retries, attempts := range map[int]int{0: 4, 1: 2, -1: 1} {
			failed := make(chan []byte, 1)
			f := start(t, Config{
				Runtime: runtime, MaxAsyncRetryAttempts: retries, AsyncRetryPause: time.Millisecond,
				OnFailure: func(d []byte) { failed <- d },
			})
			event := `{"do":"error","text":"no"}`
			got := post(t, serve(t, f)+invocations, event, http.Header{headerInvocationType: {"Async"}})
			var d map[string]any
			if err := json.Unmarshal(<-failed, &d); err != nil {
				t.Fatal(err)
			}
			if _, err := time.Parse(time.RFC3339, d["timestamp"].(string)); err != nil {
				t.Error(err)
			}
			delete(d, "timestamp")
			want := map[string]any{
				"requestContext": map[string]any{
					"requestId":              got.header.Get("X-Fc-Request-Id"),
					"functionArn":            "acs:fc:cn-hangzhou:1234567890123456:functions/bucketwarden",
					"condition":              "UnhandledInvocationError",
					"approximateInvokeCount": attempts,
				},
				"requestPayload":  event,
				"responseContext": map[string]any{"statusCode": 200, "functionError": "UnhandledInvocationError"},
				"responsePayload": `{"errorMessage":"no","errorType":"typedError"}`,
			}
			if !bytes.Equal(marshal(d), marshal(want)) {
				t.Errorf("got  %s\nwant %s", marshal(d), marshal(want))
			}
		}
	})
}

func TestStopEndsAsyncRetries(t *testing.T) {
	g := newGate(t)
	g.open()
	f := start(t, Config{AsyncRetryPause: time.Hour, OnFailure: func([]byte) { t.Error("reported as a failure") }})
	event := `{"do":"flaky","url":"` + g.URL + `"}`
	post(t, serve(t, f)+invocations, event, http.Header{headerInvocationType: {"Async"}})
	g.await(1)
	if err := f.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if len(g.arrived) != 0 {
		t.Error("repeated after Stop")
	}
}

// What `s invoke` prints of an invocation, and what a caller of OnResult reads.
func TestHeadersOfAnInvocation(t *testing.T) {
	var seen []string
	f := start(t, Config{OnResult: func(event []byte, r Result) {
		seen = append(seen, string(event)+" "+string(r.Payload)+" "+r.InstanceID)
	}})
	url := serve(t, f)
	first, second := post(t, url+invocations, `{"do":"echo"}`, nil), post(t, url+invocations, `{"do":"echo"}`, nil)
	instance := first.header.Get("X-Fc-Instance-Id")
	sum := first.header.Get("X-Fc-Code-Checksum")
	if !strings.HasPrefix(instance, "c-") || second.header.Get("X-Fc-Instance-Id") != instance || len(sum) < 10 || second.header.Get("X-Fc-Code-Checksum") != sum {
		t.Errorf("%v\n%v", first.header, second.header)
	}
	if want := `{"do":"echo"} {"do":"echo"} ` + instance; len(seen) != 2 || seen[0] != want {
		t.Errorf("results %q, want %q twice", seen, want)
	}
}

// The platform's own domain makes every answer of the trigger a download, an error
// too, and leaves the API alone.
func TestTestDomain(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		url := serve(t, start(t, Config{Runtime: runtime, TestDomain: true}))
		for path, want := range map[string]string{"/report": "attachment", invocations: ""} {
			got := post(t, url+path, `{"do":"echo"}`, nil)
			if got.header.Get("Content-Disposition") != want || (got.header.Get("Access-Control-Expose-Headers") == "") != (want == "") {
				t.Errorf("%s: %v", path, got.header)
			}
		}
	})
}
