package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/acs3"
	"bucketwarden/ossenc/alicloud/redact"
)

// trigger reaches the function by the address of its HTTP trigger.
type trigger struct {
	base      *url.URL // scheme and host
	transport http.RoundTripper
	authorize func(*http.Request) error
	agent     string
	// secrets are what no error answer may repeat: the platform's answer to a wrong
	// signature repeats what was signed.
	secrets *redact.Secrets
}

// signed lets requests in by the signature of authType function. It asks for the key
// at each request, so that sessions are renewed.
func signed(key func() (ossenc.Credentials, error), secrets *redact.Secrets) func(*http.Request) error {
	return func(r *http.Request) error {
		c, err := key()
		if err != nil {
			return err
		}
		secrets.Add(c.AccessKeyID, c.AccessKeySecret, c.SecurityToken)
		acs3.SignTrigger(r, c, time.Now())
		return nil
	}
}

// bearing lets requests in by a token: one of the function's, or a JWT.
func bearing(token string, secrets *redact.Secrets) func(*http.Request) error {
	secrets.Add("", token, "")
	return func(r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// send makes the request. A redirect is an error: it would take the credentials to
// another host.
func (t *trigger) send(ctx context.Context, q request) (*answer, error) {
	target := url.URL{Scheme: t.base.Scheme, Host: t.base.Host, Path: q.path, RawQuery: q.encoded()}
	r, err := http.NewRequestWithContext(ctx, q.method, target.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	r.Header = q.header.Clone()
	r.Header.Set("User-Agent", t.agent)
	if err := t.authorize(r); err != nil {
		return nil, err
	}
	resp, err := t.transport.RoundTrip(r)
	if err != nil {
		return nil, unreachable(ctx, t.base.Host, err)
	}
	if resp.StatusCode/100 == 3 {
		_ = resp.Body.Close() // its content is not used
		return nil, fmt.Errorf("%s answers with a redirect (%d), which is not followed: it would take the credentials elsewhere", t.base.Host, resp.StatusCode)
	}
	if resp.StatusCode/100 != 2 {
		return t.refused(resp)
	}
	return &answer{resp.StatusCode, resp.Header, resp.Body}, nil
}

// maxRefusal is how much of an error answer is read.
const maxRefusal = 1 << 20

// refused returns an error answer, without its text if that repeats a part of the
// credentials.
func (t *trigger) refused(resp *http.Response) (*answer, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s breaks off", t.base.Host)
	}
	if t.secrets.Holds(string(body)) {
		body = []byte(redact.LeftOut + "\n")
		resp.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	return &answer{resp.StatusCode, resp.Header, io.NopCloser(bytes.NewReader(body))}, nil
}

// unreachable says why there is no answer, without what was sent.
func unreachable(ctx context.Context, host string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, known := range []struct{ text, says string }{
		{"connection refused", "connection refused"},
		{"no such host", "no such host"},
		{"x509:", "its certificate is not trusted (SSL_CERT_FILE names others)"},
		{"HTTP response to HTTPS", "it does not speak HTTPS"},
	} {
		if strings.Contains(err.Error(), known.text) {
			return fmt.Errorf("%s cannot be reached: %s", host, known.says)
		}
	}
	return fmt.Errorf("%s gives no answer", host)
}
