package dist

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const root = "../.."

var release = Release{Version: "v0.0.1-test", Commit: "0123456789abcdef"}

// Every system that is distributed builds, passes vet, and has its checksum.
func TestAll(t *testing.T) {
	dir := t.TempDir()
	if err := release.All(t.Context(), root, dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range Targets() {
		data, err := os.ReadFile(filepath.Join(dir, release.Name(target)))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%x  %s\n", sha256.Sum256(data), release.Name(target)); !strings.Contains(string(sums), want) {
			t.Errorf("SHA256SUMS lacks %s", want)
		}
		if !bytes.Contains(data, []byte(release.Commit)) {
			t.Errorf("%s does not know its commit", release.Name(target))
		}
	}
	if got := strings.Count(string(sums), "\n"); got != 6 {
		t.Errorf("%d checksums, want 6", got)
	}
	t.Run("says what it is", func(t *testing.T) {
		here := Target{runtime.GOOS, runtime.GOARCH}
		out, err := exec.Command(filepath.Join(dir, release.Name(here)), "version").Output()
		want := fmt.Sprintf("bucketwarden v0.0.1-test, commit 0123456789abcdef, %s, %s/%s\n", runtime.Version(), here.OS, here.Arch)
		if err != nil || string(out) != want {
			t.Errorf("version prints %q (%v), want %q", out, err, want)
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
		target := Target{"linux", "amd64"}
		again := filepath.Join(t.TempDir(), "again")
		if err := release.Build(t.Context(), elsewhere+"/.", again, target); err != nil {
			t.Fatal(err)
		}
		one, err := os.ReadFile(filepath.Join(dir, release.Name(target)))
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(again)
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("the bytes differ (%v)", err)
		}
	})
}

func TestVet(t *testing.T) {
	for _, target := range []Target{{"darwin", "arm64"}, {"linux", "arm64"}, {"windows", "amd64"}} {
		if err := target.Vet(t.Context(), root); err != nil {
			t.Error(err)
		}
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
