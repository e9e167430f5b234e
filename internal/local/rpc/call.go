package rpc

import (
	"crypto/rand"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"bucketwarden/internal/local/wire"
)

// maxBody is above every request of these services.
const maxBody = 1 << 20

// newCall reads what needs no permission.
func (g *Gateway) newCall(r *http.Request) (*Call, *Failure) {
	c := &Call{HTTP: r, Params: r.URL.Query(), Now: g.opts.Now().UTC(), host: wire.HostOnly(r.Host)}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	c.body = body
	c.addForm()
	c.request = Request{
		Action:      cmpHeader(r, "x-acs-action", c.Params.Get("Action")),
		RequestID:   newRequestID(),
		AccessKeyID: c.Params.Get("AccessKeyId"),
		UserAgent:   r.UserAgent(),
		Params:      c.Params,
	}
	switch {
	case err != nil || len(body) > maxBody:
		return c, known("ParseRequestParameterException")
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return c, known("UnsupportedHTTPMethod")
	}
	return c, nil
}

// addForm adds the parameters of a form body to those of the query.
func (c *Call) addForm() {
	kind, _, err := mime.ParseMediaType(c.HTTP.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return
	}
	for name, values := range form {
		c.Params[name] = append(c.Params[name], values...)
	}
}

func (c *Call) version() string { return cmpHeader(c.HTTP, "x-acs-version", c.Params.Get("Version")) }

// cmpHeader returns the header's value, or otherwise if there is none.
func cmpHeader(r *http.Request, name, otherwise string) string {
	if v := r.Header.Get(name); v != "" {
		return v
	}
	return otherwise
}

// newRequestID returns a UUID in the services' form.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
