// Command bench measures Bucketwarden against two baselines in one run: bare, a
// function of the runtime SDK that does nothing, and put, the same job done the
// plain way (see those directories). It builds all three as they are deployed,
// drives the real binaries over the Runtime API against a local OSS, and prints
// tables in Markdown.
//
// What is compared is interleaved: every round measures all three, one after the
// other, so that what else the machine does meets them alike. The first round
// warms caches and is dropped; the rest give medians. CPU time is what the kernel
// counts for all threads of the process; allocations are counted by the Go runtime
// itself, in a build that prints its totals on a signal. Ratios and differences
// are what to read, never a time alone.
//
// Only Linux has what this reads from /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	var o options
	flag.IntVar(&o.starts, "starts", 200, "cold starts of each program")
	flag.IntVar(&o.rounds, "rounds", 7, "rounds of warm events")
	flag.IntVar(&o.events, "events", 1000, "warm events in a round, of each program")
	flag.IntVar(&o.buckets, "buckets", 100_000, "buckets of the largest sweep")
	flag.IntVar(&o.tlsStarts, "tls-starts", 60, "cold starts of each program over TLS")
	within := flag.String("inside", "", "measure over TLS in this namespace, with the programs in this directory; for the bench itself")
	flag.StringVar(&o.json, "json", "", "file for all numbers as JSON")
	flag.StringVar(&o.doc, "doc", "", "Markdown file whose part between two bench comments is replaced by the tables")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := run
	if *within != "" {
		do = func(ctx context.Context, o options) error { return inside(ctx, *within, o) }
	}
	if err := do(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options is how much to measure, and where it goes.
type options struct {
	starts, rounds, events, buckets, tlsStarts int
	json, doc                                  string
}

// run measures everything, from the root of the module.
func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	m := newMeasurement()
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"building", func() error { return m.build(ctx, dir) }},
		{"dependencies", func() error { return m.dependencies(ctx) }},
		{"cold starts", func() error { return m.cold(ctx, o) }},
		{"allocations", func() error { return m.allocations(ctx, o) }},
		{"warm events", func() error { return m.warm(ctx, o) }},
		{"sweeps", func() error { return m.sweeps(ctx, o) }},
		{"over TLS", func() error { return m.tls(ctx, dir, o) }},
		{"the command", func() error { return m.command(ctx, dir, o) }},
	} {
		fmt.Fprintln(os.Stderr, step.name)
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return publish(o, m)
}
