package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// addresses are those of internal/cmd/pagestack.
type addresses struct {
	Trigger, Direct, Console string
	Buckets                  int
}

// root is the product's module.
const root = "../.."

// pagestack builds the command once for all tests.
var pagestack = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pagestack")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "pagestack")
	cmd := exec.Command("go", "build", "-o", bin, "./internal/cmd/pagestack")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return bin, nil
})

// start brings the function up with flags, until the test ends.
func start(t *testing.T, flags ...string) addresses {
	t.Helper()
	bin, err := pagestack()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, append([]string{"-root", root}, flags...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("pagestack: %v\n%s", err, &log)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var at addresses
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		t.Fatalf("pagestack printed %q: %v\n%s", line, err, &log)
	}
	return at
}
