package e2e

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// A creation is told before OSS knows the bucket. The platform repeats the invocation:
// a bucket that appears meanwhile is fixed by a repetition; one that never does fails as
// not_yet three times, and counts as gone at the third repetition, so that no dead letter
// is left. Both runtimes say which repetition it is.
func TestNotYet_ThePlatformsRepetitionsFindTheBucket(t *testing.T) {
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		for bucket, want := range map[string][]string{
			"appears-late":   {"not_yet", "fixed"},
			"appears-to-not": {"not_yet", "not_yet", "not_yet", "gone"},
		} {
			t.Run(runtime+"/"+bucket, func(t *testing.T) {
				t.Parallel()
				results := make(chan localfc.Result, 8)
				letters := make(chan []byte, 1)
				s, err := stack.Start(context.WithoutCancel(t.Context()), stack.Options{Binary: binary, Configure: func(c *localfc.Config) {
					c.Runtime = runtime
					c.OnResult = func(_ []byte, r localfc.Result) { results <- r }
					c.OnFailure = func(letter []byte) { letters <- letter }
				}})
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
						t.Errorf("close: %v", err)
					}
				}()
				sendAsync(t, s, stack.BucketCreated("1", bucket, stack.Region).JSON())
				for i, outcome := range want {
					r := <-results
					if failed := r.FunctionError != ""; failed != (outcome == "not_yet") || !strings.Contains(string(r.Payload), outcome) {
						t.Fatalf("try %d: want %s, got %s", i, outcome, r.Payload)
					}
					if want[len(want)-1] == "fixed" && i == 0 {
						s.OSS.PutBucket(localoss.Bucket{Name: bucket, Region: stack.Region})
					}
				}
				if b, ok := s.OSS.Bucket(bucket); ok && b.Rule.Algorithm != "AES256" {
					t.Errorf("the rule is %+v", b.Rule)
				}
				if len(results)+len(letters) > 0 {
					t.Errorf("%d more results, %d dead letters", len(results), len(letters))
				}
			})
		}
	}
}

// sendAsync sends an event as EventBridge does: it is accepted before it is handled.
func sendAsync(t *testing.T, s *stack.Stack, event []byte) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, stack.Invocations, bytes.NewReader(event))
	r.Header.Set("X-Fc-Invocation-Type", "Async")
	w := httptest.NewRecorder()
	s.Function.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusAccepted {
		t.Fatalf("the platform answered %d: %s", w.Code, w.Body)
	}
}
