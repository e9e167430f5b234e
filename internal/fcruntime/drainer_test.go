package fcruntime

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func endingFor(t *testing.T, log io.Writer) *drainer {
	t.Helper()
	return newDrainer(t.Context(), slog.New(slog.NewTextHandler(log, nil)))
}

func TestFinish(t *testing.T) {
	tests := []struct {
		name   string
		runs   time.Duration // how long the one invocation takes
		heeds  bool          // it stops when its context ends
		status int
		took   time.Duration
		lines  string // the log's messages
	}{
		{"waits for what runs", 3 * time.Second, true, 0, 3 * time.Second, ""},
		{"hurries what runs for too long", time.Hour, true, 0, 8 * time.Second, "ending, and invocations still run; they are cut short"},
		{
			"gives up what does not hurry", time.Hour, false, 1, 9500 * time.Millisecond,
			"ending, and invocations still run; they are cut short|ended with invocations unanswered",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				e := endingFor(t, &log)
				e.add(1)
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer e.add(-1)
					ctx, release := e.bound(t.Context())
					defer release()
					if !test.heeds {
						ctx = t.Context()
					}
					ctx, cancel := context.WithTimeout(ctx, test.runs)
					defer cancel()
					<-ctx.Done()
				}()
				start := time.Now()
				status := e.finish()
				if took := time.Since(start); status != test.status || took != test.took {
					t.Errorf("status %d after %v, want %d after %v", status, took, test.status, test.took)
				}
				if got := textsOf(log.String()); got != test.lines {
					t.Errorf("logged %q, want %q", got, test.lines)
				}
				<-done
			})
		})
	}
}

// textsOf returns the texts of slog's text lines, joined by |.
func textsOf(log string) string {
	var all []string
	for line := range strings.Lines(log) {
		_, rest, _ := strings.Cut(line, `msg="`)
		msg, _, _ := strings.Cut(rest, `"`)
		all = append(all, msg)
	}
	return strings.Join(all, "|")
}

// The pre-stop hook counts as running itself in go1, and must not wait for that.
func TestSettleWaitsForAllButItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := endingFor(t, io.Discard)
		e.add(2)
		time.AfterFunc(2*time.Second, func() { e.add(-1) })
		start := time.Now()
		e.settle(1)
		if took := time.Since(start); took != 2*time.Second || !e.isBegun() {
			t.Errorf("settled after %v, begun %v; want 2s, true", took, e.isBegun())
		}
		e.add(-1)
		if status := e.finish(); status != 0 {
			t.Errorf("status %d, want 0", status)
		}
	})
}

func TestEndOfTheContextDoesNotEndWhatRuns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := newDrainer(ctx, slog.New(slog.DiscardHandler))
	work, release := e.bound(t.Context())
	defer release()
	cancel()
	if work.Err() != nil || e.work.Err() != nil {
		t.Error("what runs was cancelled with the context that says when to end")
	}
	e.cancelWork()
	<-work.Done()
}
