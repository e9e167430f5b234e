package oss

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
)

// maxBody is above every configuration document of OSS.
const maxBody = 1 << 20

// call is one request on its way through the server.
type call struct {
	http    *http.Request
	request Request // the entry of the log
	target  target
	query   url.Values
	body    []byte
	badBody *failure
	account string // who signed
	region  string // the endpoint the caller speaks to
	operate operation
	keep    func(Rule) Rule // of the fault
}

// newCall reads what needs no permission: where the request goes and what it wants.
func (s *Server) newCall(r *http.Request) *call {
	now := s.opts.Now()
	c := &call{http: r, target: parseTarget(r, s.opts.Domain), query: r.URL.Query()}
	// Only once the body is read does net/http notice a caller that goes away.
	c.body, c.badBody = readBody(r.Body)
	name, operate := c.route(s.routes)
	c.operate = operate
	c.request = Request{
		Operation: name,
		Bucket:    c.target.bucket,
		RequestID: newRequestID(now.Unix()),
		UserAgent: r.UserAgent(),
		Time:      now,
	}
	return c
}

// newRequestID is the service's form: seconds and a random part, upper-case hex.
func newRequestID(seconds int64) string {
	return fmt.Sprintf("%08X%016X", uint32(seconds), rand.Uint64())
}

// admit decides whether the call may be executed at all.
func (s *Server) admit(c *call) *failure {
	if c.badBody != nil {
		return c.badBody
	}
	if f := c.target.check(); f != nil {
		return f
	}
	if f := s.authenticate(c); f != nil {
		return f
	}
	return c.checkDigest()
}

func readBody(r io.Reader) ([]byte, *failure) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, invalidArgument("The request body could not be read.", "")
	}
	if len(body) > maxBody {
		return nil, known("EntityTooLarge")
	}
	return body, nil
}

// checkDigest compares Content-MD5, the only protection of the body: a V4
// signature leaves the payload out.
func (c *call) checkDigest() *failure {
	want := c.http.Header.Get("Content-MD5")
	sum := md5.Sum(c.body)
	if want == "" || want == base64.StdEncoding.EncodeToString(sum[:]) {
		return nil
	}
	return known("InvalidDigest")
}
