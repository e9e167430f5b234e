// Package locals has the verbs that need no account: the function runs as a child
// of this executable, between stand-ins for OSS, KMS, STS and Function Compute.
package locals

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/settings"
)

// FunctionVerb is the argument with which this executable is the function.
const FunctionVerb = "function"

// Commands returns the verbs demo, local, events and invoke.
func Commands(a *app.App) []*cobra.Command {
	return []*cobra.Command{demoCommand(a), localCommand(a), eventsCommand(a), invokeCommand(a)}
}

// which says which function to run.
type which struct{ checkout string }

func (w *which) flag(c *cobra.Command) {
	c.Flags().StringVar(&w.checkout, "checkout", "", "build and run the function of the sources in this directory, as it is deployed; needs Go")
}

// with calls do with the options that start the function.
func (w *which) with(ctx context.Context, a *app.App, do func(stack.Options) error) error {
	o := stack.Options{Env: functionSettings(a.Env)}
	if _, err := settings.Read(o.Env); err != nil { // here, because the function would say it again
		return &app.Error{Exit: app.Usage, Err: err}
	}
	if w.checkout == "" {
		exe, err := os.Executable()
		if err != nil {
			return err
		}
		o.Binary = exe
		o.Configure = func(c *localfc.Config) { c.Command = []string{exe, FunctionVerb} }
		return do(o)
	}
	dir, err := os.MkdirTemp("", "bucketwarden")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	a.Notef("building the function ...")
	if o.Binary, err = stack.Build(ctx, w.checkout, dir); err != nil {
		return &app.Error{Exit: app.Usage, Err: err}
	}
	return do(o)
}

// functionSettings hands the caller's settings on to the function, which sees nothing else
// of this environment. HTTP is open to all of this machine unless they say
// otherwise.
func functionSettings(env map[string]string) []string {
	mine := []string{settings.HTTPAuth + "=platform", settings.HTTPAllow + "=report,apply,approve,remove,events"}
	for name, value := range env {
		// An empty time to settle is none here, and that of Function Compute there.
		if !strings.HasPrefix(name, settings.Prefix) || name == settings.Settle && value == "" {
			continue
		}
		if name == settings.Policy && value != "" { // the function runs in another directory
			if abs, err := filepath.Abs(value); err == nil {
				value = abs
			}
		}
		mine = append(mine, name+"="+value)
	}
	slices.Sort(mine[2:])
	return mine
}

// ended turns the end of the context into the end that the user asked for.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return app.End(app.Interrupted)
	}
	return err
}

func demoCommand(a *app.App) *cobra.Command {
	var w which
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show one bucket through five events, on this machine alone",
		Long: `Show one bucket through five events, on this machine alone.
The status is 0 only if all of them end as they must. The environment's WARDEN_
variables are the function's settings.`,
		Example: "  bucketwarden demo\n  " + settings.Algorithm + "=KMS bucketwarden demo",
		Args:    app.None,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return w.with(cmd.Context(), a, func(o stack.Options) error {
				err := stack.Demo(cmd.Context(), o, a.Out, a.Terminal().Colours())
				if err != nil {
					return &app.Error{Exit: app.Findings, Err: ended(err)}
				}
				return nil
			})
		},
	}
	w.flag(c)
	return c
}

// serve keeps everything up until the context ends, which is how people end it.
func serve(ctx context.Context, a *app.App, o stack.Options, at stack.Addresses) error {
	o.Log = io.Discard
	if a.Verbose {
		o.Log = a.Err
	}
	s, err := stack.Serve(ctx, o, at, a.Out)
	if _, taken := errors.AsType[*stack.AddressError](err); taken {
		return &app.Error{Exit: app.Usage, Err: err}
	}
	if err != nil {
		return err
	}
	s.Guide(a.Out)
	a.EndsByInterrupt()
	<-ctx.Done()
	a.Notef("stopping")
	return s.Close(context.WithoutCancel(ctx))
}

func localCommand(a *app.App) *cobra.Command {
	var w which
	at := stack.DefaultAddresses
	secure := false
	c := &cobra.Command{
		Use:   "local",
		Short: "Keep the function, a local OSS and a console up, until ^C",
		Long: `Keep the function, a local OSS, KMS and STS and a console up, until ^C.
What happens to a bucket there reaches the function as events; each change is
one line with the verdict. --verbose prints the function's log too.`,
		Example: `  bucketwarden local
  bucketwarden local --oss-address 127.0.0.1:9001`,
		Args: app.None,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return w.with(cmd.Context(), a, func(o stack.Options) error {
				o.TLS = secure
				return serve(cmd.Context(), a, o, at)
			})
		},
	}
	c.Flags().BoolVar(&secure, "tls", false, "let the local OSS speak HTTPS, with a certificate authority made for this run")
	c.Flags().StringVar(&at.Function, "function-address", at.Function, "where the function's front door listens")
	c.Flags().StringVar(&at.OSS, "oss-address", at.OSS, "where the local OSS listens")
	c.Flags().StringVar(&at.Console, "console-address", at.Console, "where the console listens")
	w.flag(c)
	return c
}
