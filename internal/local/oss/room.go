package oss

import (
	"io"
	"sync"
)

// room is the memory that objects, parts and uploads under way may take together.
type room struct {
	max int64

	mu   sync.Mutex
	used int64
}

// overhead is what an object or a part takes beside its bytes, roughly.
const overhead = 1 << 10

// take reserves n bytes, or reports that there is no room for them.
func (r *room) take(n int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > r.max-r.used {
		return false
	}
	r.used += n
	return true
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= n
}

// readStep is how much of an upload of unknown length is reserved at a time.
const readStep = 256 << 10

// readBody reads an upload into the room of the server, and a document, which is
// small, beside it.
func (s *Server) readBody(c *call, upload bool) *failure {
	if !upload {
		body, err := io.ReadAll(io.LimitReader(c.http.Body, maxDocument+1))
		if err != nil {
			return unreadable()
		}
		if len(body) > maxDocument {
			return known("EntityTooLarge")
		}
		c.body = body
		return nil
	}
	if c.http.ContentLength > 0 {
		if !s.reserve(c, c.http.ContentLength) {
			return full(s.room.max)
		}
		c.body = make([]byte, c.http.ContentLength)
		if _, err := io.ReadFull(c.http.Body, c.body); err != nil {
			return unreadable()
		}
		return nil
	}
	return s.readChunks(c)
}

// readChunks reads an upload whose length is not announced.
func (s *Server) readChunks(c *call) *failure {
	for {
		if !s.reserve(c, readStep) {
			return full(s.room.max)
		}
		step, err := io.ReadAll(io.LimitReader(c.http.Body, readStep))
		c.body = append(c.body, step...)
		if err != nil {
			return unreadable()
		}
		if len(step) < readStep {
			return nil
		}
	}
}

// reserve takes room until the end of the call, or until the call stores its body.
func (s *Server) reserve(c *call, n int64) bool {
	if !s.room.take(n) {
		return false
	}
	c.reserved += n
	return true
}

// store turns n bytes of the call's reservation into ones that stay. What was not
// reserved before is now.
func (s *Server) store(c *call, n int64) *failure {
	if missing := n - c.reserved; missing > 0 && !s.reserve(c, missing) {
		return full(s.room.max)
	}
	c.reserved -= n
	return nil
}
