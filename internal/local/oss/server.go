package oss

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"bucketwarden/internal/local/wire"
)

// Options configures a [Server]. The zero value is ready to use.
type Options struct {
	// AccountID owns the buckets and keys that name no account. Default 1234567890123456.
	AccountID string
	// Keys are the access keys that may sign, if several services know the same
	// ones. Nil begins with none.
	Keys *wire.Keys
	// Now is the clock of the server. Default time.Now.
	Now func() time.Time
	// Latency is added to every answer; a caller that goes away ends the wait.
	Latency time.Duration
	// Domain is one more host name with virtual-hosted addressing: <bucket>.<Domain>.
	Domain string
	// MaxLog bounds the number of calls kept for [Server.Requests]. Default 10000.
	MaxLog int
	// MaxBytes bounds what objects, parts and uploads under way take of the memory.
	// Default 256 MiB.
	MaxBytes int64
	// KMS knows the keys that uploads are encrypted with. Nil takes every key.
	KMS KMS
	// OnCall receives each call once its answer is sent, as an audit trail does.
	// It may be called from several goroutines.
	OnCall func(Request)
	// OnRule receives each read of a rule and each change of one, in the order
	// in which they happen. It must not call the server.
	OnRule func(Access)
}

// Server is the service. It is safe for use by several goroutines, and its
// hooks may call its methods.
type Server struct {
	opts   Options
	keys   *wire.Keys
	log    *wire.Log[Request]
	faults wire.Hook[Request, Fault]
	room   room

	mu      sync.Mutex // guards everything below
	buckets map[string]*bucketState
	names   []string       // sorted names of buckets; nil after a change
	hidden  map[string]int // requests a bucket still stays unseen for
	readLag int
}

// New returns a server without buckets and keys.
func New(opts Options) *Server {
	opts.AccountID = cmp.Or(opts.AccountID, wire.DefaultAccount)
	opts.MaxLog = cmp.Or(opts.MaxLog, 10000)
	opts.MaxBytes = cmp.Or(opts.MaxBytes, 256<<20)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Keys == nil {
		opts.Keys = wire.NewKeys(opts.AccountID)
	}
	return &Server{
		opts:    opts,
		keys:    opts.Keys,
		log:     wire.NewLog[Request](opts.MaxLog),
		room:    room{max: opts.MaxBytes},
		buckets: map[string]*bucketState{},
		hidden:  map[string]int{},
	}
}

// ServeHTTP answers one OSS request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := s.newCall(r)
	defer c.release()
	a, fault := s.run(c)
	c.request.Status, c.request.Code = a.status, a.code
	s.log.Add(c.request.Operation, c.request)
	if s.opts.OnCall != nil {
		defer s.opts.OnCall(c.request) // deferred: a spoilt answer leaves by a panic
	}
	s.send(w, c, a, fault)
}

// run authenticates and executes the call, with the fault the hook asks for. An
// answer without a status is none: the caller has gone, or is to be cut off.
func (s *Server) run(c *call) (answer, Fault) {
	if !wire.Pause(c.http.Context(), s.opts.Latency) {
		return answer{}, Fault{}
	}
	if f := s.admit(c); f != nil {
		return c.failed(f), Fault{}
	}
	fault := s.faults.For(c.request)
	c.keep = fault.Keep
	if fault.After {
		a := s.execute(c)
		wire.Pause(c.http.Context(), fault.Delay)
		return fault.answer(c, a), fault
	}
	if !wire.Pause(c.http.Context(), fault.Delay) {
		return answer{}, Fault{}
	}
	if fault.replaces() {
		return fault.answer(c, answer{}), fault
	}
	return s.execute(c), fault
}

// execute runs the operation as if no fault hook existed.
func (s *Server) execute(c *call) answer {
	a, f := c.operate(s, c)
	if f != nil {
		return c.failed(f)
	}
	return a
}
