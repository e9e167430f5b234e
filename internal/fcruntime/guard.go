package fcruntime

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"
)

// guard stands between the runtime SDK and the Runtime API. The SDK's loop asks
// for the next invocation again at once when that fails, for ever, and logs each
// time: one core and 10,000 lines a second. The loop cannot be reached, but its
// HTTP client sends over [http.DefaultTransport].
type guard struct {
	host   string // the Runtime API's
	api    http.RoundTripper
	ending *ending
	logger *slog.Logger
	exit   func(code int)

	failures int // of `next` in a row; only the loop's one goroutine comes here
}

// After this many failed polls in a row, with pauses that add up to 10 seconds,
// the process ends so that the platform replaces it.
const maxFailures = 16

// pollPause is the time to wait after the nth failure in a row.
func pollPause(n int) time.Duration { return min(10*time.Millisecond<<n, time.Second) }

// answerPauses are the times to wait before an answer is sent again.
var answerPauses = []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 800 * time.Millisecond}

func newGuard(host string, e *ending, logger *slog.Logger) *guard {
	return &guard{
		host: host,
		// Never over a proxy, and with one connection for each answer in flight.
		api:    &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		ending: e, logger: logger, exit: os.Exit,
	}
}

// install puts the guard into a transport. That is not replaced, because other
// packages rely on what type the default one has, and clone it.
func (g *guard) install(t *http.Transport) { t.RegisterProtocol("http", g) }

// RoundTrip sends the request. What is not for the Runtime API is left to the
// transport.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != g.host {
		return nil, http.ErrSkipAltProtocol
	}
	if strings.HasSuffix(req.URL.Path, "/runtime/invocation/next") {
		return g.poll(req)
	}
	defer g.ending.add(-1)
	return g.answer(req)
}

// poll asks for an invocation. It delays a failure and does not return once the
// end has begun; a poll that is already out then is left alone, because breaking
// it off could lose what it was just handed.
func (g *guard) poll(req *http.Request) (*http.Response, error) {
	if g.ending.isBegun() {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	resp, err := g.fetch(req)
	if err == nil && resp.StatusCode == http.StatusOK {
		g.failures = 0
		g.ending.add(1)
		mend(resp.Header, time.Now())
		return resp, nil
	}
	g.failures++
	if g.failures >= maxFailures {
		g.logger.Error("the runtime API does not answer; ending", "failures", g.failures)
		g.ending.finish()
		g.exit(1)
	}
	time.Sleep(pollPause(g.failures))
	return resp, err
}

// fetch reads the whole invocation. One that breaks off is a failed poll, not
// one that runs.
func (g *guard) fetch(req *http.Request) (*http.Response, error) {
	resp, err := g.api.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		g.logger.Debug("closing a poll", "error", err)
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// answer posts an invocation's outcome, again where it was not taken: the SDK
// tries once, and the work would be lost although it was done.
func (g *guard) answer(req *http.Request) (*http.Response, error) {
	resp, err := g.api.RoundTrip(req)
	for _, pause := range answerPauses {
		if req.GetBody == nil || !passing(resp, err) {
			break
		}
		time.Sleep(pause)
		if resp != nil {
			_ = resp.Body.Close() // it only tells of the failure that we act on
		}
		if resp, err = g.again(req); err == nil && resp.StatusCode == http.StatusOK {
			g.logger.Warn("an answer was taken only when it was sent again", "path", req.URL.Path)
		}
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		g.logger.Error("an answer is lost: the runtime API does not take it", "path", req.URL.Path)
	}
	return resp, err
}

// passing reports whether the failure may pass by itself. A 4xx answer will not:
// the invocation is no longer waited for, or the answer is too large.
func passing(resp *http.Response, err error) bool {
	return err != nil || resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests
}

func (g *guard) again(req *http.Request) (*http.Response, error) {
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = body
	return g.api.RoundTrip(req)
}
