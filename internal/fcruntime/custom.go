package fcruntime

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"bucketwarden/ossenc"
)

// Limits of the server. The platform's own are 8 KB of headers from a client, to
// which it adds its own, and 32 MB of payload.
const (
	maxHeaderBytes    = 64 << 10
	maxPayload        = 32 << 20
	readHeaderTimeout = 10 * time.Second
	flushTime         = 500 * time.Millisecond
	// flushGrace is left to the platform to read the last answers: it may take the
	// process's end for the invocation's if it sees that first.
	flushGrace = 100 * time.Millisecond
)

// runCustom serves until ctx ends or the pre-stop hook was called.
func runCustom(ctx context.Context, cfg Config, invoke Invoke, logger *slog.Logger) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return err
	}
	return serve(ctx, l, cfg.Web, invoke, logger)
}

func serve(ctx context.Context, l net.Listener, web http.Handler, invoke Invoke, logger *slog.Logger) error {
	e := newDrainer(ctx, logger)
	srv := &http.Server{
		Handler:           &custom{invoke: invoke, web: web, drainer: e, logger: logger},
		ReadHeaderTimeout: readHeaderTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// There is no idle time-out: the platform keeps its connections alive, and
		// one that we close while it sends is an invocation that fails.
		BaseContext: func(net.Listener) context.Context { return e.work },
		ErrorLog:    slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	defer context.AfterFunc(ctx, e.begin)()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err // it could not accept
	case <-e.begun:
	}
	return shutDown(ctx, srv, e)
}

// shutDown waits for what runs, then for its answers to be on the wire. That
// this takes all its time is not a failure: a connection that was opened and not
// used yet counts as busy.
func shutDown(ctx context.Context, srv *http.Server, e *drainer) error {
	status := e.finish()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	time.Sleep(flushGrace)
	if status != 0 {
		return errors.New("ended before every invocation was answered")
	}
	return nil
}

// custom answers the platform and, through web, the callers of HTTP triggers.
type custom struct {
	invoke  Invoke
	web     http.Handler
	drainer *drainer
	logger  *slog.Logger
}

// ServeHTTP lets only the platform itself reach the paths that are reserved for
// it. It says in x-fc-control-path what it calls, which is /http-invoke for the
// request of an HTTP trigger, whatever path that has; clients cannot send headers
// of that kind. Without exactly one such header there is no access.
func (c *custom) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	aw := &answerWriter{ResponseWriter: w}
	defer c.recoverInto(aw, r)
	r.Body = http.MaxBytesReader(aw, r.Body, maxPayload)
	control := r.Header.Values(headerControlPath)
	switch {
	case !isReserved(r.URL.Path):
		c.serveWeb(aw, r)
	case len(control) != 1 || control[0] != r.URL.Path:
		http.Error(aw, "only the platform calls this path", http.StatusForbidden)
	case r.Method != methodOf(r.URL.Path):
		http.Error(aw, "method not allowed", http.StatusMethodNotAllowed)
	case r.URL.Path == pathPreStop:
		c.preStop()
	case r.URL.Path == pathInvoke:
		c.serveInvoke(aw, r)
	}
	// What is left is /initialize: there is nothing to do, and 200 says so.
}

// The paths that the platform calls.
const (
	pathInvoke     = "/invoke"
	pathInitialize = "/initialize"
	pathPreStop    = "/pre-stop"
)

func isReserved(path string) bool {
	return path == pathInvoke || path == pathInitialize || path == pathPreStop
}

func methodOf(path string) string {
	if path == pathPreStop {
		return http.MethodGet
	}
	return http.MethodPost
}

// preStop answers when nothing else runs; the process ends after that.
func (c *custom) preStop() {
	c.drainer.settle(0)
}

// running counts a request as running until done is called. It refuses one that
// comes after the end has begun.
func (c *custom) running(w http.ResponseWriter, r *http.Request) (_ *http.Request, done func(), ok bool) {
	if c.drainer.isBegun() {
		return r, nil, false
	}
	c.drainer.add(1)
	deadline := deadlineIn(r.Header, time.Now())
	ctx := ossenc.WithRequestID(takeIdentity(r.Context(), r.Header), r.Header.Get(headerRequestID))
	if n, err := strconv.Atoi(r.Header.Get(headerRetryCount)); err == nil {
		ctx = ossenc.WithRetryCount(ctx, n)
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	r = r.WithContext(ctx)
	release := c.bound(w, r)
	return r, func() { release(); cancel(); c.drainer.add(-1) }, true
}

func (c *custom) serveWeb(w http.ResponseWriter, r *http.Request) {
	r, done, ok := c.running(w, r)
	if !ok {
		w.Header().Set("Connection", "close")
		http.Error(w, "this instance is ending", http.StatusServiceUnavailable)
		return
	}
	defer done()
	if c.web == nil {
		http.NotFound(w, r)
		return
	}
	c.web.ServeHTTP(w, r)
}

func (c *custom) serveInvoke(w http.ResponseWriter, r *http.Request) {
	r, done, ok := c.running(w, r)
	if !ok {
		c.fail(w, &failure{ossenc.Unavailable, "this instance is ending"})
		return
	}
	defer done()
	payload, err := io.ReadAll(r.Body)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.fail(w, &failure{ossenc.Deadline, "the payload did not arrive in time"})
		return
	}
	if err != nil {
		c.fail(w, &failure{ossenc.Invalid, "the payload could not be read: " + err.Error()})
		return
	}
	body, err := c.invoke(r.Context(), payload)
	if err != nil {
		c.fail(w, err)
		return
	}
	c.write(w, http.StatusOK, body)
}

// fail answers a failed invocation. The platform takes it for one only if both
// the status and the header say so.
func (c *custom) fail(w http.ResponseWriter, err error) {
	body, merr := json.Marshal(map[string]string{"errorMessage": err.Error(), "errorType": errorType(err)})
	if merr != nil { // strings always encode
		body = nil
	}
	w.Header().Set(headerStatus, "404")
	c.write(w, http.StatusNotFound, body)
}

func (c *custom) write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		c.logger.Error("an answer is lost: the platform has gone", "error", err)
	}
}
