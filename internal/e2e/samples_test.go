package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"bucketwarden/internal/local"
	"bucketwarden/internal/localoss"
)

// Every sample event has the outcome that the manifest states, with the real
// binary, in an account where the buckets it names exist without a rule.
func TestSamples(t *testing.T) {
	samples, err := local.Samples(filepath.Join(root, "events"))
	if err != nil {
		t.Fatal(err)
	}
	stack, err := local.Start(t.Context(), local.Options{Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(context.WithoutCancel(t.Context())); err != nil { // ended by now
			t.Error(err)
		}
	})
	for name, sample := range samples {
		if sample.Results == nil || sample.Trigger == "http" {
			continue
		}
		local.CreateBuckets(stack.OSS, samples) // afresh, without a rule
		t.Run(name, func(t *testing.T) { runSample(t, stack, name, sample) })
	}
}

func runSample(t *testing.T, stack *local.Stack, name string, sample local.Sample) {
	payload, err := os.ReadFile(filepath.Join(root, "events", name))
	if err != nil {
		t.Fatal(err)
	}
	res, err := stack.Function.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	results, err := local.Results(res)
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
			if b, _ := stack.OSS.Bucket(want.Bucket); b.Rule != (localoss.Rule{Algorithm: "AES256"}) {
				t.Errorf("%s has %+v in OSS, and was called fixed", want.Bucket, b.Rule)
			}
		}
	}
	if failed := res.FunctionError != ""; failed != fails {
		t.Errorf("the invocation failed: %t, want %t", failed, fails)
	}
}
