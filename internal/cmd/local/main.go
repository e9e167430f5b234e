// Command local is what the Makefile's targets run: the function with a local
// OSS and a local Function Compute, on this machine alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"bucketwarden/internal/local"
)

const usage = `usage: local <demo | invoke | serve | events> [flags]

  demo     shows one bucket through five events
  invoke   sends one event file to the function and prints its answer
  serve    keeps the function, the local OSS and a console up
  events   lists the sample events
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet("local "+args[0], flag.ExitOnError)
	dir, err := os.MkdirTemp("", "bucketwarden")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	switch args[0] {
	case "demo":
		return demo(ctx, flags, args[1:], dir)
	}
	return errors.New(usage)
}

func demo(ctx context.Context, flags *flag.FlagSet, args []string, dir string) error {
	if err := flags.Parse(args); err != nil {
		return err
	}
	binary, err := local.Build(ctx, ".", dir)
	if err != nil {
		return err
	}
	return local.Demo(ctx, binary, os.Stdout, isTerminal(os.Stdout))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
