// Package fcruntime is the function's side of Function Compute's runtimes: it
// takes invocations from the platform, gives each its own identity, and reports
// the outcome.
package fcruntime

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"strings"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"bucketwarden/handler"
	"bucketwarden/ossenc"
)

// Config says which runtime the platform started the process in.
type Config struct {
	// API is the host and port of the Runtime API (FC_RUNTIME_API), set in the
	// runtime go1 only.
	API string
}

// Invoke handles one payload and returns the answer as JSON, or an error whose
// text is the answer. A *[handler.Failure] carries its code to the platform.
type Invoke func(ctx context.Context, requestID string, payload []byte) (json.RawMessage, error)

// Run serves invocations until the platform ends the process. It returns only
// if there is no platform.
func Run(cfg Config, invoke Invoke, logger *slog.Logger) error {
	if cfg.API == "" {
		return errors.New("this is a function for Alibaba Cloud Function Compute, and FC_RUNTIME_API is not set; `make demo` runs it on this machine")
	}
	log.SetOutput(sdkLog{logger})
	http.DefaultTransport = newGuard(http.DefaultTransport, logger)
	fc.RegisterInitializerFunction(func(context.Context) {})
	fc.RegisterPreStopFunction(func(context.Context) {})
	fc.Start(go1(invoke))
	return errors.New("the runtime loop ended")
}

// go1 returns what the runtime SDK calls. A function value is needed: the SDK
// refuses a struct at every call. The metadata is read once, because reading it
// writes to it.
func go1(invoke Invoke) func(context.Context, []byte) (json.RawMessage, error) {
	return func(ctx context.Context, payload []byte) (json.RawMessage, error) {
		meta, ok := fccontext.FromContext(ctx)
		if !ok {
			meta = &fccontext.FcContext{}
		}
		ctx = ossenc.WithIdentity(ctx, ossenc.Identity{
			Credentials: ossenc.Credentials{
				AccessKeyID:     meta.Credentials.AccessKeyId,
				AccessKeySecret: meta.Credentials.AccessKeySecret,
				SecurityToken:   meta.Credentials.SecurityToken,
			},
			Region:    meta.Region,
			AccountID: meta.AccountId,
		})
		body, err := invoke(ctx, meta.RequestID, payload)
		if err != nil {
			return nil, reported(err)
		}
		return body, nil
	}
}

// reported gives err the form whose Type the runtime SDK publishes as errorType.
// It is a value, not a pointer: the SDK tests for exactly that.
func reported(err error) error {
	code := ossenc.Internal
	if f, ok := errors.AsType[*handler.Failure](err); ok {
		code = f.Code
	}
	return messages.InvokeResponse_Error{Type: string(code), Message: err.Error()}
}

// sdkLog turns what the runtime SDK prints into lines like all others. What it
// prints of failed invocations repeats our own lines, so that is for debugging.
type sdkLog struct{ logger *slog.Logger }

func (l sdkLog) Write(p []byte) (int, error) {
	text := strings.Join(strings.Fields(string(p)), " ")
	level := slog.LevelWarn
	if strings.Contains(text, "[ERROR]") {
		level = slog.LevelDebug
	}
	l.logger.Log(context.Background(), level, "runtime sdk", "text", text[:min(len(text), 500)])
	return len(p), nil
}
