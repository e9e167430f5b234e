package alicloud

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"bucketwarden/ossenc/alicloud/tlsdial"
)

// SharedConnections is an experiment: it reads all buckets of one OSS endpoint over
// the same connections, which are opened to the endpoint's own name, instead of one
// connection for each bucket's name. The Host header still names the bucket, and
// signatures of version 4 do not cover it. No source says that OSS answers so, so
// only an answer that a bucket has a rule is taken from a shared connection:
//
//   - Any other answer, and every failure, is asked again at the bucket's own name,
//     and that answer counts. "No rule" is one of them, because a write follows it.
//   - Writes are sent to the bucket's own name.
//   - Where the two answers differ, the endpoint's connections are not shared any
//     more in this process.
type SharedConnections struct {
	// Next sends the requests.
	Next http.RoundTripper
	// Off, if not nil, is called once for each endpoint that is given up, with what
	// the shared connection said: a status, or why there was no answer.
	Off func(endpoint, said string)

	off sync.Map // endpoint → struct{}
}

// RoundTrip sends one request.
func (s *SharedConnections) RoundTrip(req *http.Request) (*http.Response, error) {
	endpoint := tlsdial.Endpoint(req.URL.Host)
	if _, off := s.off.Load(endpoint); off || req.Method != http.MethodGet || endpoint == req.URL.Host {
		return s.Next.RoundTrip(req)
	}
	shared := req.Clone(req.Context())
	shared.Host, shared.URL.Host = req.URL.Host, endpoint
	resp, err := s.Next.RoundTrip(shared)
	if err == nil && resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	said, status := "", 0
	if err != nil {
		said = networkReason(err)
	} else {
		status, said = resp.StatusCode, "status "+strconv.Itoa(resp.StatusCode)
		_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // so that the connection can be used again
		_ = resp.Body.Close()
	}
	own, err := s.Next.RoundTrip(req)
	if err == nil && own.StatusCode != status {
		if _, before := s.off.LoadOrStore(endpoint, struct{}{}); !before && s.Off != nil {
			s.Off(endpoint, strings.TrimSpace(said))
		}
	}
	return own, err
}
