package oss

import (
	"slices"
	"sync"
	"time"
)

// Request is one call the server saw.
type Request struct {
	// Operation is the name in the OSS API, such as GetBucketEncryption; for
	// what this server does not implement it is Unknown.
	Operation string
	// Bucket is empty for ListBuckets.
	Bucket string
	// Region and AccessKeyID are those of the signature's credential.
	Region, AccessKeyID string
	// Status is the HTTP status of the answer, 0 when there was none.
	Status int
	// Code is the OSS error code of the answer, empty for a success.
	Code string
	// RequestID is the x-oss-request-id of the answer.
	RequestID string
	// UserAgent is the User-Agent header.
	UserAgent string
	// Time is when the call arrived, on the server's clock.
	Time time.Time
}

// requestLog keeps the last max requests in a ring, and exact counts.
type requestLog struct {
	max int

	mu     sync.Mutex
	ring   []Request
	next   int // oldest entry, once the ring is full
	counts map[string]int
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[r.Operation]++
	if len(l.ring) < l.max {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % l.max
}

// Requests returns the latest calls, at most Options.MaxLog, oldest first. A call
// is entered when its answer is ready to be sent.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Concat(s.log.ring[s.log.next:], s.log.ring[:s.log.next])
}

// Count returns how many calls of an operation came in since the start or the
// last [Server.ResetRequests], also those the log no longer holds.
func (s *Server) Count(operation string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.counts[operation]
}

// ResetRequests empties the log and the counts.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.ring, s.log.next = nil, 0
	clear(s.log.counts)
}
