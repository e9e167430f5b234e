package fcruntime

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// How long the end may take. Together they stay below the 10 seconds that
// container platforms commonly leave between SIGTERM and SIGKILL; what Function
// Compute leaves is not documented.
const (
	grace     = 8 * time.Second
	lastWords = 1500 * time.Millisecond // for what is cut short to say so
)

// ending counts what runs and brings it to an orderly end.
type ending struct {
	logger *slog.Logger
	// work is the context of all that runs; hurry ends it.
	work  context.Context
	hurry context.CancelFunc
	// begun is closed when nothing new is to be taken.
	begun chan struct{}
	begin func()
	// settled is closed when all is done, or the time is up.
	settled chan struct{}

	mu      sync.Mutex
	changed sync.Cond
	running int
}

func newEnding(ctx context.Context, logger *slog.Logger) *ending {
	e := &ending{logger: logger, begun: make(chan struct{}), settled: make(chan struct{})}
	e.changed.L = &e.mu
	// The end of ctx is the beginning of the end, not the end of what runs.
	e.work, e.hurry = context.WithCancel(context.WithoutCancel(ctx))
	e.begin = sync.OnceFunc(func() {
		close(e.begun)
		go e.runOut()
	})
	return e
}

// runOut gives what runs its grace, then hurries it, then gives it up.
func (e *ending) runOut() {
	defer close(e.settled)
	if e.wait(grace, 0) {
		return
	}
	e.logger.Warn("ending, and invocations still run; they are cut short", "running", e.count())
	e.hurry()
	e.wait(lastWords, 0)
}

// isBegun reports whether nothing new is to be taken.
func (e *ending) isBegun() bool {
	select {
	case <-e.begun:
		return true
	default:
		return false
	}
}

// settle stops the intake and waits until no more than own of what runs is left:
// the caller itself, where that counts as running.
func (e *ending) settle(own int) {
	e.begin()
	e.wait(grace+lastWords, own)
}

// finish stops the intake, waits, and returns the status to exit with.
func (e *ending) finish() int {
	e.begin()
	<-e.settled
	if n := e.count(); n > 0 {
		e.logger.Error("ended with invocations unanswered", "running", n)
		return 1
	}
	return 0
}

// add counts n more, or with a negative n fewer, as running.
func (e *ending) add(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running += n
	e.changed.Broadcast()
}

func (e *ending) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running
}

// wait blocks until no more than left run, or d has passed; it reports whether
// that many or fewer are left.
func (e *ending) wait(d time.Duration, left int) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.work), d)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.changed.Broadcast()
	})()
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.running > left && ctx.Err() == nil {
		e.changed.Wait()
	}
	return e.running <= left
}

// bound returns a context that ends with ctx and also when what runs is hurried.
func (e *ending) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(e.work, cancel)
	return ctx, func() { stop(); cancel() }
}
