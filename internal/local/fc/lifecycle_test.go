package fc

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStartFails(t *testing.T) {
	tests := []struct {
		name, want string
		cfg        Config
	}{
		{"without a command", "localfc: no command", Config{Command: []string{}}},
		{"for an unknown runtime", `localfc: runtime "go2" is neither go1 nor custom.debian12`, Config{Runtime: "go2"}},
		{"for a missing binary", "localfc: start: fork/exec ./missing: no such file or directory", Config{Command: []string{"./missing"}}},
		{
			"when the child dies", "localfc: the function's process ended: exit status 3\nno reason to live",
			Config{Env: []string{"DIE_IF=/"}},
		},
		{
			"when the child asks for no work", "localfc: the function asked for no work within 50ms",
			Config{Env: []string{"SILENT=1"}, StartTimeout: 50 * time.Millisecond},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, runtime string) {
				cfg := test.cfg
				if cfg.Runtime == "" {
					cfg.Runtime = runtime
				}
				if cfg.Command == nil {
					cfg.Command = []string{functionBinary}
				}
				if err := startError(t.Context(), cfg); err.Error() != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
			})
		})
	}
}

func TestHooksRunAroundTheTraffic(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		log := newJournal()
		f := start(t, Config{
			Runtime: runtime, Env: []string{"HOOKS=good", "ON_TERM=0"}, Initializer: true, PreStop: true, Log: log,
		})
		for range 3 {
			invoke(t, f, `{"do":"print","text":"traffic"}`)
		}
		if err := f.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, _ := log.read()
		var got []string
		for line := range strings.Lines(all) {
			if !strings.HasPrefix(line, "FC ") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if want := "initialized traffic traffic traffic pre-stop leaving"; strings.Join(got, " ") != want {
			t.Errorf("got %q, want %s", got, want)
		}
	})
}

func TestFailedInitializerFailsTheStart(t *testing.T) {
	want := map[string]string{
		RuntimeGo1:    `localfc: initializer failed: {"errorMessage":"cannot initialize","errorType":"string"`,
		RuntimeCustom: "localfc: initializer failed: cannot initialize\n",
	}
	inBoth(t, func(t *testing.T, runtime string) {
		err := startError(t.Context(), Config{
			Command: []string{functionBinary}, Runtime: runtime, Env: []string{"HOOKS=bad"}, Initializer: true,
		})
		if !strings.HasPrefix(err.Error(), want[runtime]) {
			t.Errorf("got %v, want %s", err, want[runtime])
		}
	})
}

func TestStop(t *testing.T) {
	tests := []struct {
		name, onTerm, err, state string
	}{
		{"is clean when SIGTERM is handled", "0", "", "exit status 0"},
		{"is clean when SIGTERM kills", "", "", "signal: terminated"},
		{"reports a bad exit status", "4", "localfc: the function's process ended: exit status 4\nleaving", "exit status 4"},
		{
			"kills after the grace", "ignore", "localfc: the function did not end on SIGTERM and was killed",
			"signal: killed",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, runtime string) {
				f := start(t, Config{Runtime: runtime, Env: []string{"ON_TERM=" + test.onTerm}, StopGrace: graceFor(test.onTerm)})
				err := f.Stop(t.Context())
				if text(err) != test.err {
					t.Errorf("got %v, want %s", err, test.err)
				}
				if got := f.Wait().String(); got != test.state {
					t.Errorf("state %s, want %s", got, test.state)
				}
				if _, err := f.Invoke(t.Context(), nil); !errors.Is(err, ErrStopped) {
					t.Errorf("Invoke after Stop: %v", err)
				}
				if err := f.Stop(t.Context()); err != nil {
					t.Errorf("second Stop: %v", err)
				}
			})
		})
	}
}

func graceFor(onTerm string) time.Duration {
	if onTerm == "ignore" {
		return 50 * time.Millisecond
	}
	return time.Minute
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestStopReportsAnEarlierCrash(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		f := start(t, Config{Runtime: runtime, PreStop: true})
		if err := f.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-f.Exited()
		if want := "localfc: the function's process ended: signal: killed"; text(f.Stop(t.Context())) != want {
			t.Errorf("want %s", want)
		}
	})
}

func TestStopReportsAFailedPreStop(t *testing.T) {
	f := start(t, Config{PreStop: true})
	want := `localfc: pre-stop failed: {"errorMessage":"no prestop handler registered"`
	if err := f.Stop(t.Context()); !strings.HasPrefix(text(err), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestCancelledStartLeavesNoChild(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := startError(ctx, Config{Command: []string{functionBinary}, Runtime: runtime, Env: []string{"SILENT=1"}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestResultLogIsTheTail(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		log := newJournal()
		f := start(t, Config{Runtime: runtime, Log: log})
		r := invoke(t, f, `{"do":"print","text":"first"}`)
		// The end mark is expected only of a child that has written one.
		log.await("End RequestId: "+r.RequestID, 1)
		r = invoke(t, f, `{"do":"print","text":"second"}`)
		want := "FC Invoke Start RequestId: " + r.RequestID + "\nsecond\nFC Invoke End RequestId: " + r.RequestID + "\n"
		if r.Log != want {
			t.Errorf("log %q, want %q", r.Log, want)
		}
		r = invoke(t, f, `{"do":"print","text":"`+strings.Repeat("y", 10<<10)+`"}`)
		if len(r.Log) != 4<<10 || !strings.HasSuffix(r.Log, "y\nFC Invoke End RequestId: "+r.RequestID+"\n") {
			t.Errorf("%d bytes ending in %q", len(r.Log), r.Log[max(0, len(r.Log)-80):])
		}
	})
}
