package fcruntime

import (
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
	host    string // the Runtime API's
	api     http.RoundTripper
	drainer *drainer
	logger  *slog.Logger
	exit    func(code int)

	failures int // of `next` in a row; only the loop's one goroutine comes here
}

// After this many failed polls in a row, with pauses that add up to 10 seconds,
// the process ends so that the platform replaces it.
const maxFailures = 16

// pollPause is the time to wait after the nth failure in a row.
func pollPause(n int) time.Duration { return min(10*time.Millisecond<<n, time.Second) }

// answerPauses are the times to wait before an answer is sent again.
var answerPauses = []time.Duration{50 * time.Millisecond, 200 * time.Millisecond, 800 * time.Millisecond}

func newGuard(host string, e *drainer, logger *slog.Logger) *guard {
	return &guard{
		host: host,
		// Never over a proxy, and with one connection for each answer in flight.
		api:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		drainer: e, logger: logger, exit: os.Exit,
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
	defer g.drainer.add(-1)
	return g.answer(req)
}

// poll asks for an invocation. It delays a failure and does not return once the
// end has begun; a poll that is already out then is left alone, because breaking
// it off could lose what it was just handed.
func (g *guard) poll(req *http.Request) (*http.Response, error) {
	if g.drainer.isBegun() {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	resp, err := g.api.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		g.pollFailed()
		return resp, err
	}
	g.drainer.add(1)
	mend(resp.Header, time.Now())
	resp.Body = &invocation{resp.Body, g}
	return resp, nil
}

// pollFailed waits before the next poll, or ends the process so that the platform
// replaces it.
func (g *guard) pollFailed() {
	g.failures++
	if g.failures >= maxFailures {
		g.logger.Error("the runtime API does not answer; ending", "failures", g.failures)
		g.drainer.finish()
		g.exit(1)
	}
	time.Sleep(pollPause(g.failures))
}

// invocation is the body of a poll's answer. The loop reads it to its end; if it
// breaks off, the loop drops it, so it was a failed poll and nothing runs.
type invocation struct {
	io.ReadCloser
	guard *guard
}

// Read implements [io.Reader].
func (i *invocation) Read(p []byte) (int, error) {
	n, err := i.ReadCloser.Read(p)
	switch err {
	case nil:
	case io.EOF:
		i.guard.failures = 0
	default:
		i.guard.drainer.add(-1)
		i.guard.pollFailed()
	}
	return n, err
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
			_ = resp.Body.Close() // it only reports the failure that we act on
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
