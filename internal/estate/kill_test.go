package estate

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
)

// platforms are those that honour task IDs, and those that take a known one once more.
var platforms = map[string]bool{"honoured": false, "not honoured": true}

// killer ends the function's process by SIGKILL when OSS is asked for a rule the so many
// hundredth time: moments that a seed chooses, and not the speed of the machine.
type killer struct {
	mu      sync.Mutex
	moments []int
	asked   int
	kills   int
}

func newKiller(kills int) *killer {
	random := rand.New(rand.NewPCG(*seed, 0)) //nolint:gosec // to be repeated
	k := &killer{}
	for range kills {
		k.moments = append(k.moments, 1+random.IntN(*buckets-*buckets/10))
	}
	slices.Sort(k.moments)
	return k
}

// watch is a hook of the local OSS.
func (k *killer) watch(e *estate) func(localoss.Request) *localoss.Fault {
	return func(r localoss.Request) *localoss.Fault {
		if r.Operation != "GetBucketEncryption" {
			return nil
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.asked++
		if k.kills < len(k.moments) && k.asked >= k.moments[k.kills] && e.Function.Signal(syscall.SIGKILL) == nil {
			<-e.Function.Exited() // the next one is for the next process
			k.kills++
		}
		return nil
	}
}

// TestKills ends five hops at random moments, whether the platform honours task IDs or
// not: nothing is skipped, no hop is lost, and the run does not fork.
func TestKills(t *testing.T) {
	parallel(t)
	for name, ignored := range platforms {
		t.Run(name, func(t *testing.T) {
			parallel(t)
			e := newEstate(t, func(c *localfc.Config) { c.IgnoreTaskIDs = ignored })
			k := newKiller(5)
			e.OSS.SetFault(k.watch(e))
			e.start(`{"action":"sweep","continue":true,"run_id":"killed"}`)
			tasks := e.wait()
			t.Logf("killed at %d of %d reads of a rule", k.moments, k.asked)
			if k.kills != 5 {
				t.Errorf("%d kills", k.kills)
			}
			e.check(tasks, 1, k.kills)
		})
	}
}

// TestKilledAtTheHandOver ends a hop while it starts the next one: before the platform
// has it, and after that without the answer. The next hop runs once.
func TestKilledAtTheHandOver(t *testing.T) {
	small(t)
	for name, ignored := range platforms {
		t.Run(name, func(t *testing.T) {
			parallel(t)
			e := newEstate(t, func(c *localfc.Config) { c.IgnoreTaskIDs = ignored })
			e.slowly(3, nil)
			var mu sync.Mutex
			killed := map[string]bool{}
			e.front = func(w http.ResponseWriter, r *http.Request, platform http.Handler) {
				id := r.Header.Get("X-Fc-Async-Task-Id")
				mu.Lock()
				before := strings.HasSuffix(id, "-h00002") && !killed[id]
				after := strings.HasSuffix(id, "-h00004") && !killed[id]
				killed[id] = before || after || killed[id]
				mu.Unlock()
				if after {
					platform.ServeHTTP(httptest.NewRecorder(), r)
				}
				if before || after {
					_ = e.Function.Signal(syscall.SIGKILL)
					panic(http.ErrAbortHandler)
				}
				platform.ServeHTTP(w, r)
			}
			e.start(`{"action":"sweep","continue":true,"run_id":"killed"}`)
			tasks := e.wait()
			if !killed["killed-h00002"] || !killed["killed-h00004"] {
				t.Errorf("killed at %v", killed)
			}
			e.check(tasks, 1, 2)
		})
	}
}
