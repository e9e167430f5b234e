// Package app is what all verbs of the command share: the streams, the
// environment, the exit status, and what ^C does.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/term"
)

// App is one run of the command.
type App struct {
	In       io.Reader
	Out, Err io.Writer
	// Env holds the environment variables.
	Env map[string]string
	// Home is the user's home directory; empty if there is none.
	Home string
	// Now returns the time.
	Now func() time.Time
	// Version is this program's version.
	Version string

	// NoColor, Quiet and Verbose are the flags that every verb has.
	NoColor, Quiet, Verbose bool

	stopping atomic.Bool
	endless  atomic.Bool
}

// New returns the App of this process.
func New(version string, environ []string) *App {
	a := &App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: map[string]string{}, Now: time.Now, Version: version}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		a.Env[name] = value
	}
	a.Home, _ = os.UserHomeDir() // without one there are no files of the user
	return a
}

// Terminal returns the terminal as the flags want it.
func (a *App) Terminal() *term.Terminal {
	return term.New(term.Options{In: a.In, Out: a.Out, Err: a.Err, Env: a.Env, NoColor: a.NoColor, Quiet: a.Quiet})
}

// Notef writes one line for a person to the error stream, unless --quiet is given.
func (a *App) Notef(format string, args ...any) {
	if !a.Quiet {
		fmt.Fprintf(a.Err, format+"\n", args...)
	}
}

// Stopping reports whether the user has pressed ^C: what is under way is ended,
// and nothing new is begun.
func (a *App) Stopping() bool { return a.stopping.Load() }

// EndsByInterrupt says that the verb runs until ^C, which is then its good end.
func (a *App) EndsByInterrupt() { a.endless.Store(true) }

// Main runs the command and returns its exit status.
func (a *App) Main(root *cobra.Command, args []string) (status Exit) {
	defer func() {
		if p := recover(); p != nil { // the value may hold anything, so only its type is shown
			fmt.Fprintf(a.Err, "bucketwarden: a bug: panic (%T)\n%s", p, debug.Stack())
			status = Bug
		}
	}()
	ctx, stop := a.interrupts()
	defer stop()
	root.SetArgs(args)
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := root.ExecuteContext(ctx)
	status = statusOf(err)
	a.complain(err)
	if a.Stopping() && status != Bug && !(a.endless.Load() && status == Done) {
		status = Interrupted
	}
	return status
}

// complain writes what went wrong, and what to do about it.
func (a *App) complain(err error) {
	if err == nil || err.Error() == "" {
		return
	}
	fmt.Fprintln(a.Err, "bucketwarden:", cleanLines(err.Error()))
	if e, ok := errors.AsType[*Error](err); ok && e.Next != "" {
		fmt.Fprintln(a.Err, "next:", cleanLines(e.Next))
	}
}

// cleanLines returns a text that may repeat the name of a file or an argument, of which a
// repository is the author as often as a person, so that it cannot act on a terminal.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = term.Clean(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// interrupts makes the first ^C, or SIGTERM, the end of the returned context and a
// request to stop, and the second the end at once. Verbs that write go by
// [App.Stopping] instead of the context, so that what OSS is doing for them is
// read back.
func (a *App) interrupts() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-signals:
				if a.stopping.Swap(true) {
					fmt.Fprintln(a.Err, "\nbucketwarden: ended at once")
					os.Exit(int(Interrupted))
				}
				if !a.endless.Load() {
					fmt.Fprintln(a.Err, "\nbucketwarden: stopping; what is under way is ended first (^C again: at once)")
				}
				cancel(errInterrupted)
			case <-ended:
				return
			}
		}
	}()
	return ctx, func() { signal.Stop(signals); close(ended) }
}
