package reach

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/term"
)

// traffic watches the calls: it counts those that OSS turned away, and writes a
// line for each where that is asked for.
type traffic struct {
	next      http.RoundTripper
	verbose   io.Writer // nil writes nothing
	throttled atomic.Int64
}

// RoundTrip sends the request.
func (t *traffic) RoundTrip(r *http.Request) (*http.Response, error) {
	begun := time.Now()
	resp, err := t.next.RoundTrip(r)
	outcome := "no answer"
	if err == nil {
		outcome = resp.Status
		if resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests {
			t.throttled.Add(1)
		}
	}
	if t.verbose != nil { // no query and no header: they hold signatures and tokens
		fmt.Fprintf(t.verbose, "%s %s://%s%s: %s in %s\n", r.Method, r.URL.Scheme, term.Clean(r.URL.Host), term.Clean(r.URL.Path), outcome, time.Since(begun).Round(time.Millisecond))
	}
	return resp, err
}
