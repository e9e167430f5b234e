package fc

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The platform's payload limits.
const (
	maxSyncPayload  = 32 << 20
	maxAsyncPayload = 128 << 10
)

const headerInvocationType = "X-Fc-Invocation-Type"

// Handler returns the platform's front door. POST
// /2023-03-30/functions/{name}/invocations is the InvokeFunction API, without
// its signature; every other request goes to the function's HTTP trigger, which
// answers every method and asks for no authentication.
func (f *Function) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := invokedName(r)
		switch {
		case ok && name != f.cfg.FunctionName:
			writeError(w, http.StatusNotFound, "FunctionNotFound", fmt.Sprintf("function '%s' does not exist", name))
		case ok:
			f.serveInvoke(w, r)
		case f.cfg.Runtime == RuntimeCustom:
			f.serveWeb(w, r)
		default:
			f.serveTrigger(w, r)
		}
	})
}

// invokedName tells whether r is an InvokeFunction request and of which
// function. A ServeMux would redirect the trigger's unclean paths.
func invokedName(r *http.Request) (string, bool) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/2023-03-30/functions/")
	name, found := strings.CutSuffix(rest, "/invocations")
	return name, ok && found && r.Method == http.MethodPost && !strings.Contains(name, "/")
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
	event, err := readEvent(r)
	if err != nil {
		writeError(w, http.StatusBadRequest, "EntityTooLarge", err.Error())
		return
	}
	k := call{id: newID("1"), event: event}
	w.Header().Set(headerRequestID, k.id)
	if isAsync(r) {
		f.serveAsync(w, k)
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
	h.Set("X-Fc-Invocation-Duration", strconv.FormatInt(r.Duration.Milliseconds(), 10))
	if r.FunctionError != "" {
		h.Set(headerErrorType, r.FunctionError)
	}
}

// outcome invokes the function; as on the platform, a child that dies is a
// function that failed.
func (f *Function) outcome(ctx context.Context, k call) (Result, error) {
	return f.cfg.settle(f.invoke(ctx, k))
}
