package fcruntime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

func echo(ctx context.Context, payload []byte) (json.RawMessage, error) {
	return json.Marshal(ossenc.RequestIDFrom(ctx) + " " + string(payload))
}

func customFor(t *testing.T, invoke Invoke, web http.Handler, log io.Writer) *custom {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	return &custom{invoke: invoke, web: web, drainer: newDrainer(t.Context(), logger), logger: logger}
}

// call sends one request and returns status, the x-fc-status header and body.
func (c *custom) call(method, path, body string, header ...string) (int, string, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Code, w.Header().Get(headerStatus), w.Body.String()
}

func TestOnlyThePlatformReachesItsPaths(t *testing.T) {
	web := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "web "+r.URL.Path) })
	const refused = "only the platform calls this path\n"
	tests := []struct {
		name, method, path string
		control            []string
		status             int
		body               string
	}{
		{"an event", "POST", "/invoke", []string{"/invoke"}, 200, `"1-a event"`},
		{"the initializer", "POST", "/initialize", []string{"/initialize"}, 200, ""},
		{"an HTTP trigger's request", "GET", "/buckets/b", []string{"/http-invoke"}, 200, "web /buckets/b"},
		{"a request that does not say where it comes from", "GET", "/buckets/b", nil, 200, "web /buckets/b"},
		{"an HTTP trigger's request for /invoke", "POST", "/invoke", []string{"/http-invoke"}, 403, refused},
		{"an HTTP trigger's request for /initialize", "POST", "/initialize", []string{"/http-invoke"}, 403, refused},
		{"an HTTP trigger's request for /pre-stop", "GET", "/pre-stop", []string{"/http-invoke"}, 403, refused},
		{"a request for /invoke without the header", "POST", "/invoke", nil, 403, refused},
		{"a client's own header beside the platform's", "POST", "/invoke", []string{"/invoke", "/http-invoke"}, 403, refused},
		{"two headers that agree", "POST", "/invoke", []string{"/invoke", "/invoke"}, 403, refused},
		{"another platform path's header", "GET", "/pre-stop", []string{"/invoke"}, 403, refused},
		{"an encoded spelling of /invoke", "POST", "/%69nvoke", []string{"/http-invoke"}, 403, refused},
		{"a path like /invoke", "POST", "/invoke/", []string{"/http-invoke"}, 200, "web /invoke/"},
		{"an event by GET", "GET", "/invoke", []string{"/invoke"}, 405, "method not allowed\n"},
		{"the pre-stop hook by POST", "POST", "/pre-stop", []string{"/pre-stop"}, 405, "method not allowed\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := customFor(t, echo, web, io.Discard)
			header := []string{headerRequestID, "1-a"}
			for _, v := range test.control {
				header = append(header, headerControlPath, v)
			}
			status, _, body := c.call(test.method, test.path, "event", header...)
			if status != test.status || body != test.body {
				t.Errorf("got %d %q, want %d %q", status, body, test.status, test.body)
			}
			if c.drainer.isBegun() {
				t.Error("the end has begun")
			}
		})
	}
}

func TestNoWebHandlerMeansNotFound(t *testing.T) {
	if status, _, _ := customFor(t, echo, nil, io.Discard).call("GET", "/", ""); status != http.StatusNotFound {
		t.Errorf("got %d, want 404", status)
	}
}

