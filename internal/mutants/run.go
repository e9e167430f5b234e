package mutants

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// Outcome is what became of a mutant.
type Outcome struct {
	// Killed means that a test failed.
	Killed bool
	// By is the first test that failed, or why the tests ended.
	By string
	// Took is how long it took.
	Took time.Duration
}

// testTime is far above what the tests of one package take; a mutant that never ends is
// found by it.
const testTime = 5 * time.Minute

var (
	failedTest = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	notBuilt   = regexp.MustCompile(`\[(build|setup) failed\]`)
)

// Run lets the mutant's tests look for it, package by package, until one finds it. The
// error means that the mutant cannot be tried: it does not compile, or its text is gone.
func (m Mutant) Run(ctx context.Context, root string) (Outcome, error) {
	begun := time.Now()
	mutated, err := m.Apply(root)
	if err != nil {
		return Outcome{}, err
	}
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return Outcome{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, filepath.FromSlash(m.File)): source}})
	if err != nil {
		return Outcome{}, err
	}
	for name, data := range map[string][]byte{source: mutated, overlay: replaced} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return Outcome{}, err
		}
	}
	for _, p := range m.Tests {
		args := []string{"test", "-overlay", overlay, "-count=1", "-failfast", "-vet=off", "-timeout", testTime.String(), "./" + p}
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		failed := cmd.Run() != nil
		switch {
		case ctx.Err() != nil:
			return Outcome{}, ctx.Err()
		case failed && notBuilt.Match(out.Bytes()):
			return Outcome{}, fmt.Errorf("it does not compile: %s", out.Bytes())
		case failed:
			by := "the end of the test process"
			if t := failedTest.FindSubmatch(out.Bytes()); t != nil {
				by = string(t[1])
			}
			return Outcome{Killed: true, By: p + " " + by, Took: time.Since(begun)}, nil
		}
	}
	return Outcome{Took: time.Since(begun)}, nil
}
