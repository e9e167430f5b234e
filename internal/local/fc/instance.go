package fc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// ExitError reports that the child ended while the platform needed it.
type ExitError struct {
	// State is how the process ended.
	State *os.ProcessState
	// Log is the tail, at most 4 KB, of what it wrote.
	Log string
}

// Error returns the exit status and the last lines.
func (e *ExitError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("localfc: the function's process ended: %v\n%s", e.State, e.Log))
}

// link is one runtime's way to talk to the child.
type link interface {
	caller
	// env names the variables by which the child finds its side.
	env() []string
	// ready waits until the child can take calls.
	ready(ctx context.Context) error
	close()
}

// instance is one child process.
type instance struct {
	link
	cmd *exec.Cmd
	id  string // of the instance, as the platform names it
	// alive is cancelled, with an *ExitError as the cause, once the process
	// has ended and its output is read.
	alive context.Context
	// retired marks an instance that gets no more work; Function.mu guards it.
	retired bool
}

// launch starts the child and waits until it takes calls and its initializer,
// if any, has succeeded. On an error no child is left.
func launch(ctx context.Context, cfg Config, out *lines) (*instance, error) {
	l, err := newLink(cfg)
	if err != nil {
		return nil, err
	}
	i, err := spawn(ctx, cfg, l, out)
	if err != nil {
		l.close()
		return nil, err
	}
	if err := i.prepare(ctx, cfg); err != nil {
		i.kill()
		return nil, err
	}
	return i, nil
}

func newLink(cfg Config) (link, error) {
	if cfg.Runtime == RuntimeCustom {
		return newCustom()
	}
	return newGo1(cfg)
}

func spawn(ctx context.Context, cfg Config, l link, out *lines) (*instance, error) {
	cmd := exec.Command(cfg.Command[0], cfg.Command[1:]...)
	cmd.Dir = cfg.Dir
	id := newID("c")
	cmd.Env = cfg.environ(id, l.env())
	cmd.Stdout, cmd.Stderr = out, out
	// A grandchild that keeps the pipe open must not keep the platform.
	cmd.WaitDelay = time.Second
	// ^C goes to the whole group of the terminal; the platform ends the child.
	cmd.SysProcAttr = ownGroup()
	mark := out.mark()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("localfc: start: %w", err)
	}
	alive, die := context.WithCancelCause(context.WithoutCancel(ctx))
	go func() {
		cmd.Wait()
		out.flush()
		log, _ := out.since(mark)
		die(&ExitError{State: cmd.ProcessState, Log: log})
		l.close()
	}()
	return &instance{link: l, cmd: cmd, id: id, alive: alive}, nil
}

// prepare waits for the child and calls its initializer.
func (i *instance) prepare(ctx context.Context, cfg Config) error {
	limited, cancel := context.WithTimeoutCause(ctx, cfg.StartTimeout,
		fmt.Errorf("localfc: the function asked for no work within %v", cfg.StartTimeout))
	defer cancel()
	if err := i.during(limited, i.ready); err != nil {
		return err
	}
	if !cfg.Initializer {
		return nil
	}
	return i.runHook(ctx, cfg, hookInitialize, "initializer")
}

func (i *instance) runHook(ctx context.Context, cfg Config, h hook, name string) error {
	r, err := cfg.perform(ctx, i, call{hook: h, id: newID("1")})
	if err != nil {
		return fmt.Errorf("localfc: %s: %w", name, err)
	}
	if r.FunctionError != "" {
		return fmt.Errorf("localfc: %s failed: %s", name, r.Payload)
	}
	return nil
}

// during runs f with a context that the child's death ends.
func (i *instance) during(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(i.alive, func() { cancel(context.Cause(i.alive)) })
	defer stop()
	return f(ctx)
}

// call implements caller; the child's death ends it with an *ExitError.
func (i *instance) call(ctx context.Context, c call) (answer, error) {
	var a answer
	err := i.during(ctx, func(ctx context.Context) error {
		var err error
		a, err = i.link.call(ctx, c)
		return err
	})
	return a, err
}

// hasEnded tells whether the child is gone.
func (i *instance) hasEnded() bool { return i.alive.Err() != nil }

// exit waits for the child's end and tells how it ended.
func (i *instance) exit() *os.ProcessState {
	<-i.alive.Done()
	return i.cmd.ProcessState
}

// kill ends the child at once and waits until it is gone.
func (i *instance) kill() {
	i.cmd.Process.Kill()
	i.exit()
}

// terminate asks the child to end, and kills it when grace or ctx runs out.
// Death by SIGTERM itself is a clean end: the runtime SDK installs no handler.
func (i *instance) terminate(ctx context.Context, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	i.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.alive.Done():
	case <-ctx.Done():
		i.kill()
		return errors.New("localfc: the function did not end on SIGTERM and was killed")
	}
	state := i.exit()
	if state.Success() || diedOf(state, syscall.SIGTERM) {
		return nil
	}
	return context.Cause(i.alive)
}

func diedOf(state *os.ProcessState, s syscall.Signal) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == s
}
