package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	localfc "bucketwarden/internal/local/fc"
)

// image makes the file system that the Dockerfile describes, with the function's
// folder where the component mounts it, and returns it with the image's entry point.
func image(t *testing.T) (root string, entry []string) {
	t.Helper()
	root = t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", filepath.Join(root, "built"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as s-local.sh builds it
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.Open("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		word := strings.Fields(lines.Text())
		switch {
		case len(word) == 0 || strings.HasPrefix(word[0], "#") || slices.Equal(word, []string{"FROM", "scratch"}):
		case word[0] == "COPY" && word[1] == "emulator":
			err = os.Rename(filepath.Join(root, "built"), filepath.Join(root, word[2]))
		case word[0] == "WORKDIR":
			err = os.MkdirAll(filepath.Join(root, word[1]), 0o755)
		case word[0] == "ENTRYPOINT":
			err = json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), word[0])), &entry)
		default:
			t.Fatalf("this test does not know %q", lines.Text())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// What Docker adds: the mount, and the devices.
	if err := os.CopyFS(filepath.Join(root, "code"), os.DirFS(code)); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(filepath.Join(root, "code", "main"), 0o755), os.Mkdir(filepath.Join(root, "dev"), 0o755),
		os.WriteFile(filepath.Join(root, "dev", "null"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return root, entry
}

// The image has nothing but what its Dockerfile puts there; the emulator and the
// function need no more.
func TestImage_IsEnough(t *testing.T) {
	root, entry := image(t)
	port := freePort(t)
	cmd := container(t, localfc.RuntimeGo1, port)
	cmd.Path, cmd.Args, cmd.Dir = entry[0], entry, "/code"
	for i, pair := range cmd.Env {
		if strings.HasPrefix(pair, "FC_FUNC_CODE_PATH=") {
			cmd.Env[i] = "FC_FUNC_CODE_PATH=/code/"
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	}
	address := startedBy(t, cmd, port)
	_, body := do(t, "POST", address+invocations, sample(t, "native-bucket-created.json"), map[string]string{
		"Content-Type": "application/octet-stream", "x-fc-request-id": "1-2-3", "x-fc-function-name": "bucketwarden", "x-fc-function-memory": "128",
		"x-fc-function-timeout": "60", "x-fc-function-handler": "main", "x-fc-region": "cn-hangzhou", "x-fc-account-id": "1234567890123456",
		"x-fc-access-key-id": "id", "x-fc-access-key-secret": "secret",
	})
	if got := verdictIn(t, body); got != "fixed" {
		t.Errorf("the answer is %s", body)
	}
}
