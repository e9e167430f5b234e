package fc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// functionBinary is the function that testdata/fn builds.
var functionBinary string

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "localfc")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	functionBinary = filepath.Join(dir, "fn")
	out, err := exec.Command("go", "build", "-trimpath", "-o", functionBinary, "./testdata/fn").CombinedOutput()
	if err != nil {
		return 1, fmt.Errorf("build the test function: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// inBoth runs a test once in each runtime.
func inBoth(t *testing.T, test func(t *testing.T, runtime string)) {
	for _, runtime := range []string{RuntimeGo1, RuntimeCustom} {
		t.Run(runtime, func(t *testing.T) { test(t, runtime) })
	}
}

// start runs the test function until the test ends.
func start(t *testing.T, cfg Config) *Function {
	t.Helper()
	cfg.Command = []string{functionBinary}
	f, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { f.Stop(ctx) })
	return f
}

// startError returns why the function does not start.
func startError(ctx context.Context, cfg Config) error {
	f, err := Start(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(errors.New("it started"), f.Stop(ctx))
}

func invoke(t *testing.T, f *Function, event string) Result {
	t.Helper()
	r, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatalf("Invoke(%s): %v", event, err)
	}
	return r
}

// serve puts f's front door on a port.
func serve(t *testing.T, f *Function) string {
	t.Helper()
	s := httptest.NewServer(f.Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// gate holds invocations that fetch its URL until it is opened.
type gate struct {
	*httptest.Server
	arrived chan struct{}
	held    chan struct{}
	release sync.Once
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{arrived: make(chan struct{}, 100), held: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		g.arrived <- struct{}{}
		select {
		case <-g.held:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { g.open(); g.Close() })
	return g
}

func (g *gate) open() { g.release.Do(func() { close(g.held) }) }

func (g *gate) await(n int) {
	for range n {
		<-g.arrived
	}
}

// journal is a Config.Log that tests read and wait on.
type journal struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newJournal() *journal { return &journal{changed: make(chan struct{})} }

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	close(j.changed)
	j.changed = make(chan struct{})
	return j.text.Write(p)
}

func (j *journal) read() (string, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String(), j.changed
}

// await returns once the log has n times text.
func (j *journal) await(text string, n int) {
	for {
		all, changed := j.read()
		if strings.Count(all, text) >= n {
			return
		}
		<-changed
	}
}
