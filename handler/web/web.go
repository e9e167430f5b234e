// Package web is the HTTP side of the function: routes, callers and what they may
// do, problems, EventBridge's signature, and the HTTP trigger's events. A route
// parses, calls package service, and replies.
//
// # What to call
//
// [New] returns the routes as an [http.Handler] for any server. [Web.Trigger]
// answers the event of an HTTP trigger.
//
// # What it promises
//
//   - Without an [Auth] HTTP is closed. A caller is checked before
//     anything is answered, even that a path does not exist.
//   - Every answer is JSON, a report or a problem (RFC 9457) with a code. A problem
//     says nothing that is secret.
//   - One log line for each request: who asked for which route, and the status.
package web

import (
	"log/slog"
	"net/http"
	"time"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// Web answers HTTP requests: one bucket's rule, a report, events, changes. It is
// safe for concurrent use. A request's context carries the identity
// ([ossenc.WithIdentity]), the deadline, and the platform's request ID
// ([ossenc.WithRequestID]).
type Web struct {
	service *service.Service
	auth    Auth
	log     *slog.Logger
	now     func() time.Time
}

// New returns the routes over s, for the callers that auth knows.
func New(s *service.Service, auth Auth) *Web {
	return &Web{service: s, auth: auth, log: s.Log, now: time.Now}
}

// ServeHTTP answers one request and logs one line about it.
func (web *Web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	id := ossenc.RequestIDFrom(r.Context())
	x := &exchange{ResponseWriter: w, web: web, req: r, requestID: id, log: web.log.With("request_id", id)}
	setSecurityHeaders(w.Header())
	if err := web.serve(x); err != nil {
		x.fail(err)
	}
	x.logRequest(time.Since(start))
}

// serve finds the route, checks the caller and lets the route answer. A panic is an
// error like any other.
func (web *Web) serve(x *exchange) (err error) {
	defer func() {
		if p := recover(); p != nil {
			x.log.LogAttrs(x.req.Context(), slog.LevelError, "panic", service.StackAttr())
			err = problemf(ossenc.Internal, "panic (%T) while answering; the stack is in the log", p)
		}
	}()
	m := find(x.req)
	scope := scopeAny
	if m.route != nil {
		x.route, x.bucketName, scope = m.route.pattern(), m.bucket, m.route.scope
	}
	if x.caller, err = web.auth.check(x, scope); err != nil {
		if m.route == nil || m.route.or == "" || !x.may(m.route.or) {
			return err
		}
	}
	if m.route == nil {
		return noRoute(m.allow)
	}
	if scope == ScopeApply && x.asksForMore() {
		if _, err = web.auth.check(x, ScopeRemove); err != nil {
			return err
		}
	}
	return m.route.serve(x)
}

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
