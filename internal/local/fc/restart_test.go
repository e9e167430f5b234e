package fc

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTimeoutAnswersAndReplacesTheChild(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, runtime string) {
		f := start(t, Config{Runtime: runtime, Timeout: time.Second})
		pid := f.PID()
		r := invoke(t, f, `{"do":"hang"}`)
		if !r.TimedOut || r.FunctionError != UnhandledInvocationError {
			t.Errorf("TimedOut %v, FunctionError %q", r.TimedOut, r.FunctionError)
		}
		if want := "Function timed out after 1 seconds"; r.ErrorMessage() != want {
			t.Errorf("message %q, want %q", r.ErrorMessage(), want)
		}
		if err := f.Signal(syscall.Signal(0)); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("the child still runs: %v", err)
		}
		invoke(t, f, `{"do":"echo"}`)
		if f.PID() == pid {
			t.Error("the child was not replaced")
		}
		invoke(t, f, `{"do":"hang"}`)
		if err := f.Stop(t.Context()); err != nil {
			t.Errorf("Stop after a timeout: %v", err)
		}
	})
}

func TestDeathFailsWhatIsInFlight(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		f, g := start(t, Config{Runtime: runtime}), newGate(t)
		failed := make(chan error)
		go func() {
			_, err := f.Invoke(t.Context(), []byte(`{"do":"echo","url":"`+g.URL+`"}`))
			failed <- err
		}()
		g.await(1)
		_, err := f.Invoke(t.Context(), []byte(`{"do":"exit"}`))
		for _, err := range []error{err, <-failed} {
			exit, ok := errors.AsType[*ExitError](err)
			if !ok {
				t.Fatalf("error %v", err)
			}
			if exit.State.ExitCode() != 7 || !strings.HasSuffix(exit.Log, "last words\n") {
				t.Errorf("state %v, log %q", exit.State, exit.Log)
			}
			if !strings.HasPrefix(err.Error(), "localfc: the function's process ended: exit status 7\n") {
				t.Errorf("message %q", err)
			}
		}
		dead := f.PID()
		invoke(t, f, `{"do":"echo"}`)
		if f.PID() == dead {
			t.Error("no new child")
		}
	})
}

func TestDeathAtRestartIsAnError(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		file := filepath.Join(t.TempDir(), "die")
		f := start(t, Config{Runtime: runtime, Env: []string{"DIE_IF=" + file}})
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, code := range []int{7, 3, 3} {
			_, err := f.Invoke(t.Context(), []byte(`{"do":"exit"}`))
			if exit, ok := errors.AsType[*ExitError](err); !ok || exit.State.ExitCode() != code {
				t.Errorf("error %v, want exit status %d", err, code)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		invoke(t, f, `{"do":"echo"}`)
	})
}
