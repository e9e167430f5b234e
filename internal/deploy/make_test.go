package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runMake runs make in the checkout and returns its output and whether it succeeded.
func runMake(t *testing.T, env []string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s"}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// program writes a shell script and returns its path.
func program(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a person gives to make arrives as it is, one argument and no more.
func TestMake_Arguments(t *testing.T) {
	show := program(t, `for word do printf '<%s>' "$word"; done`)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"invoke"}, "<invoke><--checkout><.><--><native-bucket-created>"},
		{[]string{"invoke", "EVENT="}, "<invoke><--checkout><.><--><native-bucket-created>"},
		{[]string{"invoke", "EVENT=timer"}, "<invoke><--checkout><.><--><timer>"},
		{[]string{"invoke", "EVENT=my file.json"}, "<invoke><--checkout><.><--><my file.json>"},
		{[]string{"invoke", `EVENT=it's "mine".json`}, `<invoke><--checkout><.><--><it's "mine".json>`},
		{[]string{"invoke", "EVENT=`id`;id&&id|id>x"}, "<invoke><--checkout><.><--><`id`;id&&id|id>x>"},
		{[]string{"invoke", "EVENT=--help"}, "<invoke><--checkout><.><--><--help>"},
		{[]string{"policy-check"}, "<policy><check><--><docs/examples/policy.yaml>"},
		{[]string{"policy-check", "POLICY=my policy.yaml"}, "<policy><check><--><my policy.yaml>"},
		{[]string{"policy-test", "POLICY=it's.yaml"}, "<policy><test><--><it's.yaml>"},
		{[]string{"demo"}, "<demo><--checkout><.>"},
		{[]string{"events"}, "<events>"},
	} {
		if got, ok := runMake(t, nil, append(c.args, "COMMAND="+show)...); got != c.want || !ok {
			t.Errorf("make %q: %s", c.args, got)
		}
	}
}

// Where Go is missing or too old, one message says what to install, and nothing else
// is tried. What needs no Go works.
func TestMake_WithoutGo(t *testing.T) {
	version := func(v, toolchain string) string {
		return program(t, `case "$1 $2" in
"env GOVERSION") [ `+v+` != 1.4 ] && echo go`+v+` ;;
"env GOTOOLCHAIN") echo `+toolchain+` ;;
"version ") echo go version go`+v+` linux/amd64 ;;
*) echo REACHED ;;
esac`)
	}
	install := `Install Go 1.26 or newer: https://go.dev/dl, or the package "golang" of your system.`
	for name, c := range map[string]struct{ path, says string }{
		"missing":           {"/nowhere/go", `Go is not installed, or not in PATH: there is no command "/nowhere/go".`},
		"before toolchains": {version("1.20.14", "auto"), "This needs Go 1.26, and"},
		"very old":          {version("1.4", ""), "This needs Go 1.26, and"},
		"kept old":          {version("1.25.4", "local"), "is version 1.25.4."},
		"fetches the right": {version("1.25.4", "auto"), ""},
		"the right":         {version("1.26.8", "auto"), ""},
		"newer":             {version("1.30.1", "local"), ""},
		"development":       {version("devel", "local"), ""},
	} {
		got, ok := runMake(t, nil, "need-go", "GO="+c.path)
		if ok != (c.says == "") || !strings.Contains(got, c.says) || strings.Contains(got, install) == ok || strings.Contains(got, "REACHED") {
			t.Errorf("%s: %t\n%s", name, ok, got)
		}
		if lines := strings.Count(got, "\n"); !ok && lines != 3 { // two, and make's own
			t.Errorf("%s: %d lines\n%s", name, lines, got)
		}
	}
	for _, target := range []string{"demo", "invoke", "test", "package", "install", "policy-check"} {
		if got, ok := runMake(t, nil, target, "GO=/nowhere/go"); ok || strings.Count(got, "\n") != 3 || !strings.Contains(got, install) {
			t.Errorf("make %s without Go:\n%s", target, got)
		}
	}
	if got, ok := runMake(t, nil, "help", "GO=/nowhere/go"); !ok || !strings.Contains(got, "make demo") {
		t.Errorf("make help without Go:\n%s", got)
	}
}

// The first build says that it takes a while; later ones are silent, and a mistake is
// reported once.
func TestMake_Run(t *testing.T) {
	goCommand := program(t, `[ "$1" = build ] || exit 0
printf '#!/bin/sh\necho "$@"; exit 7\n' > "$3" && chmod +x "$3"`)
	built := filepath.Join(t.TempDir(), "bucketwarden")
	for i, want := range []string{"building bucketwarden; the first time downloads its modules and takes a minute or two ...\nrun me\n", "run me\n"} {
		cmd := exec.CommandContext(t.Context(), "internal/make/run.sh", "run", "me")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GO="+goCommand, "BUILT="+built)
		out, _ := cmd.CombinedOutput() // the status is below
		if string(out) != want || cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("run %d: status %d\n%s", i+1, cmd.ProcessState.ExitCode(), out)
		}
	}
}

// An event that does not exist is answered with where events are, in one message.
func TestMake_NoSuchEvent(t *testing.T) {
	got, ok := runMake(t, nil, "invoke", "EVENT=events/timr.json")
	want := "bucketwarden: there is no file and no sample events/timr.json (did you mean timer?)\nnext: make events lists the samples\n"
	if _, said, _ := strings.Cut(got, "takes a minute or two ...\n"); said != "" {
		got = said
	}
	if ok || !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 3 {
		t.Errorf("%t\n%s", ok, got)
	}
}
