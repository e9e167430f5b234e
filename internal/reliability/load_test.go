package reliability_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
)

var loadFlag = flag.Int("load", 5000, "how many events TestLoad sends; make load sends 50,000")

const (
	inFlight = 64
	retries  = 3  // of the platform
	perMille = 10 // calls that fail
	// calm is the fewest events whose times can be compared closely; a shorter run
	// has to do so while other tests run.
	calm = 20_000
)

// load is one run.
type load struct {
	*matrix
	total    int
	next     atomic.Int64
	took     []time.Duration // by event
	attempts atomic.Int64
	failed   atomic.Int64 // attempts that failed visibly
	spoilt   atomic.Int64 // calls to OSS
	givenUp  atomic.Int64 // events that failed every time
	samples  [11]sample   // one when each tenth begins, and one at the end
}

// sample is what the function's process has used so far.
type sample struct {
	peak int           // the most memory it had resident, in KB
	cpu  time.Duration // of its own and of the system
}

// Many events at once, with one call in a hundred going wrong: each is answered
// exactly once, what is answered is so, memory stays flat and the last ones are
// as fast as the first.
func TestLoad(t *testing.T) {
	plain, err := stack.Build(t.Context(), "../..", t.TempDir()) // the race detector's memory is its own
	if err != nil {
		t.Fatal(err)
	}
	l := &load{matrix: start(t, plain, localfc.RuntimeGo1, "WARDEN_LOG_LEVEL=error"), total: *loadFlag, took: make([]time.Duration, *loadFlag)}
	l.OSS.SetFault(l.spoilSome)
	start := time.Now()
	var busy sync.WaitGroup
	for worker := range inFlight {
		busy.Go(func() { l.work(t, worker) })
	}
	busy.Wait()
	took := time.Since(start)
	l.samples[10] = sampleOf(t, l.Function.PID())
	l.checkMemory(t)
	l.checkWork(t)
	l.checkPace(t)
	t.Logf("%d events in %v (%.0f/s), %d attempts, %d failed, %d given up, %d calls spoilt", l.total, took.Round(time.Millisecond),
		float64(l.total)/took.Seconds(), l.attempts.Load(), l.failed.Load(), l.givenUp.Load(), l.spoilt.Load())
	if l.spoilt.Load() < int64(l.total)*perMille/1000 || l.attempts.Load() < int64(l.total) {
		t.Error("too little went wrong to prove anything")
	}
	if l.givenUp.Load() > 0 {
		t.Errorf("%d events failed %d times", l.givenUp.Load(), retries+1)
	}
}

func (l *load) spoilSome(localoss.Request) *localoss.Fault {
	if rand.IntN(1000) >= perMille {
		return nil
	}
	l.spoilt.Add(1)
	all := []localoss.Fault{reset, undone, cutOff, busy, broken, qps, refusal, page}
	return &all[rand.IntN(len(all))]
}

// work sends events one after the other, each for one of the worker's own
// buckets, so that what must be in force behind it is known.
func (l *load) work(t *testing.T, worker int) {
	for {
		n := int(l.next.Add(1)) - 1
		if n >= l.total {
			return
		}
		if n%(l.total/10) == 0 && n < l.total {
			l.samples[n/(l.total/10)] = sampleOf(t, l.Function.PID())
		}
		l.one(t, n, fmt.Sprintf("load-%d-%d", worker, n%10))
	}
}

// starts are what a bucket may have when its event comes, and what must be there
// afterwards.
var starts = []struct {
	rule, after localoss.Rule
	verdict     ossenc.Verdict
}{
	{none, both, ossenc.Fixed},
	{aes, both, ossenc.Fixed},
	{both, both, ossenc.Compliant},
	{named, named, ossenc.Compliant},
}

func (l *load) one(t *testing.T, n int, bucket string) {
	s := starts[n%len(starts)]
	l.OSS.PutBucket(localoss.Bucket{Name: bucket, Rule: s.rule})
	payload := stack.Call(fmt.Sprintf("E%d", n), "PutBucketEncryption", bucket, stack.Region, "somebody").JSON()
	for range retries + 1 {
		l.attempts.Add(1)
		res, err := l.Function.Invoke(t.Context(), payload)
		results, rerr := stack.Results(res)
		if err != nil || rerr != nil || len(results) != 1 || results[0].Bucket != bucket {
			t.Errorf("event %d: %v, %v: %s", n, err, rerr, res.Payload)
			return
		}
		l.took[n] = res.Duration
		if res.FunctionError == "" {
			l.compare(t, n, bucket, results[0], s.after, s.verdict)
			return
		}
		l.failed.Add(1)
	}
	l.givenUp.Add(1)
}

// compare: an event that was tried again may find its first try's work.
func (l *load) compare(t *testing.T, n int, bucket string, res ossenc.Result, after localoss.Rule, verdict ossenc.Verdict) {
	if res.Verdict != verdict && res.Verdict != ossenc.Compliant {
		t.Errorf("event %d: %s, want %s (%s)", n, res.Verdict, verdict, res.Reason)
	}
	if b, _ := l.OSS.Bucket(bucket); b.Rule != after {
		t.Errorf("event %d: %s, and %+v is in force, want %+v", n, res.Verdict, b.Rule, after)
	}
}

// checkMemory compares the peak at the end with that after a fifth.
func (l *load) checkMemory(t *testing.T) {
	early, late := l.samples[2].peak, l.samples[10].peak
	t.Logf("memory: peak %d KB after a fifth, %d KB at the end", early, late)
	if float64(late) > 1.3*float64(early) {
		t.Errorf("memory grew from %d KB to %d KB", early, late)
	}
}

// checkWork compares the work for the last tenth with that for the second; the
// first warms up.
func (l *load) checkWork(t *testing.T) {
	early, late := l.samples[2].cpu-l.samples[1].cpu, l.samples[10].cpu-l.samples[9].cpu
	t.Logf("work: %v an event in the second tenth, %v in the last", early/time.Duration(l.total/10), late/time.Duration(l.total/10))
	l.checkGrowth(t, "work", early, late)
}

// checkPace compares the times of the same two.
func (l *load) checkPace(t *testing.T) {
	tenth := l.total / 10
	early, late := median(l.took[tenth:2*tenth]), median(l.took[9*tenth:])
	t.Logf("median: %v in the second tenth, %v in the last; all: %v", early, late, median(l.took))
	l.checkGrowth(t, "time", early, late)
}

func (l *load) checkGrowth(t *testing.T, what string, early, late time.Duration) {
	most := 1.5
	if l.total < calm {
		most = 4
	}
	if float64(late) > most*float64(early) {
		t.Errorf("the last tenth took %v of %s, the second %v", late, what, early)
	}
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2]
}

// sampleOf reads proc(5); where there is none nothing is compared.
func sampleOf(t *testing.T, pid int) sample {
	if runtime.GOOS != "linux" {
		return sample{}
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	_, fields, _ := strings.Cut(string(stat), ") ") // behind the name; utime and stime are the 14th and 15th of all
	f := strings.Fields(fields)
	const tick = time.Second / 100
	return sample{number(t, strings.Fields(rest)[0]), tick * time.Duration(number(t, f[11])+number(t, f[12]))}
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Error(err)
	}
	return n
}
