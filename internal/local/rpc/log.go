package rpc

import (
	"net/url"
	"slices"
)

// maxLog bounds the calls that are kept; counts are exact beyond it.
const maxLog = 10_000

// Request is one call that the server saw.
type Request struct {
	// Action is the operation, such as DescribeKey.
	Action string
	// AccessKeyID is that of the signature.
	AccessKeyID string
	// UserAgent is the User-Agent header.
	UserAgent string
	// Params are the parameters of the query and the body.
	Params url.Values
	// Status is the HTTP status of the answer, 0 when there was none.
	Status int
	// Code is the error code of the answer, empty for a success.
	Code string
	// RequestID is the RequestId of the answer.
	RequestID string
}

func (g *Gateway) note(r Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts[r.Action]++
	if len(g.log) == maxLog {
		g.log = slices.Delete(g.log, 0, maxLog/2)
	}
	g.log = append(g.log, r)
}

// Requests returns the latest calls, oldest first. A call is entered when its
// answer is ready to be sent.
func (g *Gateway) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.log)
}

// Count returns how many calls of an action came in.
func (g *Gateway) Count(action string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts[action]
}
