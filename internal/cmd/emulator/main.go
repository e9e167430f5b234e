// Command emulator is what stands in the container image that `s local` runs in
// place of the vendor's: the platform for one function in /code. It takes the
// commands that the component fc3 gives to the vendor's images:
//
//	(no arguments)     serve InvokeFunction calls, for s local invoke in go1
//	--http --server    serve HTTP trigger calls, for s local start
//	--event EVENT      invoke once and print the answer, for s local invoke in a custom runtime
//
// and the environment that fc3 sets. Where the function's WARDEN_OSS_ENDPOINT is
// not set, an OSS of its own, with a few buckets without encryption, answers.
//
// Unlike the vendor's images it ends with status 1 after an event that the function
// failed on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/internal/local/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run starts the function and does what args say.
func run(ctx context.Context, args, environ []string, out io.Writer) error {
	event, err := parse(args)
	if err != nil {
		return err
	}
	s := settingsFrom(environ)
	s.log = out
	closeCloud, err := s.ensureCloud(ctx)
	if err != nil {
		return err
	}
	f, err := localfc.Start(ctx, s.config())
	if err != nil {
		return errors.Join(err, closeCloud())
	}
	if event != nil {
		err = invoke(ctx, f, *event, out)
	}
	if event == nil {
		err = serve(ctx, f, s, out)
	}
	return errors.Join(err, f.Stop(context.WithoutCancel(ctx)), closeCloud())
}

// parse returns the event to send, or nil if there is none.
func parse(args []string) (*string, error) {
	var event *string
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.Func("event", "invoke once with this event", func(s string) error { event = &s; return nil })
	flags.Bool("http", false, "serve HTTP trigger calls; always done")
	flags.Bool("server", false, "keep on serving; always done without --event")
	err := flags.Parse(args)
	return event, err
}

// invoke sends one event and prints what came of it.
func invoke(ctx context.Context, f *localfc.Function, event string, out io.Writer) error {
	r, err := f.Invoke(ctx, []byte(event))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n\nRequestId: %s   Billed Duration: %d ms   Max Memory Used: %d MB\n", r.Payload, r.RequestID, r.Duration.Milliseconds(), peakMB(f.PID()))
	if r.FunctionError != "" {
		return errors.New("the function failed: " + r.ErrorType())
	}
	return nil
}

// serve answers until ctx ends.
func serve(ctx context.Context, f *localfc.Function, s environment, out io.Writer) error {
	l, err := wire.Listen(ctx, ":"+s.port, &front{function: f, settings: s}, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the emulator listens on %s\n", l.Addr)
	<-ctx.Done()
	return l.Close() // stopping the container does not wait for requests
}
