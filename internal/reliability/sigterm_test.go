package reliability_test

import (
	"sync"
	"syscall"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// What is in flight when the process is told to end is finished if it can be, and
// fails visibly if not. Nothing is lost without a word.
func TestSIGTERMInFlight(t *testing.T) {
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		for name, tt := range map[string]struct {
			delay  time.Duration
			failed bool
		}{
			"soon done": {time.Second, false},
			"too slow":  {30 * time.Second, true},
		} {
			t.Run(runtime+"/"+name, func(t *testing.T) {
				t.Parallel()
				testSIGTERM(t, runtime, tt.delay, tt.failed)
			})
		}
	}
}

func testSIGTERM(t *testing.T, runtime string, delay time.Duration, wantFailed bool) {
	m := startMatrix(t, runtime)
	arrived := make(chan struct{})
	arrive := sync.OnceFunc(func() { close(arrived) })
	m.OSS.SetFault(func(localoss.Request) *localoss.Fault {
		arrive()
		return &localoss.Fault{Delay: delay}
	})
	m.OSS.PutBucket(localoss.Bucket{Name: "c0000"})
	var busy sync.WaitGroup
	defer busy.Wait()
	busy.Go(func() {
		res, err := m.Function.Invoke(t.Context(), stack.BucketCreated("id", "c0000", stack.Region).JSON())
		if err != nil {
			t.Errorf("no answer: %v", err)
		}
		b, _ := m.OSS.Bucket("c0000")
		if failed := res.FunctionError != ""; failed != wantFailed || !failed && b.Rule != both {
			t.Errorf("failed: %t, with %+v in force: %s", failed, b.Rule, res.Payload)
		}
	})
	<-arrived
	if err := m.Function.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if state := m.Function.Wait(); !state.Success() {
		t.Errorf("the process ended with %v", state)
	}
}
