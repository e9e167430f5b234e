package estate

import (
	"fmt"
	"runtime"
	"time"

	localfc "bucketwarden/internal/local/fc"
	"bucketwarden/ossenc"
)

// check compares the ledger, the tasks and OSS with what must have come of runs to their
// end: every bucket had its turn, exactly once where nothing was killed, every hop
// succeeded, and one hop of each run was the last.
//
// A machine that stands still may have kept hops from their first bucket, or from the
// hand-over in time; these were repeated, and are returned.
func (e *estate) check(tasks []localfc.Task, runs, kills int) (repeated int) {
	e.t.Helper()
	idle, late := e.checkHops(tasks, runs, kills)
	repeated = idle + late
	all, twice := e.log.seen()
	if all != *buckets || kills+late == 0 && twice > 0 {
		e.t.Errorf("%d of %d buckets are in the ledger, %d more than once", all, *buckets, twice)
	}
	for i := 0; i < *buckets; i += 10 {
		if b, _ := e.OSS.Bucket(bucketName(i)); b.Rule.Algorithm != "AES256" {
			e.t.Fatalf("%s has no rule after the run", b.Name)
		}
	}
	invocations := int(e.invocations.Load())
	// With no more kills than hops that is at most twice the hops.
	if invocations > len(tasks)+kills+repeated {
		e.t.Errorf("%d invocations of %d hops, with %d kills and %d that had no time", invocations, len(tasks), kills, repeated)
	}
	if peak := e.peak.Load(); peak > 40<<10 {
		e.t.Errorf("a process had %d kB, want less than 40 MB", peak)
	} else if peak == 0 && runtime.GOOS == "linux" {
		e.t.Error("the memory was not measured")
	}
	e.t.Logf("%d buckets, %d hops, %d invocations, %d kills, %d buckets more than once, at most %.1f MB, %.0f s",
		all, len(tasks), invocations, kills, twice, float64(e.peak.Load())/1024, time.Since(e.began).Seconds())
	return repeated
}

// checkHops returns how many hops had no time for a single bucket, or for the hand-over.
func (e *estate) checkHops(tasks []localfc.Task, runs, kills int) (idle, late int) {
	e.t.Helper()
	last := map[string]hop{} // of each run
	ends, total := 0, 0
	for _, h := range e.log.ended() {
		switch {
		case h.idle():
			idle++
			continue
		case !isLong && h.Code == string(ossenc.Deadline):
			late++
			continue
		}
		if h.Code != "" {
			e.t.Errorf("%+v", h)
		}
		if h.Hop > last[h.Run].Hop {
			last[h.Run] = h
		}
		if h.Complete {
			ends, total = ends+1, total+h.RunBuckets
		}
	}
	known := map[string]bool{}
	for _, task := range tasks {
		known[task.ID] = true
		if task.State != "Succeeded" {
			e.t.Errorf("%+v", task)
		}
	}
	hops := 0
	for run, h := range last {
		for n := 1; n <= h.Hop; n, hops = n+1, hops+1 {
			if id := fmt.Sprintf("%s-h%05d", run, n); !known[id] {
				e.t.Errorf("hop %s is lost", id)
			}
		}
	}
	if len(last) != runs || hops != len(tasks) || e.failed.Load() > 0 {
		e.t.Errorf("%d runs with %d hops, %d tasks, %d dead letters; want %d runs", len(last), hops, len(tasks), e.failed.Load(), runs)
	}
	// A killed process may have ended its run without a line in the log.
	if kills+late == 0 && (ends != runs || total != *buckets) {
		e.t.Errorf("%d runs came to their end with %d buckets in their totals; want %d with %d", ends, total, runs, *buckets)
	}
	return idle, late
}
