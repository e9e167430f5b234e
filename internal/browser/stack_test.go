package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	at, end, err := run(flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	return at
}

// stacks are those that tests share, by their flags: for tests that change nothing.
var stacks = map[string]addresses{}

// shared brings the function up with flags once, until all tests have ended.
func shared(t *testing.T, flags ...string) addresses {
	t.Helper()
	name := strings.Join(flags, " ")
	if at, ok := stacks[name]; ok {
		return at
	}
	at, end, err := run(flags)
	if err != nil {
		t.Fatal(err)
	}
	stacks[name] = at
	atEnd = append(atEnd, func() { _ = end() })
	return at
}

// run brings the function up; end ends it.
func run(flags []string) (at addresses, end func() error, _ error) {
	bin, err := pagestack()
	if err != nil {
		return at, nil, err
	}
	cmd := exec.Command(bin, append([]string{"-root", root}, flags...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return at, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return at, nil, err
	}
	if err := cmd.Start(); err != nil {
		return at, nil, err
	}
	end = func() error {
		_ = stdin.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("pagestack: %w\n%s", err, &log)
		}
		return nil
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		return at, nil, errors.Join(fmt.Errorf("pagestack printed %q: %w", line, err), end())
	}
	return at, end, nil
}
