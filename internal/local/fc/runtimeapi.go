package fc

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
)

const runtimePath = "/2020-11-11/runtime/invocation/"

// RuntimeAPI is the server that a go1 function polls. Serve it over HTTP and
// give its host and port to the function as FC_RUNTIME_API.
type RuntimeAPI struct {
	cfg    Config
	mux    *http.ServeMux
	work   chan *pending
	polled chan struct{}

	mu       sync.Mutex
	inFlight map[string]*pending
	lost     int
	down     chan struct{}
	seen     bool
}

// pending is a call between its arrival and its answer.
type pending struct {
	call
	done chan answer
}

// NewRuntimeAPI returns a server for the function that cfg describes; Command
// and what else belongs to the child process play no part.
func NewRuntimeAPI(cfg Config) *RuntimeAPI {
	r := &RuntimeAPI{
		cfg:      cfg.withDefaults(),
		mux:      http.NewServeMux(),
		work:     make(chan *pending),
		polled:   make(chan struct{}),
		inFlight: map[string]*pending{},
		down:     make(chan struct{}),
	}
	r.mux.HandleFunc("GET "+runtimePath+"next", r.next)
	r.mux.HandleFunc("POST "+runtimePath+"{id}/response", r.response)
	r.mux.HandleFunc("POST "+runtimePath+"{id}/error", r.failure)
	return r
}

// ServeHTTP answers the function's requests.
func (r *RuntimeAPI) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mux.ServeHTTP(w, req)
}

// Invoke hands event to the next poll and waits for the answer. Its error is
// ctx's: a failing or slow function is a Result.
func (r *RuntimeAPI) Invoke(ctx context.Context, event []byte) (Result, error) {
	return r.cfg.perform(ctx, r, call{id: newID("1"), event: event})
}

// SetDown makes every poll fail with status 500, those that wait included,
// until it is called with false.
func (r *RuntimeAPI) SetDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if down == isClosed(r.down) {
		return
	}
	if down {
		close(r.down)
		return
	}
	r.down = make(chan struct{})
}

// LoseAnswers makes the next n answers fail with status 500; they are lost.
func (r *RuntimeAPI) LoseAnswers(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost = n
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// call implements caller.
func (r *RuntimeAPI) call(ctx context.Context, c call) (answer, error) {
	p := &pending{call: c, done: make(chan answer, 1)}
	r.keep(p)
	select {
	case r.work <- p:
	case <-ctx.Done():
		r.take(c.id)
		return answer{}, context.Cause(ctx)
	}
	select {
	case a := <-p.done:
		return a, nil
	case <-ctx.Done():
	}
	if r.take(c.id) != nil {
		return answer{}, context.Cause(ctx)
	}
	// It was answered at the last moment.
	return <-p.done, nil
}

func (r *RuntimeAPI) next(w http.ResponseWriter, req *http.Request) {
	down := r.poll()
	if isClosed(down) {
		writeError(w, http.StatusInternalServerError, "InternalServerError", "the runtime API is down")
		return
	}
	select {
	case p := <-r.work:
		maps.Copy(w.Header(), p.header)
		w.Header().Set(headerFunctionType, strconv.Itoa(int(p.hook)))
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Write(p.event)
	case <-down:
		writeError(w, http.StatusInternalServerError, "InternalServerError", "the runtime API is down")
	case <-req.Context().Done():
	}
}

// poll notes that the function asked for work and returns the switch that
// ends its wait.
func (r *RuntimeAPI) poll() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.seen {
		r.seen = true
		close(r.polled)
	}
	return r.down
}

func (r *RuntimeAPI) keep(p *pending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight[p.id] = p
}

// take removes the call with this id, so that each is answered once.
func (r *RuntimeAPI) take(id string) *pending {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.inFlight[id]
	delete(r.inFlight, id)
	return p
}

// loses counts down the answers that are to be lost.
func (r *RuntimeAPI) loses() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost == 0 {
		return false
	}
	r.lost--
	return true
}

func (r *RuntimeAPI) response(w http.ResponseWriter, req *http.Request) { r.answer(w, req, false) }

func (r *RuntimeAPI) failure(w http.ResponseWriter, req *http.Request) { r.answer(w, req, true) }

func (r *RuntimeAPI) answer(w http.ResponseWriter, req *http.Request, failed bool) {
	payload, err := io.ReadAll(req.Body)
	if err != nil {
		writeError(w, http.StatusBadRequest, "InvalidArgument", err.Error())
		return
	}
	if r.loses() {
		writeError(w, http.StatusInternalServerError, "InternalServerError", "the answer was lost")
		return
	}
	p := r.take(req.PathValue("id"))
	if p == nil {
		writeError(w, http.StatusNotFound, "InvocationNotFound", "no invocation waits under this id")
		return
	}
	p.done <- answer{payload: payload, failed: failed}
}
