package oss

import "time"

// Access is one read of the rule of a bucket, or one change of it.
type Access struct {
	// Request is the call; zero for what SetRule, PutBucket and DeleteBucket do.
	// Status and Code are still empty.
	Request Request
	// Time is on the server's clock.
	Time time.Time
	// Bucket is its name.
	Bucket string
	// Before and After are the rules before and after; the same for a read.
	Before, After Rule
	// Asked is what a PutBucketEncryption asked for.
	Asked Rule
	// Seen is what a read was answered, which may lag behind.
	Seen Rule
	// Gone tells that the bucket was deleted.
	Gone bool
}

// watch calls Options.OnRule. It needs the lock, so that accesses are reported in the
// order in which it happened.
func (s *Server) watch(a Access) {
	if s.opts.OnRule != nil {
		a.Time = s.opts.Now()
		s.opts.OnRule(a)
	}
}
