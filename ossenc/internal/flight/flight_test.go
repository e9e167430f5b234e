package flight_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc/internal/flight"
)

var (
	errPanic = errors.New("it panicked")
	errBusy  = errors.New("busy")
)

// group counts the calls that are made.
type group struct {
	flight.Group[string, int]
	mu    sync.Mutex
	calls int
}

func (g *group) do(ctx context.Context, key string, result func(n int) (int, error)) (int, error) {
	c, isNew := g.Join(key, errPanic)
	if isNew {
		g.mu.Lock()
		g.calls++
		n := g.calls
		g.mu.Unlock()
		g.Run(key, c, func() (int, error) {
			time.Sleep(time.Second)
			return result(n)
		}, func(err error) bool { return err == nil })
	}
	return c.Wait(ctx)
}

func TestGroup_SharesOneCallAndKeepsWhatItShould(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g group
		busyFirst := func(n int) (int, error) {
			if n == 1 {
				return 0, errBusy
			}
			return n, nil
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := g.do(t.Context(), "a", busyFirst); !errors.Is(err, errBusy) {
					t.Errorf("error %v", err)
				}
			})
		}
		all.Wait()
		for range 3 { // the failure is forgotten, the value is kept
			if v, err := g.do(t.Context(), "a", busyFirst); v != 2 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
		if v, _ := g.do(t.Context(), "b", busyFirst); v != 3 || g.calls != 3 {
			t.Errorf("another key: %d, %d calls", v, g.calls)
		}
	})
}

func TestGroup_APanicIsAnErrorForThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g group
		go func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not go on to the caller")
				}
			}()
			_, _ = g.do(t.Context(), "a", func(int) (int, error) { panic("a bug") })
		}()
		synctest.Wait()
		if _, err := g.do(t.Context(), "a", nil); !errors.Is(err, errPanic) {
			t.Errorf("error %v", err)
		}
	})
}

func TestCall_WaitsAsLongAsTheContextLetsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g group
		go func() { _, _ = g.do(t.Context(), "a", func(int) (int, error) { return 1, nil }) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := g.do(ctx, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		time.Sleep(2 * time.Second)
	})
}
