// Package policies has the verbs for policy files. Only init speaks to the cloud: it
// reads what there is.
package policies

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/policytest"
)

// soon is how long before its end an exemption is pointed out.
const soon = 14 * 24 * time.Hour

// Command returns the verb policy.
func Command(a *app.App) *cobra.Command {
	c := app.Group(&cobra.Command{
		Use:   "policy",
		Short: "Check, test, explain and begin policy files",
		Long:  "A policy file says which rule each bucket must have. docs/policy.md describes it.",
		Example: `  bucketwarden policy init
  bucketwarden policy check policy.yaml
  bucketwarden policy test policy.yaml
  bucketwarden policy explain policy.yaml payments --region cn-hangzhou`,
	})
	c.AddCommand(checkCommand(a), testCommand(a), explainCommand(a), initCommand(a))
	return c
}

func checkCommand(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:     "check FILE...",
		Short:   "Print every mistake of a policy, with line and column, and what ends soon",
		Example: "  bucketwarden policy check policy.yaml",
		Args:    app.AtLeastOne("one or more policy files"),
		RunE: func(_ *cobra.Command, files []string) error {
			return each(files, func(file string) error { return check(file, a.Now(), a.Out) })
		},
	}
}

func testCommand(a *app.App) *cobra.Command {
	return &cobra.Command{
		Use:   "test FILE...",
		Short: "Hold a policy against the expectations beside it: policy_test.yaml for policy.yaml",
		Long:  "Hold a policy against the expectations beside it: policy_test.yaml for policy.yaml.\n--verbose says of each expectation why the earlier rules did not match.",
		Example: `  bucketwarden policy test policy.yaml
  bucketwarden policy test --verbose policy.yaml`,
		Args: app.AtLeastOne("one or more policy files"),
		RunE: func(_ *cobra.Command, files []string) error {
			return each(files, func(file string) error { return test(file, a.Verbose, a.Now(), a.Out) })
		},
	}
}

// each does something with every file.
func each(files []string, do func(string) error) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, do(f))
	}
	return app.Join(errs...)
}

func load(file string) (*policy.Policy, error) {
	data, err := read(file)
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(file, data)
	return p, problems(err)
}

func read(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, app.Usagef("there is no file %s", file)
	}
	if err != nil {
		return nil, app.Usagef("%w", err)
	}
	return data, nil
}

// problems adds the number of problems to a list of them.
func problems(err error) error {
	if err == nil {
		return nil
	}
	if found, ok := errors.AsType[policy.Problems](err); ok {
		err = fmt.Errorf("%w\n%d problem(s)", err, len(found))
	}
	return &app.Error{Exit: app.Findings, Err: err}
}

// check reports an exemption that has ended as a warning: the function does the
// right thing, as if it were not there.
func check(file string, now time.Time, out io.Writer) error {
	p, err := load(file)
	if err != nil {
		return err
	}
	for _, w := range p.Warnings {
		w.Message = "warning: " + w.Message
		_, _ = fmt.Fprintln(out, w)
	}
	for _, e := range p.Ended(now) {
		_, _ = fmt.Fprintf(out, "%s:%d: warning: the exemption %q (%s) ended with %s: its buckets are subject to the rules that follow\n", file, e.Line, e.Rule, e.Owner, e.Until.Format(time.DateOnly))
	}
	for _, e := range p.EndingSoon(now, soon) {
		_, _ = fmt.Fprintf(out, "%s:%d: warning: the exemption %q (%s) ends soon, with %s\n", file, e.Line, e.Rule, e.Owner, e.Until.Format(time.DateOnly))
	}
	organisation := ""
	if p.Directory != nil {
		organisation = " and those of the Resource Directory"
	}
	_, _ = fmt.Fprintf(out, "%s: ok: %d rules, %d of them exemptions, %d other accounts%s\n", file, len(p.RuleNames()), len(p.Exemptions()), len(p.Accounts), organisation)
	return nil
}

func test(file string, verbose bool, now time.Time, out io.Writer) error {
	p, err := load(file)
	if err != nil {
		return err
	}
	data, err := read(policytest.FileBeside(file))
	if err != nil {
		return &app.Error{Exit: app.Usage, Err: err, Next: "write the expectations into it, or let \"bucketwarden policy init\" begin both files"}
	}
	tests, err := policytest.Parse(policytest.FileBeside(file), data)
	if err != nil {
		return problems(err)
	}
	if failed := policytest.Print(out, policytest.FileBeside(file), p, policytest.Run(p, tests, now), verbose); failed > 0 {
		return &app.Error{Exit: app.Findings, Err: fmt.Errorf("%s does not do what %s expects", file, policytest.FileBeside(file))}
	}
	return nil
}
