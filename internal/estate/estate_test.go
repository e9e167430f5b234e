// Package estate proves that a sweep which outgrows one invocation reaches its end:
// the real binary continues in further invocations of a local Function Compute, with
// the kills and the bounds that such a run may meet. `make estate` runs it with
// 200,000 buckets in 40 accounts, 128 MB and 20 seconds.
package estate

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
	localsts "bucketwarden/internal/local/sts"
)

var (
	buckets  = flag.Int("estate.buckets", 1200, "buckets of the estate")
	accounts = flag.Int("estate.accounts", 4, "accounts of the estate, with the function's own")
	seconds  = flag.Int("estate.seconds", 7, "time-out of each invocation")
	latency  = flag.Duration("estate.latency", 120*time.Millisecond, "of each answer of OSS")
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "estate")
	if err == nil {
		binary, err = stack.Build(context.Background(), "../..", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// estate is the function with a Function Compute that it can invoke itself in.
type estate struct {
	*stack.Stack
	t      *testing.T
	policy string
	url    string
	log    ledger
	failed atomic.Int64
	peak   atomic.Int64 // VmHWM in kB, the highest of all processes
}

// ledger counts the verdicts of each bucket, from the log.
type ledger struct {
	mu     sync.Mutex
	counts map[string]int
	hops   int
	rest   []byte
}

func (l *ledger) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.rest = rest
		var entry struct{ Msg, Bucket string }
		if json.Unmarshal(line, &entry) != nil {
			continue
		}
		switch entry.Msg {
		case "verdict":
			l.counts[entry.Bucket]++
		case "sweep hop":
			l.hops++
		}
	}
}

// reset forgets what was counted.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts, l.hops = map[string]int{}, 0
}

// seen returns how many buckets had their turn, and how many had more than one.
func (l *ledger) seen() (all, twice, hops int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.counts {
		if all++; n > 1 {
			twice++
		}
	}
	return all, twice, l.hops
}

func accountID(i int) string { return fmt.Sprintf("2%015d", i) }

// newEstate starts an estate; configure may change how the function is started.
func newEstate(t *testing.T, configure func(*localfc.Config), env ...string) *estate {
	t.Helper()
	e := &estate{t: t}
	e.log.reset()
	var roles []localsts.Role
	var text strings.Builder
	text.WriteString("version: 1\naccounts:\n")
	for i := 1; i < *accounts; i++ {
		arn := "acs:ram::" + accountID(i) + ":role/bucketwarden-member"
		roles = append(roles, localsts.Role{ARN: arn, Trusts: []string{stack.Account}})
		fmt.Fprintf(&text, "  - {id: %q, role_arn: %q}\n", accountID(i), arn)
	}
	text.WriteString("rules:\n  - {name: all, want: {algorithm: AES256}}\n")
	e.policy = filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(e.policy, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	e.Stack, err = stack.Start(t.Context(), stack.Options{Binary: binary, Roles: roles, OSS: localoss.Options{Latency: *latency}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) }) // a killed instance may be its end
	e.restart(configure, env...)
	e.fill()
	return e
}

// restart starts the function again, now with the platform that it may invoke.
func (e *estate) restart(configure func(*localfc.Config), env ...string) {
	e.t.Helper()
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.Function.Handler().ServeHTTP(w, r) })
	var err error
	if e.url, err = e.Serve(e.t.Context(), "", front, false); err != nil {
		e.t.Fatal(err)
	}
	_ = e.Function.Stop(e.t.Context())
	err = e.StartFunction(e.t.Context(), stack.Options{
		Binary: binary, Log: &e.log,
		Env: append([]string{"WARDEN_SWEEP_CONTINUE=self", "WARDEN_FC_ENDPOINT=" + e.url, "WARDEN_POLICY=" + e.policy}, env...),
		Configure: func(c *localfc.Config) {
			c.AsyncTask, c.Timeout, c.MemoryMB, c.AsyncRetryPause = true, time.Duration(*seconds)*time.Second, 128, 10*time.Millisecond
			c.Concurrency = 1 // an instance of go1 runs one invocation at a time
			c.Gateway = rpc.New(rpc.Options{Keys: e.Keys, AccountID: stack.Account}, "2023-03-30", nil)
			c.OnFailure = func([]byte) { e.failed.Add(1) }
			if configure != nil {
				configure(c)
			}
		},
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// fill creates the buckets; every tenth has no rule.
func (e *estate) fill() {
	for i := range *buckets {
		b := localoss.Bucket{Name: fmt.Sprintf("estate-%07d", i), Region: stack.Region, Rule: localoss.Rule{Algorithm: "AES256"}}
		if i%10 == 0 {
			b.Rule = localoss.Rule{}
		}
		if a := i % *accounts; a > 0 {
			b.Owner = accountID(a)
		}
		e.OSS.PutBucket(b)
	}
}

// start starts a run and returns the function's answer.
func (e *estate) start(request string) string {
	e.t.Helper()
	res, err := e.Function.Invoke(e.t.Context(), []byte(request))
	if err != nil {
		e.t.Fatal(err)
	}
	if res.FunctionError != "" {
		e.t.Fatalf("%s", res.Payload)
	}
	return string(res.Payload)
}

// wait waits until no asynchronous invocation is left, calling tick all the time.
func (e *estate) wait(limit time.Duration, tick func(running int)) []localfc.Task {
	e.t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		open := 0
		tasks := e.Function.Tasks()
		for _, task := range tasks {
			if task.State != "Succeeded" && task.State != "Failed" {
				open++
			}
		}
		e.measure()
		switch {
		case open == 0:
			return tasks
		case time.Now().After(end):
			e.t.Fatalf("%d of %d tasks are still open after %s", open, len(tasks), limit)
		}
		if tick != nil {
			tick(open)
		}
	}
}

// measure notes the highest memory of the current process.
func (e *estate) measure() {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.Function.PID()))
	if err != nil {
		return // it has just ended
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		if kb, err := strconv.ParseInt(fields[0], 10, 64); err == nil && kb > e.peak.Load() {
			e.peak.Store(kb)
		}
	}
}