// The platform takes an event's failure for a success without both signs.
func TestFailedEvent(t *testing.T) {
	tests := []struct {
		name, payload, want string
		invoke              Invoke
	}{
		{
			"that the function reports", "x", `{"errorMessage":"answer","errorType":"denied"}`,
			func(context.Context, []byte) (json.RawMessage, error) {
				return nil, &failure{ossenc.Denied, "answer"}
			},
		},
		{
			"of another kind", "x", `{"errorMessage":"odd","errorType":"internal"}`,
			func(context.Context, []byte) (json.RawMessage, error) { return nil, errors.New("odd") },
		},
		{
			"in a panic", "x", `{"errorMessage":"panic (string); the stack is in the log","errorType":"internal"}`,
			func(context.Context, []byte) (json.RawMessage, error) { panic("secret") },
		},
		{
			"with too large a payload", strings.Repeat("x", maxPayload+1),
			`{"errorMessage":"the payload could not be read: http: request body too large","errorType":"invalid"}`, echo,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			c := customFor(t, test.invoke, nil, &log)
			status, signal, body := c.call("POST", "/invoke", test.payload, headerControlPath, "/invoke")
			if status != http.StatusNotFound || signal != "404" || body != test.want {
				t.Errorf("got %d, x-fc-status %q, %s; want 404, 404, %s", status, signal, body, test.want)
			}
			if strings.Contains(log.String(), "secret") {
				t.Errorf("the panic's value is in the log:\n%s", &log)
			}
			if n := c.drainer.count(); n != 0 {
				t.Errorf("%d still count as running", n)
			}
		})
	}
}

func TestPanickingWebHandlerIsAnswered(t *testing.T) {
	web := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			w.WriteHeader(http.StatusOK)
		}
		panic("web")
	})
	server := httptest.NewServer(customFor(t, echo, web, io.Discard))
	defer server.Close()
	resp, err := http.Get(server.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", resp.StatusCode)
	}
	if resp, err := http.Get(server.URL + "/begun"); err == nil {
		resp.Body.Close()
		t.Errorf("an answer that broke off looks whole: %d", resp.StatusCode)
	}
}

// Both kinds of call carry the caller's identity and deadline, and the keys stay
// out of what a web handler might log or echo.
func TestIdentityAndDeadline(t *testing.T) {
	want := ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: "id", AccessKeySecret: "secret", SecurityToken: "token"},
		Region:      "cn-beijing", AccountID: "1234567890123456",
	}
	deadline := time.Now().Add(time.Minute).Truncate(time.Millisecond)
	check := func(ctx context.Context) {
		if got := ossenc.IdentityFrom(ctx); got != want {
			t.Error("the identity is not the caller's")
		}
		if got, ok := ctx.Deadline(); !ok || !got.Equal(deadline) {
			t.Errorf("deadline %v, want %v", got, deadline)
		}
	}
	calls := 0
	web := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		calls++
		check(r.Context())
		for name, values := range r.Header {
			if got := strings.Join(values, ","); got == "id" || got == "secret" || got == "token" {
				t.Errorf("the key is in the header %s", name)
			}
		}
	})
	c := customFor(t, func(ctx context.Context, _ []byte) (json.RawMessage, error) {
		calls++
		check(ctx)
		return nil, nil
	}, web, io.Discard)
	header := []string{
		headerKeyID, "id", headerKeySecret, "secret", headerToken, "token", "x-fc-region", "cn-beijing", "x-fc-account-id", "1234567890123456",
		headerDeadline, deadlineHeader(deadline), headerControlPath,
	}
	c.call("POST", "/invoke", "", append(header, "/invoke")...)
	c.call("GET", "/", "", append(header, "/http-invoke")...)
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

func deadlineHeader(d time.Time) string {
	h := http.Header{}
	mend(h, d.Add(-defaultTimeout*time.Second))
	return h.Get(headerDeadline)
}

func TestNothingNewIsTakenAtTheEnd(t *testing.T) {
	c := customFor(t, echo, http.NotFoundHandler(), io.Discard)
	c.drainer.begin()
	status, signal, body := c.call("POST", "/invoke", "event", headerControlPath, "/invoke")
	if want := `{"errorMessage":"this instance is ending","errorType":"unavailable"}`; status != 404 || signal != "404" || body != want {
		t.Errorf("an event got %d, %q, %s; want 404, 404, %s", status, signal, body, want)
	}
	if status, _, _ := c.call("GET", "/", ""); status != http.StatusServiceUnavailable {
		t.Errorf("a request got %d, want 503", status)
	}
}
