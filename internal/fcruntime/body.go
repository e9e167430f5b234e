package fcruntime

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// How long a request's body may take beside the invocation's deadline.
const (
	// bodyMargin is left before the deadline to answer that the body did not arrive.
	bodyMargin = 500 * time.Millisecond
	// bodyGrace is what is left to a body when the end of the process begins, and to
	// what of it nothing reads.
	bodyGrace = time.Second
)

// arriving is a request's body with an end in time: the end of a context does not end
// a read of the connection, only the connection's own deadline does.
type arriving struct {
	io.ReadCloser
	release func()
}

// Read implements [io.Reader]. After the end of the body the connection has no deadline
// any more: it waits then for the platform's next request.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err == io.EOF {
		a.release()
	}
	return n, err
}

// bound lets the body of r end shortly before the deadline of its context, at once when
// that is cancelled, and soon after the end of the process has begun. Call release before
// the context is cancelled: what comes later on the connection is another request's.
func (c *custom) bound(w http.ResponseWriter, r *http.Request) (release func()) {
	if r.Body == nil || r.ContentLength == 0 {
		return func() {}
	}
	var mu sync.Mutex
	released := false
	connection := http.NewResponseController(w)
	end := func(at time.Time) {
		mu.Lock()
		defer mu.Unlock()
		if !released {
			_ = connection.SetReadDeadline(at) // a writer without a connection has its body already
		}
	}
	if deadline, ok := r.Context().Deadline(); ok {
		end(deadline.Add(-bodyMargin))
	}
	stopCut := context.AfterFunc(r.Context(), func() { end(time.Now()) })
	stopSoon := context.AfterFunc(c.drainer.intake, func() { end(time.Now().Add(bodyGrace)) })
	releaseWith := func(at time.Time) {
		stopCut()
		stopSoon()
		end(at)
		mu.Lock()
		defer mu.Unlock()
		released = true
	}
	r.Body = &arriving{r.Body, func() { releaseWith(time.Time{}) }}
	// What the handler left unread the server reads, to use the connection again.
	return func() { releaseWith(time.Now().Add(bodyGrace)) }
}
