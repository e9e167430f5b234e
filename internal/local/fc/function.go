package fc

import (
	"context"
	"errors"
	"os"
	"sync"
)

// ErrStopped is returned by a [Function] after its Stop.
var ErrStopped = errors.New("localfc: the function is stopped")

// Function is a function with at most one running instance. Its methods may be
// called from several goroutines.
type Function struct {
	cfg   Config
	lines *lines
	slots chan struct{}
	sum   func() string // of the code

	// async is the time of background invocations; Stop ends it.
	async      context.Context
	endAsync   context.CancelFunc
	background sync.WaitGroup

	mu       sync.Mutex
	inst     *instance
	stopped  bool
	disabled bool             // the reserved concurrency is 0
	tasks    map[string]*task // by ID
}

// Start runs the function's binary and returns once it takes invocations and
// its initializer has succeeded. ctx limits the start only. When the child ends
// first, the error is an [*ExitError].
func Start(ctx context.Context, cfg Config) (*Function, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	f := &Function{cfg: cfg, lines: newLines(cfg.Log, cfg.Runtime == RuntimeGo1), slots: make(chan struct{}, cfg.Concurrency), sum: sync.OnceValue(cfg.checksum)}
	f.async, f.endAsync = context.WithCancel(context.WithoutCancel(ctx))
	if _, err := f.instance(ctx); err != nil {
		f.endAsync()
		return nil, err
	}
	return f, nil
}

// instance returns the running instance, starting one when there is none.
func (f *Function) instance(ctx context.Context) (*instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return nil, ErrStopped
	}
	if f.inst != nil && !f.inst.retired && !f.inst.hasEnded() {
		return f.inst, nil
	}
	inst, err := launch(ctx, f.cfg, f.lines)
	if err != nil {
		return nil, err
	}
	f.inst = inst
	return inst, nil
}

// current returns the last instance, which may have ended.
func (f *Function) current() *instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inst
}

// Invoke sends event to the function and waits for its answer. A function that
// fails or runs out of time is a Result, not an error. The error is an
// [*ExitError] when the child ended meanwhile or could not be started again,
// [ErrStopped], or ctx's.
func (f *Function) Invoke(ctx context.Context, event []byte) (Result, error) {
	return f.invoke(ctx, call{id: newID("1"), event: event})
}

func (f *Function) invoke(ctx context.Context, k call) (Result, error) {
	r := Result{RequestID: k.id}
	err := f.withInstance(ctx, func(inst *instance) error {
		mark := f.lines.mark()
		var err error
		r, err = f.cfg.perform(ctx, inst, k)
		r.InstanceID = inst.id
		if r.TimedOut {
			f.retire(inst)
		}
		r.Log = f.logOf(ctx, inst, mark, k.id)
		return err
	})
	return r, err
}

// logOf returns the log tail; a child that has ended writes nothing more.
func (f *Function) logOf(ctx context.Context, inst *instance, mark int, id string) string {
	if inst.hasEnded() {
		text, _ := f.lines.since(mark)
		return text
	}
	return f.lines.of(ctx, mark, id)
}

// withInstance runs do, which counts as one invocation in flight.
func (f *Function) withInstance(ctx context.Context, do func(*instance) error) error {
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-f.slots }()
	inst, err := f.instance(ctx)
	if err != nil {
		return err
	}
	return do(inst)
}

// Stop ends background invocations, calls the pre-stop hook if configured,
// sends SIGTERM and, after Config.StopGrace or when ctx ends, SIGKILL. Its error
// tells that the hook failed, that the child had to be killed, or that it ended
// with a status other than 0; death by SIGTERM itself is not an error, see
// [Function.Wait]. Calling Stop again does nothing.
func (f *Function) Stop(ctx context.Context) error {
	inst := f.close()
	f.endAsync()
	f.background.Wait()
	if inst == nil {
		return nil
	}
	return errors.Join(f.preStop(ctx, inst), inst.terminate(ctx, f.cfg.StopGrace))
}

// close refuses further invocations and returns the instance to stop, if any.
// The end
// of a retired one is already accounted for.
func (f *Function) close() *instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.inst.retired {
		f.stopped = true
		return nil
	}
	f.stopped = true
	return f.inst
}

// retire kills an instance that exceeded the timeout; the next invocation
// starts another.
func (f *Function) retire(inst *instance) {
	f.mu.Lock()
	inst.retired = true
	f.mu.Unlock()
	inst.kill()
}

func (f *Function) preStop(ctx context.Context, inst *instance) error {
	if !f.cfg.PreStop || inst.hasEnded() {
		return nil
	}
	return inst.runHook(ctx, f.cfg, hookPreStop, "pre-stop")
}

// PID returns the process id of the last instance.
func (f *Function) PID() int { return f.current().cmd.Process.Pid }

// Signal sends s to the last instance; it fails when that has ended.
func (f *Function) Signal(s os.Signal) error { return f.current().cmd.Process.Signal(s) }

// Exited returns a channel that is closed when the present instance has ended.
func (f *Function) Exited() <-chan struct{} { return f.current().alive.Done() }

// Wait blocks until the present instance has ended and tells how.
func (f *Function) Wait() *os.ProcessState { return f.current().exit() }

// RuntimeAPI returns the server that the present instance polls, for its fault
// switches. It is nil in a custom runtime.
func (f *Function) RuntimeAPI() *RuntimeAPI {
	if g, ok := f.current().link.(*go1); ok {
		return g.RuntimeAPI
	}
	return nil
}
