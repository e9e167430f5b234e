package fcruntime_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// binary is the function as it is deployed.
var binary string

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func runTests(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "fcruntime")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if binary, err = stack.Build(context.Background(), "../..", dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// inBoth runs a story once in each runtime.
func inBoth(t *testing.T, story func(t *testing.T, s *stack.Stack)) {
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		t.Run(runtime, func(t *testing.T) { story(t, start(t, runtime)) })
	}
}

// start runs the function until the test ends, and then checks that it ends in
// order: its pre-stop hook answers and its status is 0.
func start(t *testing.T, runtime string) *stack.Stack {
	t.Helper()
	s := launch(t, runtime, io.Discard)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// launch runs the function for a test that watches its end itself.
func launch(t *testing.T, runtime string, log io.Writer) *stack.Stack {
	t.Helper()
	s, err := stack.Start(t.Context(), stack.Options{Binary: binary, Log: log, Configure: func(c *localfc.Config) { c.Runtime = runtime }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// created tells the function that a bucket without encryption was created.
func created(ctx context.Context, s *stack.Stack, bucket string) (localfc.Result, error) {
	s.OSS.PutBucket(localoss.Bucket{Name: bucket, Region: stack.Region})
	return s.Function.Invoke(ctx, stack.BucketCreated("id-"+bucket, bucket, stack.Region).JSON())
}

// verdict returns the verdict of the one result, or what is there instead.
func verdict(r localfc.Result, err error) string {
	if err != nil {
		return err.Error()
	}
	results, err := stack.Results(r)
	if err != nil || len(results) != 1 {
		return fmt.Sprintf("%d results, %v", len(results), err)
	}
	return strings.TrimSpace(string(results[0].Verdict) + " " + r.ErrorType())
}

func TestBucketIsFixedOnceAndThenCompliant(t *testing.T) {
	inBoth(t, func(t *testing.T, s *stack.Stack) {
		if got := verdict(created(t.Context(), s, "story")); got != "fixed" {
			t.Fatalf("got %s, want fixed", got)
		}
		if b, _ := s.OSS.Bucket("story"); b.Rule.Algorithm != "AES256" {
			t.Errorf("the rule is %+v, want AES256", b.Rule)
		}
		again := stack.BucketCreated("id-story", "story", stack.Region).JSON()
		if got := verdict(s.Function.Invoke(t.Context(), again)); got != "compliant" {
			t.Errorf("got %s, want compliant", got)
		}
		if n := s.OSS.Count("PutBucketEncryption"); n != 1 {
			t.Errorf("%d writes, want 1", n)
		}
	})
}

func TestRefusalIsAFunctionErrorWithItsCode(t *testing.T) {
	inBoth(t, func(t *testing.T, s *stack.Stack) {
		s.OSS.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Code: "AccessDenied"} })
		r, err := created(t.Context(), s, "story")
		if got := verdict(r, err); got != "unknown denied" || r.FunctionError != localfc.UnhandledInvocationError {
			t.Errorf("got %s, function error %q; want unknown denied, %s", got, r.FunctionError, localfc.UnhandledInvocationError)
		}
	})
}

// Every invocation acts with the keys it was handed, not with another's and not
// with those of the environment, which stop working.
func TestConcurrentInvocationsUseTheirOwnCredentials(t *testing.T) {
	const n = 40
	inBoth(t, func(t *testing.T, s *stack.Stack) {
		s.OSS.RemoveKey("STS.local000001") // handed out at the start
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if got := verdict(created(t.Context(), s, fmt.Sprintf("story-%02d", i))); got != "fixed" {
					t.Errorf("bucket %d: %s, want fixed", i, got)
				}
			})
		}
		wg.Wait()
		keys := map[string]string{} // of each bucket
		for _, r := range s.OSS.Requests() {
			if key, ok := keys[r.Bucket]; ok && key != r.AccessKeyID {
				t.Errorf("%s was worked on with %s and %s", r.Bucket, key, r.AccessKeyID)
			}
			keys[r.Bucket] = r.AccessKeyID
		}
		distinct := map[string]bool{}
		for _, key := range keys {
			distinct[key] = true
		}
		if len(keys) != n || len(distinct) != n {
			t.Errorf("%d buckets with %d keys, want %d with as many", len(keys), len(distinct), n)
		}
	})
}

// slowly makes OSS take its time from the first call on, and returns a channel
// that is closed when that call is there.
func slowly(s *stack.Stack) <-chan struct{} {
	arrived := make(chan struct{})
	var once sync.Once
	s.OSS.SetFault(func(localoss.Request) *localoss.Fault {
		once.Do(func() { close(arrived) })
		return &localoss.Fault{Delay: 150 * time.Millisecond}
	})
	return arrived
}

func TestEndFinishesWhatRuns(t *testing.T) {
	ends := map[string]func(*stack.Stack) error{
		"SIGTERM":  func(s *stack.Stack) error { return s.Function.Signal(syscall.SIGTERM) },
		"pre-stop": func(s *stack.Stack) error { return s.Function.Stop(context.Background()) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			inBoth(t, func(t *testing.T, s *stack.Stack) {
				arrived := slowly(s)
				var got atomic.Value
				var wg sync.WaitGroup
				wg.Go(func() { got.Store(verdict(created(t.Context(), s, "story"))) })
				<-arrived
				if err := end(s); err != nil {
					t.Errorf("the end: %v", err)
				}
				wg.Wait()
				if got.Load() != "fixed" {
					t.Errorf("the invocation that ran ended %v, want fixed", got.Load())
				}
				if code := s.Function.Wait().ExitCode(); code != 0 {
					t.Errorf("exit status %d, want 0", code)
				}
			})
		})
	}
}

func TestLostAnswerIsSentAgain(t *testing.T) {
	s := start(t, localfc.RuntimeGo1)
	s.Function.RuntimeAPI().LoseAnswers(2)
	if got := verdict(created(t.Context(), s, "story")); got != "fixed" {
		t.Errorf("got %s, want fixed", got)
	}
}

// The SDK's loop alone would burn a core and write 10,000 lines a second here,
// for ever.
func TestDeadRuntimeAPI(t *testing.T) {
	t.Parallel() // it takes 10 s of waiting
	var log bytes.Buffer
	s := launch(t, localfc.RuntimeGo1, &log)
	began := time.Now()
	s.Function.RuntimeAPI().SetDown(true)
	state := s.Function.Wait()
	if took := time.Since(began); state.ExitCode() != 1 || took < 5*time.Second || took > 30*time.Second {
		t.Errorf("exit status %d after %v, want 1 after about 10s", state.ExitCode(), took)
	}
	if cpu := state.UserTime() + state.SystemTime(); cpu > time.Second {
		t.Errorf("%v of CPU time, want less than 1s", cpu)
	}
	if n := strings.Count(log.String(), "\n"); n > 30 {
		t.Errorf("%d lines in the log, want at most 30", n)
	}
	if err := s.Close(t.Context()); err == nil {
		t.Error("the platform saw nothing of it")
	}
}

// A Runtime API that comes back finds the same process.
func TestRuntimeAPIComesBack(t *testing.T) {
	s := start(t, localfc.RuntimeGo1)
	pid := s.Function.PID()
	s.Function.RuntimeAPI().SetDown(true)
	s.Function.RuntimeAPI().SetDown(false)
	if got := verdict(created(t.Context(), s, "story")); got != "fixed" || s.Function.PID() != pid {
		t.Errorf("got %s from process %d, want fixed from %d", got, s.Function.PID(), pid)
	}
}
