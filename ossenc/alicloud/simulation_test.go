//go:debug randseednop=0

package alicloud_test

import (
	"flag"
	"fmt"
	oldrand "math/rand"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/internal/docs"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

var (
	seedFlag = flag.Uint64("seed", 0, "run the simulation with this seed alone, and tell what happened")
	fromFlag = flag.Uint64("from", 1, "the first of the simulation's seeds")
	runsFlag = flag.Uint64("runs", defaultRuns(), "how many seeds the simulation runs with")
)

// defaultRuns is how many seeds run without a flag.
func defaultRuns() uint64 {
	if os.Getenv("TEST_LONG") != "" {
		return 100_000
	}
	return simulatedRuns
}

// TestSimulation lets the function look after a few buckets for a simulated
// minute or so: events arrive in any order, twice, late or never, sweeps run,
// other people change rules, delete buckets and create them elsewhere, and OSS
// fails in every way it can. All of it follows from a seed. What must hold is in
// simulation_check_test.go.
func TestSimulation(t *testing.T) {
	if *seedFlag != 0 {
		simulate(t, *seedFlag)
		return
	}
	failed := 0
	var total tally
	for seed := *fromFlag; seed < *fromFlag+*runsFlag; seed++ {
		ok := t.Run("", func(t *testing.T) { total.add(simulate(t, seed)) })
		if !ok {
			t.Logf("replay: "+replayLine, seed)
			failed++
		}
		if failed == 3 {
			t.Fatalf("3 of the seeds up to %d failed; the rest was not run", seed)
		}
	}
	t.Logf("%d runs: %+v", *runsFlag, total)
	total.checkCoverage(t)
}

// replayLine runs one seed again.
const replayLine = "go test ./ossenc/alicloud -run TestSimulation -seed=%d"

// The line of docs/reliability.md is the one that a failing seed prints.
func TestDocs_TheLineOfASeed(t *testing.T) {
	block := docs.Blocks(t, "docs/reliability.md")[0]
	var seed uint64
	if _, err := fmt.Sscanf(block.Text, replayLine+"\n", &seed); err != nil {
		t.Errorf("%s: %v in %s", block.Place(), err, block.Text)
	}
	root, err := docs.Root()
	if err != nil {
		t.Fatal(err)
	}
	if here, err := filepath.Abs("."); err != nil || here != filepath.Join(root, "ossenc", "alicloud") || flag.Lookup("seed") == nil {
		t.Errorf("the line is not of this package: %s, %v", here, err)
	}
}

func simulate(t *testing.T, seed uint64) (counts tally) {
	//lint:ignore SA1019 the SDK draws its pauses from the global source, and a seed must tell all
	oldrand.Seed(int64(seed))
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed)
		w.live()
		w.settle()
		w.check()
		if t.Failed() || *seedFlag != 0 {
			t.Logf("want %+v\n%s", w.want, w.ledger)
		}
		counts = w.tally
	})
	return counts
}

// live lets everybody act at their times, and waits until all are done.
func (w *world) live() {
	w.schedule()
	w.busy.Wait()
}

// schedule draws who acts when.
func (w *world) schedule() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range 1 + w.rand.IntN(3) {
		at, b := w.moment(), w.bucket()
		w.busy.Go(func() { time.Sleep(at); w.somebodyActs(b) })
	}
	for range w.rand.IntN(3) {
		at, event := w.moment(), w.anyEvent(w.bucket())
		w.busy.Go(func() { time.Sleep(at); w.deliver(event) })
	}
	for range w.rand.IntN(2) {
		at, sweep := w.moment(), w.anySweep()
		w.busy.Go(func() { time.Sleep(at); w.sweep(sweep) })
	}
}

// settle ends all trouble, delivers what the platform would still retry, and
// sweeps once.
func (w *world) settle() {
	w.calm = true
	for name := range w.regions {
		w.oss.AppearAfter(name, 0)
	}
	w.oss.SetReadLag(0)
	for _, d := range w.undelivered {
		w.attempt(d)
	}
	w.checkConverged()
	w.sweep(ossenc.SweepOptions{})
	w.checkSwept()
}

// moment is a time in the first twenty seconds; no two are the same.
func (w *world) moment() time.Duration {
	return time.Duration(w.rand.Int64N(int64(20 * time.Second)))
}

func (w *world) bucket() string { return w.names[w.rand.IntN(len(w.names))] }

// rules are all there are, but for key IDs beyond two.
var simulatedRules = []localoss.Rule{
	{},
	{},
	{Algorithm: "AES256"},
	{Algorithm: "SM4"},
	{Algorithm: "KMS"},
	{Algorithm: "KMS", KMSDataEncryption: "SM4"},
	{Algorithm: "KMS", KMSKeyID: "key-1"},
	{Algorithm: "KMS", KMSKeyID: "key-2"},
	{Algorithm: "KMS", KMSKeyID: "key-1", KMSDataEncryption: "SM4"},
}

func anyOf[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

func (w *world) chance(percent int) bool { return w.rand.IntN(100) < percent }
