package deploy

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stubs are the tools of s-local.sh: docker and s write down what they are called
// with, and s ends as the test says. A real run is described in
// docs/serverless-devs.md.
type stubs struct {
	dir string
	env []string
}

func newStubs(t *testing.T) *stubs {
	t.Helper()
	s := &stubs{dir: t.TempDir()}
	component, _, _ := strings.Cut(strings.SplitAfterN(read(t, "s.local.yaml"), "component: ", 2)[1], "\n")
	cache := filepath.Join(s.dir, ".s", "components", "devsapp.cn", "v3", component)
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"docker":                         "#!/bin/sh\nprintf '%s\\n' \"docker $*\" >>\"$STUBS/calls\"\n",
		"s":                              "#!/bin/sh\nprintf '%s\\n' \"s $*\" >>\"$STUBS/calls\"\nfor word do file=$word; done\ncat \"$file\" >>\"$STUBS/calls\"\nif [ \"$2\" = start ] && command -v node >/dev/null; then node -e 'require(\"node:http\").createServer().listen(0, function () { console.log(\"listens on \" + this.address().address); this.close(); })' >>\"$STUBS/calls\"; fi\ndocker run --rm -p 9001:9000 image\necho \"$S_PRINTS\"\nexit \"$S_STATUS\"\n",
		filepath.Join(cache, ".s.lock"):  "",
		filepath.Join(s.dir, "apo.json"): `{"text":"it's"}`,
	} {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.dir, name)
		}
		if err := os.WriteFile(name, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(os.Environ(), "STUBS="+s.dir, "serverless_devs_config_home="+s.dir, "PATH="+s.dir+":"+os.Getenv("PATH"))
	return s
}

// run returns the status and everything that was printed.
func (s *stubs) run(t *testing.T, env []string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"internal/deploy/s-local.sh"}, args...)...)
	cmd.Dir, cmd.Env = root, append(s.env, env...)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(out)
}

func (s *stubs) calls(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The status is that of s and of the function, and a missing file or tool is said.
func TestSLocalKeepsTheStatus(t *testing.T) {
	s := newStubs(t)
	event := filepath.Join(s.dir, "apo.json")
	empty := "serverless_devs_config_home=" + t.TempDir()
	for name, c := range map[string]struct {
		env    []string
		args   []string
		status int
		says   string
	}{
		"success":              {[]string{"S_STATUS=0", "S_PRINTS={}"}, []string{"invoke", event}, 0, "{}"},
		"s failed":             {[]string{"S_STATUS=4", "S_PRINTS=command failed"}, []string{"invoke", event}, 4, "command failed"},
		"the function failed":  {[]string{"S_STATUS=0", `S_PRINTS={"errorType":"denied"}`}, []string{"invoke", event}, 1, "the function failed"},
		"start failed":         {[]string{"S_STATUS=5", "S_PRINTS="}, []string{"start"}, 5, ""},
		"no event file":        {nil, []string{"invoke", "events/none.json"}, 2, "there is no event file events/none.json"},
		"no event":             {nil, []string{"invoke"}, 2, "there is no event file"},
		"no command":           {nil, nil, 2, "usage:"},
		"no component":         {[]string{empty}, []string{"invoke", event}, 3, "is not in the cache"},
		"docker does not work": {[]string{"PATH=" + brokenDocker(t) + ":" + os.Getenv("PATH")}, []string{"image"}, 3, "docker does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, out := s.run(t, c.env, c.args...); status != c.status || !strings.Contains(out, c.says) {
				t.Errorf("%d %s, want %d %s", status, out, c.status, c.says)
			}
		})
	}
	calls := s.calls(t)
	if _, err := exec.LookPath("node"); err == nil && !strings.Contains(calls, "listens on 127.0.0.1\n") {
		t.Errorf("the component's proxy does not listen on the loopback:\n%s", calls)
	}
	for _, want := range []string{
		"docker build -q --platform linux/amd64 ",        // also where the machine is arm64
		"docker run --rm -p 127.0.0.1:9001:9000 image\n", // the loopback only
		`{"text":"it\u0027s"}`,                           // no apostrophe reaches the shell
	} {
		if !strings.Contains(calls, want) {
			t.Errorf("no %q in\n%s", want, calls)
		}
	}
}

// brokenDocker is a directory with a docker that does not answer.
func brokenDocker(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
