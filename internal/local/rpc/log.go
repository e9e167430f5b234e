package rpc

import "net/url"

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

// Requests returns the latest calls, oldest first. A call is entered when its
// answer is ready to be sent.
func (g *Gateway) Requests() []Request { return g.log.All() }

// Count returns how many calls of an action came in.
func (g *Gateway) Count(action string) int { return g.log.Count(action) }
