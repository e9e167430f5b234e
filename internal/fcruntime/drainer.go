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
	grace       = 8 * time.Second
	cancelGrace = 1500 * time.Millisecond // for cancelled invocations to answer
)

// drainer counts running invocations and drains them: it stops the intake, lets
// them finish, then cancels what is left.
type drainer struct {
	logger *slog.Logger
	// work is the context of all that runs; cancelWork ends it.
	work       context.Context
	cancelWork context.CancelFunc
	// begun is closed when nothing new is to be taken.
	begun chan struct{}
	begin func()
	// intake is the context of what is still arriving; it ends when begun is closed.
	intake context.Context
	// settled is closed when all is done, or the time is up.
	settled chan struct{}

	mu      sync.Mutex
	changed sync.Cond
	running int
}

func newDrainer(ctx context.Context, logger *slog.Logger) *drainer {
	d := &drainer{logger: logger, begun: make(chan struct{}), settled: make(chan struct{})}
	d.changed.L = &d.mu
	// Cancelling ctx starts the drain; it does not cancel running invocations.
	d.work, d.cancelWork = context.WithCancel(context.WithoutCancel(ctx))
	var stopIntake context.CancelFunc
	d.intake, stopIntake = context.WithCancel(d.work)
	d.begin = sync.OnceFunc(func() {
		close(d.begun)
		stopIntake()
		go d.runOut()
	})
	return d
}

// runOut gives running invocations their grace, then cancels them, then gives up.
func (d *drainer) runOut() {
	defer close(d.settled)
	if d.wait(grace, 0) {
		return
	}
	d.logger.Warn("ending, and invocations still run; they are cut short", "running", d.count())
	d.cancelWork()
	d.wait(cancelGrace, 0)
}

// isBegun reports whether nothing new is to be taken.
func (d *drainer) isBegun() bool {
	select {
	case <-d.begun:
		return true
	default:
		return false
	}
}

// settle stops the intake and waits until no more than own of what runs is left:
// the caller itself, where that counts as running.
func (d *drainer) settle(own int) {
	d.begin()
	d.wait(grace+cancelGrace, own)
}

// finish stops the intake, waits, and returns the status to exit with.
func (d *drainer) finish() int {
	d.begin()
	<-d.settled
	if n := d.count(); n > 0 {
		d.logger.Error("ended with invocations unanswered", "running", n)
		return 1
	}
	return 0
}

// add counts n more, or with a negative n fewer, as running.
func (d *drainer) add(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running += n
	d.changed.Broadcast()
}

func (d *drainer) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.running
}

// wait blocks until no more than left run, or limit has passed; it reports whether
// that many or fewer are left.
func (d *drainer) wait(limit time.Duration, left int) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.work), limit)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.changed.Broadcast()
	})()
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.running > left && ctx.Err() == nil {
		d.changed.Wait()
	}
	return d.running <= left
}

// bound returns the context of one invocation. It ends at the deadline of ctx, and also
// when running invocations are cancelled. It has none of the values of ctx.
func (d *drainer) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(d.work, deadline)
	}
	return context.WithCancel(d.work)
}
