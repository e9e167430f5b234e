package fc

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// The platform's payload limits.
const (
	maxSyncPayload  = 32 << 20
	maxAsyncPayload = 128 << 10
)

const (
	headerInvocationType = "X-Fc-Invocation-Type"
	headerTaskID         = "X-Fc-Async-Task-Id"
)

// Handler returns the platform's front door. Below /2023-03-30/functions/{name}/ is
// the API of the function: invocations, async-tasks and concurrency, signed if
// Config.Gateway is set. Every other request goes to the function's HTTP trigger,
// which answers every method; it is signed if Config.SignedTrigger is set.
func (f *Function) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Fc-Code-Checksum", f.sum())
		name, operation, isAPI := apiCall(r)
		switch {
		case isAPI && name != f.cfg.FunctionName:
			writeError(w, http.StatusNotFound, "FunctionNotFound", fmt.Sprintf("function '%s' does not exist", name))
		case isAPI:
			f.serveAPI(w, r, operation)
		default:
			f.serveHTTPTrigger(f.domain(w), r)
		}
	})
}

func (f *Function) serveHTTPTrigger(w http.ResponseWriter, r *http.Request) {
	switch {
	case f.cfg.SignedTrigger && f.refusesTrigger(w, r):
	case f.cfg.Runtime == RuntimeCustom:
		f.serveWeb(w, r)
	default:
		f.serveTrigger(w, r)
	}
}

// domain returns w as the trigger's domain writes to it.
func (f *Function) domain(w http.ResponseWriter) http.ResponseWriter {
	if f.cfg.TestDomain {
		return &testDomain{ResponseWriter: w}
	}
	return w
}

// testDomain adds what the platform's own domain adds to every answer, also in place
// of what the function says. (Source: the printed answer in "Configure signature
// authentication for HTTP triggers".)
type testDomain struct {
	http.ResponseWriter
	wrote bool
}

// WriteHeader sends the status and the headers.
func (d *testDomain) WriteHeader(status int) {
	d.wrote = true
	d.Header().Set("Content-Disposition", "attachment")
	d.Header().Set("Access-Control-Expose-Headers", "Date,x-fc-request-id")
	d.ResponseWriter.WriteHeader(status)
}

// Write sends the headers first, if they were not sent.
func (d *testDomain) Write(b []byte) (int, error) {
	if !d.wrote {
		d.WriteHeader(http.StatusOK)
	}
	return d.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (d *testDomain) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// apiCall reports whether r is a call of the API, of which function, and which
// operation it is: the method and the rest of the path. A ServeMux would redirect
// the trigger's unclean paths.
func apiCall(r *http.Request) (function, operation string, ok bool) {
	rest, isAPI := strings.CutPrefix(r.URL.Path, "/2023-03-30/functions/")
	function, operation, found := strings.Cut(rest, "/")
	switch operation = r.Method + " " + operation; operation {
	case "POST invocations", "GET async-tasks", "PUT concurrency":
		return function, operation, isAPI && found
	}
	return "", "", false
}

func (f *Function) serveAPI(w http.ResponseWriter, r *http.Request, operation string) {
	if g := f.cfg.Gateway; g != nil {
		if refused := g.Verify(r); refused != nil {
			writeError(w, refused.Status, refused.Code, refused.Message)
			return
		}
	}
	switch operation {
	case "GET async-tasks":
		f.serveTasks(w, r)
	case "PUT concurrency":
		f.serveConcurrency(w, r)
	default:
		f.serveInvoke(w, r)
	}
}

// refusesTrigger answers a request to the HTTP trigger that is not signed as it
// must be.
func (f *Function) refusesTrigger(w http.ResponseWriter, r *http.Request) bool {
	refused := f.cfg.Gateway.VerifyTrigger(r)
	if refused != nil {
		writeError(w, http.StatusForbidden, refused.Code, refused.Message)
	}
	return refused != nil
}

func isAsync(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get(headerInvocationType), "Async")
}

// readEvent reads the body up to the limit of its invocation type.
func readEvent(r *http.Request) ([]byte, error) {
	limit := maxSyncPayload
	if isAsync(r) {
		limit = maxAsyncPayload
	}
	event, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(event) > limit {
		return nil, fmt.Errorf("payload size exceeds maximum allowed size (%d bytes)", limit)
	}
	return event, nil
}

func (f *Function) serveInvoke(w http.ResponseWriter, r *http.Request) {
	k := call{id: newID("1")}
	w.Header().Set(headerRequestID, k.id)
	event, err := readEvent(r)
	if err != nil {
		writeError(w, http.StatusBadRequest, "EntityTooLarge", err.Error())
		return
	}
	k.event = event
	if isAsync(r) {
		f.serveAsync(w, k, r.Header.Get(headerTaskID))
		return
	}
	if f.stoppedByPlatform() {
		writeError(w, http.StatusTooManyRequests, "ResourceThrottled", "reserved concurrency of the function is 0")
		return
	}
	result, err := f.outcome(r.Context(), k)
	if err != nil {
		writeError(w, http.StatusInternalServerError, "InternalServerError", err.Error())
		return
	}
	result.describe(w.Header())
	if r.Header.Get("X-Fc-Log-Type") == "Tail" {
		w.Header().Set("X-Fc-Log-Result", base64.StdEncoding.EncodeToString([]byte(result.Log)))
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(result.Payload)
}

// describe sets the headers that go with every synchronous answer.
func (r Result) describe(h http.Header) {
	if r.InstanceID != "" {
		h.Set("X-Fc-Instance-Id", r.InstanceID)
	}
	h.Set("X-Fc-Invocation-Duration", strconv.FormatInt(r.Duration.Milliseconds(), 10))
	if r.FunctionError != "" {
		h.Set(headerErrorType, r.FunctionError)
	}
}

// outcome invokes the function; as on the platform, a child that dies is a
// function that failed.
func (f *Function) outcome(ctx context.Context, k call) (Result, error) {
	r, err := f.cfg.settle(f.invoke(ctx, k))
	if err == nil && f.cfg.OnResult != nil {
		f.cfg.OnResult(k.event, r)
	}
	return r, err
}

// checksum is CRC-64 (ECMA) of the executable, in the platform's decimal form. The
// platform's is of the package that holds it.
func (c Config) checksum() string {
	code, err := os.ReadFile(c.Command[0])
	if err != nil {
		return "0"
	}
	return strconv.FormatUint(crc64.Checksum(code, crc64.MakeTable(crc64.ECMA)), 10)
}
