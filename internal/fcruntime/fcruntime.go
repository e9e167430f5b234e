// Package fcruntime is the function's side of Function Compute's runtimes: it
// takes invocations from the platform, gives each its own identity and deadline,
// and reports the outcome. One binary serves two runtimes:
//
//   - go1, where the runtime SDK polls the Runtime API. The SDK's loop cannot be
//     reached, so a guard in its HTTP transport does what the loop does not: it
//     waits after a failed poll, ends the process when polls go on failing, sends
//     an answer again that was not taken, mends what the SDK would stumble over,
//     and counts what runs.
//   - custom.debian12, where this package is the HTTP server that the platform
//     calls. Only the platform reaches /invoke, /initialize and /pre-stop; every
//     other request goes to [Config].Web.
//
// # The end
//
// SIGTERM, SIGINT and the pre-stop hook stop the intake, let what runs finish,
// and end the process: with status 0 if all was answered. What still runs after
// 8 seconds has its context cancelled, so that it answers with what it has done;
// after 1.5 more the process ends with status 1. The custom runtime then takes up
// to 0.6 more to get its last answers out.
//
// # What cannot be guarded
//
// An invocation that the Runtime API hands to a poll at the very moment the
// process ends is lost; so are all of them when the process is killed. A panic in
// a goroutine of the SDK ends the process.
package fcruntime

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"bucketwarden/ossenc"
)

// Config says which runtime the platform started the process in.
type Config struct {
	// API is the host and port of the Runtime API (FC_RUNTIME_API), set in the
	// runtime go1 only.
	API string
	// Listen is the address to serve in a custom runtime, such as 0.0.0.0:9000;
	// empty outside one.
	Listen string
	// Web answers HTTP triggers in a custom runtime; nil means that there is
	// nothing to be had. Its requests carry the identity and the deadline of the
	// call in their context. In go1 an HTTP trigger's call is an event.
	Web http.Handler
}

// ConfigFrom finds the runtime in the environment: go1 if there is a Runtime
// API, a custom one if not but other variables of the platform are there.
func ConfigFrom(env map[string]string) Config {
	c := Config{API: env["FC_RUNTIME_API"]}
	port := env["FC_CUSTOM_LISTEN_PORT"]
	if c.API == "" && (port != "" || env["FC_FUNCTION_NAME"] != "") {
		c.Listen = "0.0.0.0:" + cmp.Or(port, "9000")
	}
	return c
}

// endSignals are those by which a platform ends a process.
var endSignals = []os.Signal{syscall.SIGTERM, syscall.SIGINT}

// Invoke handles one payload and returns the answer as JSON, or an error whose
// text is the answer. The context carries the identity, the deadline and the
// request ID. An error with the method ErrorType() string names its type to the
// platform; any other is "internal".
type Invoke func(ctx context.Context, payload []byte) (json.RawMessage, error)

// Run serves invocations until the platform, or the end of ctx, ends the
// process. It returns an error if there is no platform or an invocation was left
// unanswered. In go1 it does not return, because the SDK's loop does not: the
// process exits.
func Run(ctx context.Context, cfg Config, invoke Invoke, logger *slog.Logger) error {
	switch {
	case cfg.API != "":
		return runGo1(ctx, cfg, invoke, logger)
	case cfg.Listen != "":
		ctx, stop := signal.NotifyContext(ctx, endSignals...)
		defer stop()
		return runCustom(ctx, cfg, invoke, logger)
	}
	return errors.New("this is a function for Alibaba Cloud Function Compute, and neither FC_RUNTIME_API nor FC_CUSTOM_LISTEN_PORT is set; the command for people is cmd/bucketwarden (make install), and bucketwarden demo runs this function here")
}

// errorType is what the platform publishes of a failed invocation besides its
// text.
func errorType(err error) string {
	if f, ok := errors.AsType[interface {
		error
		ErrorType() string
	}](err); ok {
		return f.ErrorType()
	}
	return string(ossenc.Internal)
}

// failure is an invocation that fails before it reaches [Invoke].
type failure struct {
	code ossenc.Code
	text string
}

func (f *failure) Error() string { return f.text }

// ErrorType returns the code.
func (f *failure) ErrorType() string { return string(f.code) }
