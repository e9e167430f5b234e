package oss

import "time"

// Request is one call the server saw.
type Request struct {
	// Operation is the name in the OSS API, such as GetBucketEncryption; for
	// what this server does not implement it is Unknown.
	Operation string
	// Bucket is empty for ListBuckets.
	Bucket string
	// Key is the object's, empty for calls on a bucket.
	Key string
	// Rule is what a PutBucketEncryption asked for, or a PutBucket in its headers.
	Rule Rule
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

// Requests returns the latest calls, at most Options.MaxLog, oldest first. A call
// is entered when its answer is ready to be sent.
func (s *Server) Requests() []Request { return s.log.All() }

// Count returns how many calls of an operation came in since the start or the
// last [Server.ResetRequests], also those the log no longer holds.
func (s *Server) Count(operation string) int { return s.log.Count(operation) }

// ResetRequests empties the log and the counts.
func (s *Server) ResetRequests() { s.log.Reset() }
