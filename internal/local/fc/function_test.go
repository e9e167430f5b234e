package fc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestInvoke(t *testing.T) {
	tests := []struct {
		name, event, payload, errorType, errorMessage string
	}{
		{"success", `{"do":"echo","text":"x"}`, `{"do":"echo","text":"x"}`, "", ""},
		{"error with its type", `{"do":"error","text":"no"}`, "", "typedError", "no"},
		{"error for bad JSON", `{`, "", "SyntaxError", "unexpected end of JSON input"},
		{"big payload", `{"do":"big"}`, `"` + strings.Repeat("x", 8<<20) + `"`, "", ""},
	}
	inBoth(t, func(t *testing.T, runtime string) {
		f := start(t, Config{Runtime: runtime})
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				r := invoke(t, f, test.event)
				if (r.FunctionError != "") != (test.errorType != "") {
					t.Errorf("FunctionError = %q", r.FunctionError)
				}
				if r.ErrorType() != test.errorType || r.ErrorMessage() != test.errorMessage {
					t.Errorf("error %q %q, want %q %q", r.ErrorType(), r.ErrorMessage(), test.errorType, test.errorMessage)
				}
				if test.payload != "" && string(r.Payload) != test.payload {
					t.Errorf("payload %.80s, want %.80s", r.Payload, test.payload)
				}
			})
		}
	})
}

func TestPanicIsAFunctionErrorAndTheChildLives(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		f := start(t, Config{Runtime: runtime})
		pid := f.PID()
		r := invoke(t, f, `{"do":"panic","text":"oh"}`)
		if r.FunctionError != UnhandledInvocationError || r.ErrorMessage() != "oh" {
			t.Errorf("got %q %q", r.FunctionError, r.ErrorMessage())
		}
		invoke(t, f, `{"do":"echo"}`)
		if f.PID() != pid {
			t.Error("the child was replaced")
		}
	})
}

func TestInvocationsOverlap(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		f, g := start(t, Config{Runtime: runtime}), newGate(t)
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() {
				if _, err := f.Invoke(t.Context(), []byte(`{"do":"echo","url":"`+g.URL+`"}`)); err != nil {
					t.Error(err)
				}
			})
		}
		g.await(8)
		g.open()
		calls.Wait()
	})
}

func TestConcurrencyHoldsTheRestBack(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		f, g := start(t, Config{Runtime: runtime, Concurrency: 2}), newGate(t)
		event := []byte(`{"do":"echo","url":"` + g.URL + `"}`)
		var calls sync.WaitGroup
		for range 2 {
			calls.Go(func() { f.Invoke(t.Context(), event) })
		}
		g.await(2)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := f.Invoke(ctx, event); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("third invocation: %v", err)
		}
		if len(g.arrived) != 0 {
			t.Error("the third invocation reached the function")
		}
		g.open()
		calls.Wait()
		invoke(t, f, `{"do":"echo"}`)
	})
}

// sight is what the test function reports with {"do":"seen"}.
type sight struct {
	ID, Secret, Token, EnvID string
	Handler, Memory, Region  string
	Account, Qualifier       string
	Timeout, Retry           int
}

func TestEachInvocationHasItsOwnCredentials(t *testing.T) {
	const calls = 32
	inBoth(t, func(t *testing.T, runtime string) {
		var given atomic.Int64
		f := start(t, Config{Runtime: runtime, Credentials: func() Credentials {
			n := fmt.Sprint(given.Add(1))
			return Credentials{AccessKeyID: n, AccessKeySecret: "secret" + n, SecurityToken: "token" + n}
		}})
		ids := make([]string, calls)
		var running sync.WaitGroup
		for i := range calls {
			running.Go(func() {
				r, err := f.Invoke(t.Context(), []byte(`{"do":"seen"}`))
				var s sight
				if err := errors.Join(err, json.Unmarshal(r.Payload, &s)); err != nil {
					t.Error(err)
					return
				}
				if s.Secret != "secret"+s.ID || s.Token != "token"+s.ID || s.EnvID != "1" {
					t.Errorf("saw %+v", s)
				}
				ids[i] = s.ID
			})
		}
		running.Wait()
		slices.Sort(ids)
		if n := len(slices.Compact(ids)); n != calls {
			t.Errorf("%d different keys for %d invocations", n, calls)
		}
	})
}

func TestFunctionLearnsItsMetadata(t *testing.T) {
	want := sight{
		Handler: "h", Memory: "128", Region: "cn-beijing", Account: "42", Qualifier: "prod", Timeout: 9,
	}
	inBoth(t, func(t *testing.T, runtime string) {
		f := start(t, Config{
			Runtime: runtime, Handler: "h", MemoryMB: 128, Region: "cn-beijing", AccountID: "42",
			Qualifier: "prod", Timeout: 9 * time.Second,
		})
		var got sight
		if err := json.Unmarshal(invoke(t, f, `{"do":"seen"}`).Payload, &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}

func TestEnvironmentIsHermetic(t *testing.T) {
	t.Setenv("HOST_SECRET", "x")
	system := []string{
		"FC_ACCOUNT_ID=1234567890123456", "FC_FUNCTION_HANDLER=main", "FC_FUNCTION_MEMORY_SIZE=512",
		"FC_FUNCTION_NAME=bucketwarden", "FC_FUNCTION_VERSION=LATEST", "FC_FUNC_CODE_PATH=" + filepath.Dir(functionBinary) + "/",
		"FC_REGION=cn-hangzhou", "HOME=" + os.TempDir(), "OWN=1", "PATH=/usr/local/bin:/usr/bin:/bin",
		"TMPDIR=" + os.TempDir(), "ALIBABA_CLOUD_ACCESS_KEY_ID=a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=b",
		"ALIBABA_CLOUD_SECURITY_TOKEN=c",
	}
	own := map[string]string{RuntimeGo1: "FC_RUNTIME_API=", RuntimeCustom: "FC_CUSTOM_LISTEN_PORT="}
	inBoth(t, func(t *testing.T, runtime string) {
		f := start(t, Config{Runtime: runtime, Env: []string{"OWN=1", "FC_REGION=mine"}, Credentials: func() Credentials {
			return Credentials{AccessKeyID: "a", AccessKeySecret: "b", SecurityToken: "c"}
		}})
		var got []string
		if err := json.Unmarshal(invoke(t, f, `{"do":"env"}`).Payload, &got); err != nil {
			t.Fatal(err)
		}
		got = slices.DeleteFunc(got, func(v string) bool {
			return strings.HasPrefix(v, "FC_INSTANCE_ID=c-") || strings.HasPrefix(v, own[runtime])
		})
		slices.Sort(got)
		want := slices.Sorted(slices.Values(system))
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}
