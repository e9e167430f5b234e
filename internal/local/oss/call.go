package oss

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
)

// maxDocument is above every configuration document of OSS.
const maxDocument = 1 << 20

// call is one request on its way through the server.
type call struct {
	http     *http.Request
	request  Request // the entry of the log
	target   target
	query    url.Values
	badQuery bool
	body     []byte
	badBody  *failure
	account  string // who signed
	region   string // the endpoint the caller speaks to
	operate  operation
	keep     func(Rule) Rule // of the fault
	room     *room
	reserved int64 // bytes of room that end with the call
}

// newCall reads what needs no permission: where the request goes and what it wants.
func (s *Server) newCall(r *http.Request) *call {
	now := s.opts.Now()
	c := &call{http: r, target: parseTarget(r, s.opts.Domain), room: &s.room}
	var readable bool
	c.query, readable = parseQuery(r.URL.RawQuery)
	c.badQuery = !readable
	// Only once the body is read does net/http notice a caller that goes away.
	c.badBody = s.readBody(c, c.target.key != "" && r.Method == http.MethodPut)
	name, operate := c.route()
	c.operate = operate
	c.request = Request{
		Operation: name,
		Bucket:    c.target.bucket,
		Key:       c.target.key,
		RequestID: newRequestID(now.Unix()),
		UserAgent: r.UserAgent(),
		Time:      now,
	}
	return c
}

func (c *call) release() { c.room.give(c.reserved) }

// newRequestID is the service's form: seconds and a random part, upper-case hex.
func newRequestID(seconds int64) string {
	return fmt.Sprintf("%08X%016X", uint32(seconds), rand.Uint64())
}

// admit decides whether the call may be executed at all.
func (s *Server) admit(c *call) *failure {
	if c.badBody != nil {
		return c.badBody
	}
	if c.badQuery { // what it leaves out could change what the call does
		return invalidArgument("The query cannot be read: a percent sign is not followed by two hex digits.", "")
	}
	if f := c.target.check(); f != nil {
		return f
	}
	if f := s.authenticate(c); f != nil {
		return f
	}
	return c.checkDigest()
}

// checkDigest compares Content-MD5, the only protection of the body: a V4
// signature leaves the payload out.
func (c *call) checkDigest() *failure {
	want := c.http.Header.Get("Content-MD5")
	if want == "" {
		return nil
	}
	sum := md5.Sum(c.body)
	if want == base64.StdEncoding.EncodeToString(sum[:]) {
		return nil
	}
	return known("InvalidDigest")
}
