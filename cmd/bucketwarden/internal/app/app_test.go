package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/creds"
	"bucketwarden/cmd/bucketwarden/internal/files"
)

// run runs a command whose only verb does this.
func run(do func() error, env map[string]string, args ...string) (string, Exit) {
	var errs strings.Builder
	a := &App{In: strings.NewReader(""), Out: &errs, Err: &errs, Env: env}
	root := a.Root("bucketwarden", "", "", "")
	verb := &cobra.Command{Use: "verb", Args: None, RunE: func(*cobra.Command, []string) error { return do() }}
	verb.Flags().String("region", "", "a region")
	verb.Flags().Bool("yes", false, "take the safety off")
	FromEnv(verb.Flags(), "region")
	root.AddCommand(verb)
	status := a.Main(root, append([]string{"verb"}, args...))
	return errs.String(), status
}

// The name of a file may be anybody's.
func TestErrorsCannotActOnATerminal(t *testing.T) {
	got, _ := run(func() error {
		return &Error{Exit: Usage, Err: errors.New("no file \x1b[31mred\u202e\nline 2:\tx\r"), Next: "see \x1b[0m"}
	}, nil)
	if want := "bucketwarden: no file \\u{1B}[31mred\\u{202E}\nline 2:    x\\u{D}\nnext: see \\u{1B}[0m\n"; got != want {
		t.Errorf("it says\n%q\nwant\n%q", got, want)
	}
	got, _ = run(func() error { return nil }, nil, "--\x1b[31mred")
	if strings.Contains(got, "\x1b") {
		t.Errorf("it says %q", got)
	}
}

func TestExitStatus(t *testing.T) {
	failed := errors.New("OSS said no")
	for name, tt := range map[string]struct {
		err    error
		status Exit
		says   string
	}{
		"Done":        {nil, Done, ""},
		"Usage":       {Usagef("no %s", "flag"), Usage, "bucketwarden: no flag\n"},
		"Credentials": {&creds.Error{Problem: "no key", Next: "set one"}, Usage, "bucketwarden: no key; set one\n"},
		"File":        {&files.ExistsError{Path: "x"}, Usage, "bucketwarden: x exists already; give another name, or --force to replace it\n"},
		"Findings":    {End(Findings), Findings, ""},
		"Next":        {&Error{Exit: Findings, Err: failed, Next: "ask"}, Findings, "bucketwarden: OSS said no\nnext: ask\n"},
		"Failed":      {failed, Incomplete, "bucketwarden: OSS said no\n"},
		"Interrupted": {fmt.Errorf("list: %w", context.Canceled), Interrupted, "bucketwarden: list: context canceled\n"},
		"Worst":       {Join(End(Findings), nil, failed, Usagef("x")), Incomplete, "bucketwarden: OSS said no\nx\n"},
		"JoinOfNone":  {Join(nil, nil), Done, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if says, status := run(func() error { return tt.err }, nil); status != tt.status || says != tt.says {
				t.Errorf("status %d, %q; want %d, %q", status, says, tt.status, tt.says)
			}
		})
	}
}

// A bug has a status of its own, and does not print what it was about.
func TestExitStatus_Bug(t *testing.T) {
	says, status := run(func() error { panic("a secret") }, nil)
	if status != Bug || !strings.Contains(says, "a bug: panic (string)") || strings.Contains(says, "a secret") {
		t.Errorf("status %d\n%s", status, says)
	}
}

func TestFlagsFromTheEnvironment(t *testing.T) {
	none := func() error { return nil }
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		says string
	}{
		"Known":         {map[string]string{"BUCKETWARDEN_REGION": "x"}, nil, ""},
		"Empty":         {map[string]string{"BUCKETWARDEN_REGOIN": ""}, nil, ""},
		"Misspelt":      {map[string]string{"BUCKETWARDEN_REGOIN": "x"}, nil, "bucketwarden: there is no setting BUCKETWARDEN_REGOIN (did you mean BUCKETWARDEN_REGION?)\n"},
		"NotOfASafety":  {map[string]string{"BUCKETWARDEN_YES": "true"}, nil, "bucketwarden: there is no setting BUCKETWARDEN_YES\n"},
		"UnknownFlag":   {nil, []string{"--regio", "x"}, "bucketwarden: unknown flag: --regio (did you mean --region?)\nnext: see bucketwarden verb --help\n"},
		"EmptyValue":    {nil, []string{"--region", ""}, "bucketwarden: --region is given without a value\nnext: leave it out, or check the variable that it comes from\n"},
		"WithoutAValue": {nil, []string{"--region"}, "bucketwarden: flag needs an argument: --region\nnext: see bucketwarden verb --help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			says, status := run(none, tt.env, tt.args...)
			if says != tt.says || (status == Usage) != (tt.says != "") {
				t.Errorf("status %d, %q; want %q", status, says, tt.says)
			}
		})
	}
}
