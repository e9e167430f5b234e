package fcruntime

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fc/messages"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"bucketwarden/ossenc"
)

func runGo1(ctx context.Context, cfg Config, invoke Invoke, logger *slog.Logger) error {
	e := newDrainer(ctx, logger)
	log.SetOutput(sdkLog{logger})
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return errors.New("the runtime SDK's transport cannot be guarded: the default one was replaced")
	}
	newGuard(cfg.API, e, logger).install(transport)
	context.AfterFunc(ctx, func() { os.Exit(e.finish()) })
	fc.RegisterInitializerFunction(func(context.Context) {})
	fc.RegisterPreStopFunction(func(context.Context) {
		e.settle(1) // one is this hook itself
		go func() { os.Exit(e.finish()) }()
	})
	fc.Start(go1(invoke, e, sync.OnceFunc(func() { go exitOnSignal(e) })))
	return errors.New("the runtime loop ended")
}

// exitOnSignal ends the process in order at the first signal. It is asked for when the
// first event begins: before that nothing runs that a signal could cut short, and the
// threads that it takes are a part of the start. Later, after the first answer, would be
// cheaper still, but then a signal could cut that event short.
func exitOnSignal(e *drainer) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endSignals...)
	<-signals
	os.Exit(e.finish())
}

// go1 returns what the runtime SDK calls. A function value is needed: the SDK
// refuses a struct at every call. The metadata is read once, because reading it
// writes to it. begun is called at the beginning of every event.
func go1(invoke Invoke, e *drainer, begun func()) func(context.Context, []byte) (json.RawMessage, error) {
	return func(ctx context.Context, payload []byte) (json.RawMessage, error) {
		begun()
		growStack(len(payload))
		meta, ok := fccontext.FromContext(ctx)
		if !ok {
			meta = &fccontext.FcContext{}
		}
		ctx, release := e.bound(ctx)
		defer release()
		ctx = ossenc.WithRetryCount(ossenc.WithRequestID(ctx, meta.RequestID), meta.RetryCount)
		ctx = ossenc.WithIdentity(ctx, ossenc.Identity{
			Credentials: ossenc.Credentials{
				AccessKeyID:     meta.Credentials.AccessKeyId,
				AccessKeySecret: meta.Credentials.AccessKeySecret,
				SecurityToken:   meta.Credentials.SecurityToken,
			},
			Region:    meta.Region,
			AccountID: meta.AccountId,
		})
		body, err := invoke(ctx, payload)
		if err != nil {
			// By value, not by pointer: the SDK tests for exactly that.
			return nil, messages.InvokeResponse_Error{Type: errorType(err), Message: err.Error()}
		}
		return body, nil
	}
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
