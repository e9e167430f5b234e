package fcruntime

import (
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// guard stands between the runtime SDK and the Runtime API. The SDK's loop asks
// for the next invocation again at once when that fails, for ever, and logs each
// time: one core and 10,000 lines a second. The loop cannot be reached, but its
// HTTP client sends over [http.DefaultTransport].
type guard struct {
	next   http.RoundTripper
	logger *slog.Logger
	sleep  func(time.Duration)
	exit   func(code int)

	failures int // of `next` in a row; only the loop's one goroutine comes here
}

// After this many failures in a row, with pauses that add up to about a minute,
// the process ends so that the platform replaces it.
const maxFailures = 16

func newGuard(next http.RoundTripper, logger *slog.Logger) *guard {
	return &guard{next: next, logger: logger, sleep: time.Sleep, exit: os.Exit}
}

// RoundTrip sends the request, and delays the answer to a failed poll.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if !strings.HasSuffix(req.URL.Path, "/runtime/invocation/next") {
		return resp, err
	}
	if err == nil && resp.StatusCode == http.StatusOK {
		g.failures = 0
		withDefaults(resp.Header)
		return resp, nil
	}
	g.failures++
	if g.failures >= maxFailures {
		g.logger.Error("the runtime API does not answer; ending", "failures", g.failures)
		g.exit(1)
	}
	g.sleep(min(10*time.Millisecond<<g.failures, 5*time.Second))
	return resp, err
}

// withDefaults adds the header without which the SDK never answers an
// invocation: the caller would wait for its time-out.
func withDefaults(h http.Header) {
	if h.Get("x-fc-function-timeout") == "" {
		h.Set("x-fc-function-timeout", "60")
	}
	if h.Get("x-fc-function-deadline") == "" {
		h.Set("x-fc-function-deadline", deadlineIn(time.Minute))
	}
}

func deadlineIn(d time.Duration) string {
	return strconv.FormatInt(time.Now().Add(d).UnixMilli(), 10)
}
