package fcruntime

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// answerWriter knows whether an answer was begun.
type answerWriter struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader begins the answer.
func (w *answerWriter) WriteHeader(status int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the answer, if that was not done.
func (w *answerWriter) Write(p []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recoverInto answers a request whose handler panicked. An answer that was begun
// is broken off instead, so that it cannot pass for a whole one.
func (c *custom) recoverInto(w *answerWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	// The value may hold anything, so only its type is reported; the stack has no
	// values but addresses.
	c.logger.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", r.Header.Get(headerRequestID)),
		slog.String("type", fmt.Sprintf("%T", p)), slog.String("stack", string(debug.Stack())))
	if w.begun {
		panic(http.ErrAbortHandler)
	}
	if r.URL.Path == pathInvoke {
		c.fail(w, fmt.Errorf("panic (%T); the stack is in the log", p))
		return
	}
	http.Error(w, "internal error", http.StatusInternalServerError)
}
