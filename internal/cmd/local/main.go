// Command local is what the Makefile's targets run: the function with a local
// OSS and a local Function Compute, on this machine alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"bucketwarden/events"
	"bucketwarden/internal/local/stack"
)

const usage = `usage: local <demo | invoke | serve | events> [flags]
  demo     shows one bucket through five events
  invoke   sends one event file to the function and prints its answer
  serve    keeps the function, the local OSS and a console up
  events   lists the sample events`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	if err := run(ctx, os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, verb string, args []string) error {
	flags := flag.NewFlagSet("local "+verb, flag.ExitOnError)
	switch verb {
	case "demo":
		return withBinary(ctx, func(binary string) error {
			return stack.Demo(ctx, stack.Options{Binary: binary}, os.Stdout, isTerminal(os.Stdout))
		})
	case "invoke":
		event := flags.String("event", "", "file with the event")
		buckets := flags.String("buckets", "", "names of more buckets that exist, comma-separated")
		_ = flags.Parse(args) // ExitOnError
		return withBinary(ctx, func(binary string) error { return invoke(ctx, binary, *event, *buckets) })
	case "serve":
		var at stack.Addresses
		flags.StringVar(&at.Function, "function", "127.0.0.1:8080", "address of the function's front door")
		flags.StringVar(&at.OSS, "oss", "127.0.0.1:8081", "address of the local OSS")
		flags.StringVar(&at.Console, "console", "127.0.0.1:8082", "address of the console")
		_ = flags.Parse(args) // ExitOnError
		return withBinary(ctx, func(binary string) error {
			return stack.Serve(ctx, stack.Options{Binary: binary, Env: wardenSettings(), Log: os.Stdout}, at, os.Stdout)
		})
	case "events":
		return listEvents()
	}
	return fmt.Errorf("no such command: %s\n%s", verb, usage)
}

// withBinary builds the function for the time of one command.
func withBinary(ctx context.Context, do func(binary string) error) error {
	dir, err := os.MkdirTemp("", "bucketwarden")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary, err := stack.Build(ctx, ".", dir)
	if err != nil {
		return err
	}
	return do(binary)
}

func invoke(ctx context.Context, binary, file, buckets string) error {
	event, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	more := strings.FieldsFunc(buckets, func(r rune) bool { return r == ',' })
	return stack.Invoke(ctx, stack.Options{Binary: binary, Env: wardenSettings(), Log: os.Stderr}, more, event, os.Stdout)
}

// wardenSettings hands the caller's settings on to the function, which sees
// nothing else of this environment. HTTP is open to all of this machine unless
// they say otherwise.
func wardenSettings() []string {
	mine := slices.DeleteFunc(os.Environ(), func(pair string) bool { return !strings.HasPrefix(pair, "WARDEN_") })
	return append([]string{"WARDEN_HTTP_AUTH=platform", "WARDEN_HTTP_ALLOW=report,apply,remove,events"}, mine...)
}

func listEvents() error {
	samples, err := events.Samples()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "EVENT\tTRIGGER\tVERDICTS\tWHAT IT IS")
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		s := samples[name]
		if s.About == "" {
			continue
		}
		var verdicts []string
		for _, r := range s.Results {
			verdicts = append(verdicts, r.Verdict)
		}
		fmt.Fprintf(table, "events/%s\t%s\t%s\t%s\n", name, s.Trigger, strings.Join(verdicts, " "), s.About)
	}
	return table.Flush()
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
