package oss

import (
	"bytes"
	"cmp"
	"math"
	"net/http"
	"strconv"
	"time"

	"bucketwarden/internal/local/wire"
)

// Fault says how one call goes wrong. The zero value changes nothing. Without
// After, the operation does not take place when Status, Code, Body or Reset is
// set, and does when only the others are.
type Fault struct {
	// Delay waits before the operation, or with After between it and the answer.
	Delay time.Duration
	// Status, Code, Message and EC make an OSS error. With Code alone the
	// documented status, message and EC of that code are used.
	Status            int
	Code, Message, EC string
	// RetryAfter adds a Retry-After header, in whole seconds rounded up.
	RetryAfter time.Duration
	// Body is sent with Status (default 200) in place of any XML of this package.
	Body []byte
	// Reset closes the connection abruptly instead of an answer.
	Reset bool
	// Truncate closes the connection in the middle of the answer.
	Truncate bool
	// Drip is the time between each two bytes of the answer's body.
	Drip time.Duration
	// Pad is how many bytes of white space follow the answer's body.
	Pad int64
	// ContentType is that of Body; default application/xml.
	ContentType string
	// Keep, of a PutBucketEncryption, returns what is stored of the rule that was
	// asked for; nil stores all of it. It does not spoil the answer.
	Keep func(Rule) Rule
	// After lets the operation take place and spoils only its answer.
	After bool
}

// SetFault installs a hook that is asked before the execution of every
// authenticated call; nil from the hook, or a nil hook, lets the call go on. The
// hook is called from many goroutines and may call the methods of the server.
// Status and Code of its Request are still empty.
func (s *Server) SetFault(hook func(Request) *Fault) { s.faults.Set(hook) }

// replaces reports whether the answer of the operation is not wanted.
func (f Fault) replaces() bool {
	return f.Reset || f.Status != 0 || f.Code != "" || f.Body != nil
}

// answer is what the caller gets in place of the real answer.
func (f Fault) answer(c *call, executed answer) answer {
	if f.Reset {
		return answer{}
	}
	if !f.replaces() {
		return executed
	}
	a := answer{status: cmp.Or(f.Status, http.StatusOK), code: f.Code, ec: f.EC, body: f.Body}
	if f.Body == nil {
		a = c.failed(f.failure(c.target.bucket))
	}
	if f.RetryAfter > 0 {
		a.retryAfter = strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds())))
	}
	return a
}

// write sends a body. A caller that has gone needs nothing more of it.
func (f Fault) write(w http.ResponseWriter, c *call, body []byte) {
	send(w, c, body, f.Drip)
	blank := bytes.Repeat([]byte(" "), 32<<10)
	for left := f.Pad; left > 0; left -= int64(len(blank)) {
		if _, err := w.Write(blank[:min(left, int64(len(blank)))]); err != nil {
			return
		}
	}
}

// send writes b, with a pause behind each byte if there is one.
func send(w http.ResponseWriter, c *call, b []byte, each time.Duration) {
	if each <= 0 {
		w.Write(b)
		return
	}
	for i := range b {
		if _, err := w.Write(b[i : i+1]); err != nil {
			return
		}
		http.NewResponseController(w).Flush()
		if !wire.Pause(c.http.Context(), each) {
			return
		}
	}
}

func (f Fault) failure(bucket string) *failure {
	e := known(cmp.Or(f.Code, "InternalError"))
	e.status = cmp.Or(f.Status, e.status)
	e.message = cmp.Or(f.Message, e.message)
	e.ec = cmp.Or(f.EC, e.ec)
	if bucket == "" {
		return e
	}
	return e.with("BucketName", bucket)
}

// SetReadLag makes the next n GetBucketEncryption calls after each write of a
// bucket's rule through the wire still answer the rule from before the write.
func (s *Server) SetReadLag(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readLag = n
}

// AppearAfter lets the next n calls that name the bucket answer NoSuchBucket,
// whether it was created before or will be later. PutBucket and ListBuckets are
// not affected.
func (s *Server) AppearAfter(bucket string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden[bucket] = n
}
