package handler

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"sync"
	"time"

	"bucketwarden/ossenc"
)

// Web answers HTTP requests: one bucket's rule, the account's report, events.
// It is safe for concurrent use. The same one serves behind the HTTP trigger
// (set it as [Handler.HTTP]) and any HTTP server. A request's context carries
// the identity ([ossenc.WithIdentity]), the deadline, and the platform's request
// id ([WithRequestID]).
type Web struct {
	handler *Handler
	auth    Auth
	mux     func() *http.ServeMux // made for the first request: most instances see none
	now     func() time.Time
}

// NewWeb returns the routes over h, open to whom auth says.
func NewWeb(h *Handler, auth Auth) *Web {
	return &Web{handler: h, auth: auth, mux: sync.OnceValue(newMux), now: time.Now}
}

func newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
			x := w.(*exchange) // ServeHTTP passes no other
			x.req = req        // the one with the path's values
			x.fail(r.serve(x))
		})
	}
	return mux
}

// scopeOf returns the scope that the route with this pattern asks for.
func scopeOf(pattern string) (_ Scope, found bool) {
	for _, r := range routes {
		if r.pattern == pattern {
			return r.scope, true
		}
	}
	return scopeAny, false
}

// routes are all there are, each with the scope that it asks for.
var routes = []struct {
	pattern string
	scope   Scope
	serve   func(*exchange) error
}{
	{"GET /healthz", scopePublic, (*exchange).health},
	{"GET /openapi.json", scopeAny, (*exchange).openAPI},
	{"GET /report", ScopeReport, (*exchange).report},
	{"GET /buckets/{bucket}/encryption", ScopeReport, (*exchange).showRule},
	{"PUT /buckets/{bucket}/encryption", ScopeApply, (*exchange).applyRule},
	{"DELETE /buckets/{bucket}/encryption", ScopeRemove, (*exchange).removeRule},
	{"POST /events", ScopeEvents, (*exchange).receiveEvents},
	{"POST /sweep", ScopeApply, (*exchange).runSweep},
	{"POST /apply", ScopeApply, (*exchange).applyPlan},
	{"POST /restore", ScopeRemove, (*exchange).restoreRules},
}

type requestIDKey struct{}

// WithRequestID returns a context that carries the platform's request id, which
// log lines and problems repeat.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// ServeHTTP answers one request and logs one line about it.
func (web *Web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	ctx, cancel := withMargin(r.Context())
	defer cancel()
	x := &exchange{ResponseWriter: w, web: web, req: r.WithContext(ctx), requestID: requestIDFrom(ctx)}
	x.log = web.handler.Log.With("request_id", x.requestID)
	setSecurityHeaders(w.Header())
	defer func() {
		if p := recover(); p != nil {
			x.log.LogAttrs(ctx, slog.LevelError, "panic", stackAttr())
			x.fail(problemf(ossenc.Internal, "panic (%T) while answering; the stack is in the log", p))
		}
		x.logRequest(time.Since(start))
	}()
	x.fail(web.serve(x))
}

// serve finds the route and lets through who may.
func (web *Web) serve(x *exchange) error {
	_, x.route = web.mux().Handler(x.req)
	scope, found := scopeOf(x.route)
	if !found || !isClean(x.req) {
		x.route, scope = "", scopeAny
	}
	if err := web.auth.check(x, scope); err != nil {
		return err
	}
	if x.route == "" {
		return web.noRoute(x)
	}
	web.mux().ServeHTTP(x, x.req)
	return nil
}

// isClean reports whether the path is spelt as the routes are: the mux would
// answer others with a redirect.
func isClean(r *http.Request) bool {
	return path.Clean(r.URL.EscapedPath()) == r.URL.EscapedPath()
}

// noRoute says that there is no such path, or no such method on it.
func (web *Web) noRoute(x *exchange) error {
	p := problemf(codeNoRoute, "there is no such path; see /openapi.json")
	if !isClean(x.req) {
		return p
	}
	probe := &headerProbe{header: http.Header{}}
	web.mux().ServeHTTP(probe, x.req)
	if allow := probe.header.Get("Allow"); allow != "" {
		p = problemf(codeMethod, "this path takes %s", allow)
		p.header = http.Header{"Allow": {allow}}
	}
	return p
}

// headerProbe keeps the headers of an answer only.
type headerProbe struct{ header http.Header }

func (p *headerProbe) Header() http.Header         { return p.header }
func (p *headerProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *headerProbe) WriteHeader(int)             {}

// strictPolicy is for what no browser has to show.
const strictPolicy = "default-src 'none'; frame-ancestors 'none'"

func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", strictPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
}
