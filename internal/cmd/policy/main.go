// Command policy is what the Makefile's targets policy-check and policy-test
// run: it finds the mistakes in a policy file, and holds it against the
// expectations that are kept beside it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/expect"
)

const usage = `usage: policy check <policy file>
       policy test [-v] <policy file>
  check  prints every mistake with line and column, and what will end soon
  test   runs the expectations of <policy file>_test, such as policy_test.yaml;
         -v says of each why the earlier rules did not match`

// soon is how long before its end an exemption is pointed out.
const soon = 14 * 24 * time.Hour

func main() {
	if err := run(os.Args[1:], time.Now(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, now time.Time, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet("policy "+args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	verbose := flags.Bool("v", false, "")
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() != 1 || flags.Arg(0) == "" {
		return errors.New(usage)
	}
	switch args[0] {
	case "check":
		return check(flags.Arg(0), now, out)
	case "test":
		return test(flags.Arg(0), *verbose, now, out)
	}
	return fmt.Errorf("no such command: %s\n%s", args[0], usage)
}

func load(file string) (*policy.Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return policy.Parse(file, data)
}

// check tells of an exemption that has ended as a warning: the function treats
// it rightly, as if it were not there.
func check(file string, now time.Time, out io.Writer) error {
	p, err := load(file)
	if err != nil {
		return problems(err)
	}
	for _, e := range p.Ended(now) {
		_, _ = fmt.Fprintf(out, "%s:%d: warning: the exemption %q (%s) ended with %s: its buckets are subject to the rules that follow\n", file, e.Line, e.Rule, e.Owner, e.Until.Format(time.DateOnly))
	}
	for _, e := range p.EndingSoon(now, soon) {
		_, _ = fmt.Fprintf(out, "%s:%d: warning: the exemption %q (%s) ends soon, with %s\n", file, e.Line, e.Rule, e.Owner, e.Until.Format(time.DateOnly))
	}
	_, _ = fmt.Fprintf(out, "%s: ok: %d rules, %d of them exemptions, %d other accounts\n", file, len(p.RuleNames()), len(p.Exemptions()), len(p.Accounts))
	return nil
}

func test(file string, verbose bool, now time.Time, out io.Writer) error {
	p, err := load(file)
	if err != nil {
		return problems(err)
	}
	extension := filepath.Ext(file)
	beside := strings.TrimSuffix(file, extension) + "_test" + extension
	data, err := os.ReadFile(beside)
	if err != nil {
		return err
	}
	tests, err := expect.Parse(beside, data)
	if err != nil {
		return problems(err)
	}
	if failed := expect.Print(out, beside, p, expect.Run(p, tests, now), verbose); failed > 0 {
		return fmt.Errorf("%s does not do what %s expects", file, beside)
	}
	return nil
}

// problems adds the number of problems to a list of them.
func problems(err error) error {
	if found, ok := errors.AsType[policy.Problems](err); ok {
		return fmt.Errorf("%w\n%d problem(s)", err, len(found))
	}
	return err
}
