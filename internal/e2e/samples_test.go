package e2e

import (
	"context"
	"strings"
	"testing"

	"bucketwarden/events"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// Every sample event has the outcome that the manifest states, with the real
// binary, in an account where the buckets it names exist without a rule.
func TestSamples(t *testing.T) {
	samples, err := events.Samples()
	if err != nil {
		t.Fatal(err)
	}
	stacks := map[string]*stack.Stack{} // one for each choice of settings
	for name, sample := range samples {
		if sample.Results == nil || sample.Trigger == "http" {
			continue
		}
		choice := strings.Join(sample.Settings, " ")
		if stacks[choice] == nil {
			stacks[choice] = startWith(t, sample.Settings)
		}
		st := stacks[choice]
		if err := stack.SampleBuckets(st.OSS, stack.Region); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { runSample(t, st, name, sample) })
	}
}

func startWith(t *testing.T, settings []string) *stack.Stack {
	t.Helper()
	st, err := stack.Start(t.Context(), stack.Options{Binary: binary, Env: settings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.WithoutCancel(t.Context())); err != nil { // ended by now
			t.Error(err)
		}
	})
	return st
}

func runSample(t *testing.T, st *stack.Stack, name string, sample events.Sample) {
	payload, err := events.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	res, err := st.Function.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	results, err := stack.Results(res)
	if err != nil || len(results) != len(sample.Results) {
		t.Fatalf("%d results, want %d (%v)", len(results), len(sample.Results), err)
	}
	fails := false
	for i, want := range sample.Results {
		got := results[i]
		if got.Bucket != want.Bucket || string(got.Verdict) != want.Verdict {
			t.Errorf("result %d: %s %s (%s), want %s %s", i, got.Bucket, got.Verdict, got.Reason, want.Bucket, want.Verdict)
		}
		fails = fails || got.Verdict.Failed()
		if want.Verdict == "fixed" {
			if b, _ := st.OSS.Bucket(want.Bucket); b.Rule != (localoss.Rule{Algorithm: "AES256"}) {
				t.Errorf("%s has %+v in OSS, and was called fixed", want.Bucket, b.Rule)
			}
		}
	}
	if failed := res.FunctionError != ""; failed != fails {
		t.Errorf("the invocation failed: %t, want %t", failed, fails)
	}
}
