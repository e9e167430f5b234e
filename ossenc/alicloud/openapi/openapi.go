// Package openapi makes one signed call of one of Alibaba Cloud's APIs and returns
// its whole answer.
//
// It is what the clients of Cloud Config, Resource Directory, ActionTrail and
// Function Compute share: each of them needs one or two actions, and the vendor's
// generated clients cost the function 475 to 643 KB each. A call has
//
//   - the credentials of the context's [ossenc.Identity];
//   - an end: the context's deadline, and a bound on the answer's size;
//   - two further tries after an answer that says try again, unless [Call].Once;
//   - no redirects: they would take signed headers elsewhere;
//   - errors that are an [*ossenc.Error] and repeat no secret.
package openapi

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/acs3"
	"bucketwarden/ossenc/internal/wait"
)

// Client speaks to one service. It is safe for concurrent use.
type Client struct {
	// Version is that of the service's API, such as 2020-09-07.
	Version string
	// Transport sends the requests.
	Transport http.RoundTripper
	// Fallback finds credentials when the context has none; nil means that there
	// are none.
	Fallback func() (ossenc.Credentials, error)
	// MaxAnswer bounds an answer, in bytes; 1 MiB if 0. A longer one is refused.
	MaxAnswer int64
}

// Call is what to ask.
type Call struct {
	Endpoint *url.URL // scheme and host
	Action   string   // such as PutEvaluations
	Subject  string   // what it is about, for people; begins the error's message

	Method string     // POST if empty
	Path   string     // "/" if empty, as in RPC-style APIs
	Query  url.Values // one value for each name
	Form   url.Values // the body, url-encoded; nil for Body
	Body   []byte     // sent as application/octet-stream
	Header http.Header

	// Once makes one try only: for calls that must not happen twice.
	Once bool
	// Secrets are texts of the request that no error may repeat, beside the
	// credentials.
	Secrets []string
}

// Answer is a successful answer, read to its end.
type Answer struct {
	Status int // 2xx
	Header http.Header
	Body   []byte
}

const defaultMaxAnswer = 1 << 20

// pauses are those before a call is tried again.
var pauses = [...]time.Duration{200 * time.Millisecond, 800 * time.Millisecond}

// Do makes the call. The error is an [*ossenc.Error]: Throttled and Unavailable
// after three tries, Deadline when ctx ends, Denied, Invalid or Internal as the
// service's code says (which is in OSSCode).
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	for i := 0; ; i++ {
		answer, err := c.once(ctx, call)
		if err == nil || call.Once || i == len(pauses) || !isTransient(ossenc.CodeOf(err)) || !wait.Sleep(ctx, pauses[i]) {
			return answer, err
		}
	}
}

// Unreadable is the error for a successful answer that does not hold what the
// service documents: nothing is known then, and the same call may succeed later.
func Unreadable(ctx context.Context, call Call) error {
	return alicloud.NoAnswer(ctx, call.Action, call.Subject, nil)
}

func (c *Client) once(ctx context.Context, call Call) (Answer, error) {
	cred, err := alicloud.CredentialsFrom(ctx, c.Fallback)
	if err != nil {
		return Answer{}, err
	}
	r, err := c.request(ctx, call, cred)
	if err != nil {
		return Answer{}, &ossenc.Error{Op: call.Action, Code: ossenc.Invalid, Message: call.Subject + ": the request cannot be built"}
	}
	response, err := c.Transport.RoundTrip(r)
	if err != nil {
		return Answer{}, alicloud.NoAnswer(ctx, call.Action, call.Subject, err)
	}
	defer response.Body.Close()
	body, err := c.whole(response.Body)
	if err != nil {
		return Answer{}, alicloud.NoAnswer(ctx, call.Action, call.Subject, err)
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return Answer{}, failure(ctx, call, cred, response, body)
	}
	if body == nil {
		return Answer{}, Unreadable(ctx, call)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// request builds and signs one request.
func (c *Client) request(ctx context.Context, call Call, cred ossenc.Credentials) (*http.Request, error) {
	method, path, body, kind := call.Method, call.Path, call.Body, "application/octet-stream"
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = "/"
	}
	if call.Form != nil {
		body, kind = []byte(encode(call.Form)), "application/x-www-form-urlencoded"
	}
	target := url.URL{Scheme: call.Endpoint.Scheme, Host: call.Endpoint.Host, Path: path, RawQuery: encode(call.Query)}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range call.Header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", "AlibabaCloud "+ossenc.UserAgent)
	r.Header.Set("Accept", "application/json")
	if len(body) > 0 {
		r.Header.Set("Content-Type", kind)
	}
	acs3.Sign(r, acs3.Operation{Action: call.Action, Version: c.Version}, body, cred, time.Now())
	return r, nil
}

// whole reads an answer to its end; nil if it is longer than allowed.
func (c *Client) whole(r io.Reader) ([]byte, error) {
	limit := c.MaxAnswer
	if limit == 0 {
		limit = defaultMaxAnswer
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return nil, nil
	}
	return body, err
}

// encode writes a space as %20, which every reader of a query understands.
func encode(v url.Values) string { return strings.ReplaceAll(v.Encode(), "+", "%20") }

// isTransient reports whether the same call may succeed in a moment.
func isTransient(c ossenc.Code) bool { return c == ossenc.Throttled || c == ossenc.Unavailable }
