package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// exchange is one request and its answer.
type exchange struct {
	http.ResponseWriter

	web        *Web
	req        *http.Request
	log        *slog.Logger
	requestID  string
	route      string // the pattern that matched
	bucketName string // the one in the path
	caller     string // who asks, as far as that is known
	status     int    // 0 until the answer has begun
	body       []byte // what [exchange.read] has read
}

// Unwrap is for [http.ResponseController].
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// WriteHeader remembers the status for the log.
func (x *exchange) WriteHeader(status int) {
	x.status = status
	x.ResponseWriter.WriteHeader(status)
}

// Write begins the answer with 200 if nothing did.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	return x.ResponseWriter.Write(b)
}

// may reports whether the caller has the scope, and HTTP can do what it stands for.
func (x *exchange) may(scope Scope) bool {
	_, err := x.web.auth.check(x, scope)
	return err == nil
}

func (x *exchange) ctx() context.Context { return x.req.Context() }

// fail answers with the problem that err stands for. An answer that has begun stays
// as it is: its own end says what went wrong.
func (x *exchange) fail(err error) {
	p, cause := problemOf(err)
	if cause != nil {
		x.logCause("unexpected error", cause)
	}
	if x.status != 0 {
		return
	}
	p.RequestID = x.requestID
	for name, values := range p.header {
		x.Header()[name] = values
	}
	if x.isForBrowser() {
		x.showProblem(p)
		return
	}
	x.Header().Set("Content-Type", "application/problem+json")
	x.WriteHeader(p.Status)
	_ = strictjson.Encode(x, p) // a caller that has gone needs nothing
}

// logCause logs an error that no answer repeats because its text may hold anything.
func (x *exchange) logCause(message string, cause error) {
	text := "[left out]"
	if line := x.web.service.Line; line != nil {
		text = line(x.ctx(), cause.Error())
	}
	x.log.LogAttrs(x.ctx(), slog.LevelError, message, slog.String("type", fmt.Sprintf("%T", cause)), slog.String("error", text))
}

// reply answers 200 with v.
func (x *exchange) reply(v any) error {
	x.Header().Set("Content-Type", "application/json")
	_ = strictjson.Encode(x, v) // plain structs always encode, and a caller that has gone needs nothing
	return nil
}

// read returns the body, at most limit bytes of it.
func (x *exchange) read(limit int64) ([]byte, error) {
	if x.body != nil {
		return x.body, nil
	}
	if e := x.req.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, problemf(codeMediaType, "Content-Encoding %.40q: send the body as it is", e)
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.ResponseWriter, x.req.Body, limit))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, problemf(codeTooLarge, "the body has more than %d bytes", tooLarge.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, problemf(ossenc.Deadline, "the body did not arrive in time")
	}
	if err != nil {
		return nil, problemf(ossenc.Invalid, "the body could not be read")
	}
	x.body = body
	return body, nil
}

// parameters returns the query, each name with one value: the HTTP trigger joins
// several by a comma, and so does this. Others than names are an error: a misspelt
// dry_run must not write, and a misspelt region must not report other buckets. So is one
// without a value where something may be written: an empty dry_run is none.
func (x *exchange) parameters(names ...string) (map[string]string, error) {
	values, err := url.ParseQuery(x.req.URL.RawQuery)
	if err != nil {
		return nil, problemf(ossenc.Invalid, "the query is not well-formed")
	}
	one := map[string]string{}
	for name, all := range values {
		if !slices.Contains(names, name) {
			return nil, problemf(ossenc.Invalid, "there is no parameter %.40q here; there are %s", name, cmp.Or(strings.Join(names, ", "), "none"))
		}
		if one[name] = strings.Join(all, ","); one[name] == "" && x.req.Method != http.MethodGet && x.req.Method != http.MethodHead {
			return nil, problemf(ossenc.Invalid, "%s has no value", name)
		}
	}
	return one, nil
}

// asksForMore reports whether the query asks for what can weaken a rule or go past the
// policy, which takes more than the route's own scope. What makes no sense is refused
// later.
func (x *exchange) asksForMore() bool {
	query, err := url.ParseQuery(x.req.URL.RawQuery)
	return err == nil && (slices.Contains(query["compare"], string(ossenc.Exact)) || query.Has("override"))
}

// logRequest writes the one line that says who asked for what. It names the route,
// not the path: anybody can put anything into a path.
func (x *exchange) logRequest(took time.Duration) {
	level := slog.LevelInfo
	if x.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	x.log.LogAttrs(x.ctx(), level, "http",
		slog.String("route", x.route),
		slog.String("by", x.caller),
		slog.Int("status", x.status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
	)
}
