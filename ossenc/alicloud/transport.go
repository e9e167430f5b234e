package alicloud

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc/alicloud/tlsdial"
)

// NewTransport returns the transport to share, which trusts all roots of the system.
func NewTransport() *http.Transport { return NewTransportWith(&tlsdial.Dialer{}) }

// NewTransportWith returns the transport to share, whose TLS connections d opens. The
// Dialer's own Dial, if nil, is set to the transport's. Behind a proxy d does not open
// them, and all roots of the system are read.
//
// Every bucket is a host of its own on OSS, so idle connections are bounded in all: one
// kept per bucket takes 26 KB and a socket each.
func NewTransportWith(d *tlsdial.Dialer) *http.Transport {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		DialTLSContext:        d.DialTLS,
		TLSClientConfig:       d.Config(),
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 10 * time.Second,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       50 * time.Second,
	}
	if d.Dial == nil {
		d.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return t.DialContext(ctx, network, addr)
		}
	}
	return t
}

// What is read of one answer at most, in bytes: rules, tags and errors have 4 KB,
// a page of 1,000 buckets half a megabyte. A sweep reads 64 answers at a time, in
// a function of 128 MB.
const (
	maxAnswer = 64 << 10
	maxPage   = 2 << 20
)

var (
	errAnswerTooLong = errors.New("the answer is longer than any of OSS")
	errNotOSS        = errors.New("the answer is not OSS's XML")
	errAmbiguous     = errors.New("the answer says two things at once")
	errOddStatus     = errors.New("the answer has a status of success that OSS does not send")
)

// roots are the root elements of the successful answers to our calls. The SDK
// decodes anything else into a result with nothing in it, which looks like a
// bucket without tags or an account without buckets.
var roots = []string{"ServerSideEncryptionRule", "ListAllMyBucketsResult", "Tagging", "BucketStat"}

// bufferedTransport passes only answers that were read to their end, so that half of one is
// trouble of the network like any other, to be tried again, and none can fill the
// memory that all invocations share. The SDK reads without a bound, and what it
// makes of half an error depends on the status.
type bufferedTransport struct{ next http.RoundTripper }

// RoundTrip sends the request and reads the answer.
func (w bufferedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	most := int64(maxAnswer)
	if strings.Contains(req.URL.RawQuery, "max-keys=") { // ListBuckets
		most = maxPage
	}
	body, err := readAtMost(resp, most+1)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	root := rootOf(body)
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) > most:
		return nil, errAnswerTooLong
	case resp.StatusCode/100 == 2 && !isSuccess(req.Method, resp.StatusCode):
		return nil, errOddStatus
	case resp.StatusCode/100 == 2 && len(body) > 0 && !slices.Contains(roots, string(root)):
		return nil, errNotOSS
	case len(root) > 0 && !isUnambiguous(body):
		return nil, errAmbiguous
	}
	// The SDK reads an error from this header where there is no body, as OSS sends it
	// for HEAD, which is never asked; and a Location in it would be parsed, and its
	// text repeated.
	resp.Header.Del("X-Oss-Err") // spelt as net/http keeps it, which costs nothing to look up
	resp.Header.Del("Location")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	// OSS speaks XML only. Of an error that a gateway words as JSON the SDK makes
	// nil in some cases, and panics.
	resp.Header.Set("Content-Type", "application/xml")
	return resp, nil
}

// isSuccess reports whether OSS answers a successful call so: 200, and 204 to what
// removes something. Anything else, such as a part (206) or a proxy's version (203),
// says nothing of what there is.
func isSuccess(method string, status int) bool {
	return status == http.StatusOK || status == http.StatusNoContent && method == http.MethodDelete
}

// readAtMost reads the answer, or so many bytes of it.
func readAtMost(resp *http.Response, most int64) ([]byte, error) {
	if resp.ContentLength < 0 || resp.ContentLength > most {
		return io.ReadAll(io.LimitReader(resp.Body, most))
	}
	body := make([]byte, resp.ContentLength) // nearly always: no more room than it needs
	_, err := io.ReadFull(resp.Body, body)
	return body, err
}

// rootOf returns the name of the first element of an XML document, or none.
func rootOf(body []byte) []byte {
	for {
		_, rest, found := bytes.Cut(body, []byte("<"))
		if !found || len(rest) == 0 {
			return nil
		}
		if rest[0] != '?' && rest[0] != '!' { // neither a declaration nor a comment
			end := bytes.IndexAny(rest, " />\t\r\n")
			return rest[:max(end, 0)]
		}
		body = rest
	}
}
