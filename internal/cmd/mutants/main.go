// Command mutants runs the mutation tests of the decision path: each mutant of
// internal/mutants must be found by a test. Its status is 1 if one survives that is not
// known to. Run it in the checkout: make mutants.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"time"

	"bucketwarden/internal/docs"
	"bucketwarden/internal/mutants"
)

func main() {
	only := flag.String("only", "", "run only the mutants whose name matches this regular expression")
	from := flag.Int("from", 0, "the first mutant, counted from 0, to run them in parts")
	most := flag.Int("most", 0, "how many to run; 0 for all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	survived, err := run(ctx, os.Stdout, *only, *from, *most)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || survived > 0 {
		os.Exit(1)
	}
}

// run tries the selected mutants and returns how many survived that should not.
func run(ctx context.Context, out io.Writer, only string, from, most int) (survived int, err error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return 0, err
	}
	root, err := docs.Root()
	if err != nil {
		return 0, err
	}
	all, err := mutants.All()
	if err != nil {
		return 0, err
	}
	killed, known := 0, 0
	var errs []error
	for i, m := range all {
		if i < from || most > 0 && i >= from+most || !pattern.MatchString(m.Name()) {
			continue
		}
		o, err := m.Run(ctx, root)
		state := "killed  "
		switch {
		case ctx.Err() != nil:
			return survived, ctx.Err()
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", m.Name(), err))
			continue
		case o.Killed && m.Survives != "":
			errs = append(errs, fmt.Errorf("%s: %s finds it; take its reason to survive off the list", m.Name(), o.By))
			continue
		case o.Killed:
			killed++
		case m.Survives != "":
			state, o.By = "known   ", m.Survives
			known++
		default:
			state = "SURVIVED"
			survived++
		}
		fmt.Fprintf(out, "%3d %s %5.1fs %s: %s\n", i, state, o.Took.Round(100*time.Millisecond).Seconds(), m.Name(), o.By)
	}
	if n := killed + survived; n > 0 {
		fmt.Fprintf(out, "%d of %d killed (%.1f%%); %d change nothing that can be seen\n", killed, n, 100*float64(killed)/float64(n), known)
	}
	return survived, errors.Join(errs...)
}
