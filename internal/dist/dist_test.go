package dist

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const root = "../.."

var release = Release{Version: "v0.0.1-test", Commit: "0123456789abcdef"}

// The command says what it was built from, and is the same bytes wherever it is
// built. That it builds for every system is tested by "make test", which runs
// "make dist".
func TestBuild(t *testing.T) {
	dir := t.TempDir()
	here := Target{runtime.GOOS, runtime.GOARCH}
	command := filepath.Join(dir, release.Name(here))
	if err := release.Build(t.Context(), root, command, here); err != nil {
		t.Fatal(err)
	}
	t.Run("says what it is", func(t *testing.T) {
		out, err := exec.Command(command, "version").Output()
		want := fmt.Sprintf("bucketwarden v0.0.1-test, commit 0123456789abcdef, %s, %s/%s\n", runtime.Version(), here.OS, here.Arch)
		if err != nil || string(out) != want {
			t.Errorf("version prints %q (%v), want %q", out, err, want)
		}
	})
	t.Run("says so before it initialises what other verbs need", func(t *testing.T) {
		cmd := exec.Command(command, "version")
		cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		trace, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(trace), "init os @") {
			t.Fatalf("%v\n%s", err, trace)
		}
		for _, pkg := range []string{"net/http", "go.yaml.in/yaml/v3", "encoding/xml", "github.com/json-iterator/go"} {
			if strings.Contains(string(trace), "init "+pkg+" @") {
				t.Errorf("%s is initialised first", pkg)
			}
		}
	})
	t.Run("is the same bytes under another path", func(t *testing.T) {
		elsewhere := filepath.Join(t.TempDir(), "elsewhere")
		abs, err := filepath.Abs(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(abs, elsewhere); err != nil {
			t.Skip("SKIPPED: no symbolic links here: ", err)
		}
		again := filepath.Join(t.TempDir(), "again")
		if err := release.Build(t.Context(), elsewhere+"/.", again, here); err != nil {
			t.Fatal(err)
		}
		one, err := os.ReadFile(command)
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(again)
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("the bytes differ (%v)", err)
		}
	})
}

// SHA256SUMS has one line for each file, as sha256sum reads it.
func TestSums(t *testing.T) {
	dir := t.TempDir()
	for _, target := range Targets() {
		if err := os.WriteFile(filepath.Join(dir, release.Name(target)), []byte(target.OS+target.Arch), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := release.sums(dir)
	want := fmt.Sprintf("%x  bucketwarden_v0.0.1-test_darwin_amd64\n", sha256.Sum256([]byte("darwinamd64")))
	if err != nil || !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 6 || !strings.Contains(got, "_windows_arm64.exe\n") {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestCurrent(t *testing.T) {
	r, err := Current(t.Context(), root)
	if err != nil {
		t.Skip("SKIPPED: not a git checkout: ", err)
	}
	if len(r.Commit) != 40 || r.Version == "" {
		t.Errorf("%+v", r)
	}
}

func TestPathHint(t *testing.T) {
	for dir, want := range map[string]string{
		"/usr/bin": "", "/home/li/go/bin/": "", "/opt/bin": `it is not in your PATH: export PATH="$PATH:/opt/bin"`,
	} {
		if got := PathHint(dir, []string{"/usr/bin", "/home/li/go/bin"}); got != want {
			t.Errorf("%s: %q, want %q", dir, got, want)
		}
	}
}