// limit is more time than any of the runs needs on a slow machine.
func limit() time.Duration { return 2*time.Minute + time.Duration(*buckets)*20*time.Millisecond }

// check compares the ledger and OSS with what must have come of a run.
func (e *estate) check(once bool) {
	e.t.Helper()
	all, twice, hops := e.log.seen()
	if all != *buckets || once && twice > 0 {
		e.t.Errorf("%d of %d buckets are in the ledger, %d more than once", all, *buckets, twice)
	}
	for i := 0; i < *buckets; i += 10 {
		if b, _ := e.OSS.Bucket(fmt.Sprintf("estate-%07d", i)); b.Rule.Algorithm != "AES256" {
			e.t.Fatalf("%s has no rule after the run", b.Name)
		}
	}
	if peak := e.peak.Load(); peak > 40<<10 {
		e.t.Errorf("a process had %d kB, want less than 40 MB", peak)
	}
	e.t.Logf("%d buckets, %d hops, %d more than once, at most %d kB", all, hops, twice, e.peak.Load())
}

func TestContinuation(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil)
	e.start(`{"action":"sweep","continue":true,"run_id":"nightly"}`)
	tasks := e.wait(limit(), nil)
	if len(tasks) < 2 {
		t.Errorf("only %d hops: the estate is too small for this test", len(tasks))
	}
	for _, task := range tasks {
		if task.State != "Succeeded" || task.Retries != 0 {
			t.Errorf("%+v", task)
		}
	}
	e.check(true)
}

func TestFanOut(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil)
	answer := e.start(`{"action":"sweep","fan_out":"account","run_id":"fan"}`)
	if !strings.Contains(answer, fmt.Sprintf(`"parts":%d`, *accounts)) {
		t.Errorf("%s", answer)
	}
	for _, task := range e.wait(limit(), nil) {
		if task.State != "Succeeded" {
			t.Errorf("%+v", task)
		}
	}
	e.check(true)
}

// pause is how long after a kill the next one comes: the first ones within a hop's
// work, the later ones longer than it.
func pause(kill int) time.Duration {
	work := time.Duration(*seconds)*time.Second - 5500*time.Millisecond
	return work * time.Duration(28+10*kill) / 60
}

// TestKills ends the process five times while hops run, whether the platform honours
// task IDs or not: nothing is skipped, and the run is not forked.
func TestKills(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(*localfc.Config){
		"honoured":     func(c *localfc.Config) { c.MaxAsyncRetryAttempts = 8 },
		"not honoured": func(c *localfc.Config) { c.MaxAsyncRetryAttempts, c.IgnoreTaskIDs = 8, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEstate(t, configure)
			e.start(`{"action":"sweep","continue":true,"run_id":"killed"}`)
			kills, next := 0, time.Now().Add(pause(0))
			tasks := e.wait(limit(), func(int) {
				if kills < 5 && time.Now().After(next) {
					if e.Function.Signal(syscall.SIGKILL) == nil {
						kills++
					}
					next = time.Now().Add(pause(kills))
				}
			})
			invocations := 0
			for _, task := range tasks {
				if task.State != "Succeeded" {
					t.Errorf("%+v", task)
				}
				invocations += 1 + task.Retries
			}
			if kills != 5 || invocations > len(tasks)+kills {
				t.Errorf("%d kills, %d invocations of %d hops", kills, invocations, len(tasks))
			}
			e.check(false)
		})
	}
}

// TestBound: a run that does not come to its end stops at its bound, loudly.
func TestBound(t *testing.T) {
	t.Parallel()
	e := newEstate(t, func(c *localfc.Config) { c.MaxAsyncRetryAttempts = -1 }, "WARDEN_SWEEP_MAX_HOPS=1")
	e.start(`{"action":"sweep","continue":true,"run_id":"loop"}`)
	tasks := e.wait(limit(), nil)
	if len(tasks) != 2 || tasks[0].State != "Succeeded" || tasks[1].State != "Failed" || e.failed.Load() != 1 {
		t.Errorf("%+v, %d dead letters", tasks, e.failed.Load())
	}
}

// TestStopSwitch: without the setting, what is under way ends loudly at its next hop.
func TestStopSwitch(t *testing.T) {
	t.Parallel()
	e := newEstate(t, nil)
	e.start(`{"action":"sweep","continue":true,"run_id":"stopped"}`)
	// The same task arrives at a function whose setting was taken away.
	e.restart(func(c *localfc.Config) { c.MaxAsyncRetryAttempts = -1 }, "WARDEN_SWEEP_CONTINUE=off")
	res, err := e.Function.Invoke(t.Context(), []byte(`{"action":"sweep","cursor":"estate-0000010~1","run":{"id":"stopped","hop":2,"max_hops":9,"ends":"2999-01-01T00:00:00Z","buckets":0,"by_verdict":{}}}`))
	if err != nil || res.ErrorType() != "refused" || !strings.Contains(string(res.Payload), "WARDEN_SWEEP_CONTINUE") || !strings.Contains(string(res.Payload), "estate-0000010~1") {
		t.Errorf("%s, %v", res.Payload, err)
	}
	if res, err = e.Function.Invoke(t.Context(), []byte(`{"action":"sweep","continue":true}`)); err != nil || res.ErrorType() != "invalid" {
		t.Errorf("%s, %v", res.Payload, err)
	}
}
