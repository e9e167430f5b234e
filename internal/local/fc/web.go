package fc

import (
	"context"
	"errors"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"time"
)

// serveWeb is the HTTP trigger of a custom runtime: the request goes to the
// child as it is, with the platform's headers in place of the client's.
func (f *Function) serveWeb(w http.ResponseWriter, r *http.Request) {
	if err := checkLimits(r); err != nil {
		writeError(w, http.StatusBadRequest, "InvalidArgument", err.Error())
		return
	}
	result := Result{RequestID: newID("1")}
	w.Header().Set(headerRequestID, result.RequestID)
	err := f.withInstance(r.Context(), func(inst *instance) error {
		f.forward(inst, result, w, r)
		return nil
	})
	if err != nil {
		f.cfg.refuse(w, result, err, http.StatusInternalServerError, "InternalServerError")
	}
}

// forward sends r to inst within the function's timeout.
func (f *Function) forward(inst *instance, result Result, w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	deadline := start.Add(f.cfg.Timeout)
	ctx, cancel := context.WithDeadlineCause(r.Context(), deadline, errTimedOut)
	defer cancel()
	// The proxy panics, by contract, when the child breaks off in the middle
	// of an answer.
	defer func() {
		if errors.Is(context.Cause(ctx), errTimedOut) {
			f.retire(inst)
		}
	}()
	r.Body = http.MaxBytesReader(w, r.Body, maxSyncPayload)
	proxy := f.proxy(inst, f.cfg.header(result.RequestID, 0, deadline))
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		result.Duration = time.Since(start)
		f.cfg.refuse(w, result, blame(r.Context(), err), http.StatusBadGateway, "BadResponse")
	}
	inst.during(ctx, func(ctx context.Context) error {
		proxy.ServeHTTP(w, r.WithContext(ctx))
		return nil
	})
}

func (f *Function) proxy(inst *instance, header http.Header) *httputil.ReverseProxy {
	c := inst.link.(*custom)
	header.Set(headerControlPath, "/http-invoke")
	return &httputil.ReverseProxy{
		Transport: c.transport,
		ErrorLog:  log.New(f.lines, "", 0),
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", c.host
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			p.SetXForwarded()
			dropReserved(p.Out.Header)
			maps.Copy(p.Out.Header, header)
		},
	}
}

// refuse tells the client why there is no answer: the function failed, or else
// the status and code given.
func (c Config) refuse(w http.ResponseWriter, r Result, err error, status int, code string) {
	r, err = c.settle(r, err)
	if err != nil {
		writeError(w, status, code, err.Error())
		return
	}
	r.respond(w)
}
