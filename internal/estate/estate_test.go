// Package estate proves that a sweep which outgrows one invocation reaches its end:
// the real binary continues in further invocations of a local Function Compute, with
// the kills and the bounds that such a run may meet. In `make test` the estate is small
// and its hops are short. With TEST_LONG=1, as in `make test-long` and `make estate`, it has
// 200,000 buckets in 40 accounts, 128 MB and 20 seconds.
package estate

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
	localsts "bucketwarden/internal/local/sts"
)

var (
	buckets  = flag.Int("estate.buckets", 0, "buckets of the estate; 0 for 1,200, or 200,000 with TEST_LONG")
	accounts = flag.Int("estate.accounts", 0, "accounts of the estate, with the function's own; 0 for 4, or 40 with TEST_LONG")
	seed     = flag.Uint64("estate.seed", 16, "chooses the moments of the kills")
)

// times are those of an estate.
type times struct {
	timeout time.Duration // after which the platform ends an invocation by force
	latency time.Duration // of each answer of OSS
	// promise is the time-out that the deadline of an attempt shows; nil for timeout.
	promise func(event []byte, retry int) time.Duration
}

// short hops work for 150 ms, so that even a small estate takes tens of them. None is
// ended by force, and one that had no time for a bucket has twice as much when it is
// repeated: so the machine may be as slow as it likes.
var short = times{timeout: 2 * time.Minute, latency: 100 * time.Millisecond, promise: func(event []byte, retry int) time.Duration {
	if !bytes.Contains(event, []byte(`"run":{`)) { // the start of a run is not repeated
		return 2 * time.Minute
	}
	return min(5500*time.Millisecond+150*time.Millisecond<<min(retry, 10), 2*time.Minute)
}}

// long hops are real ones.
var long = times{timeout: 20 * time.Second, latency: 5 * time.Millisecond}

var (
	binary string
	isLong = os.Getenv("TEST_LONG") != ""
	pace   = short
)

func TestMain(m *testing.M) {
	flag.Parse()
	if isLong {
		*buckets, *accounts, pace = cmp.Or(*buckets, 200_000), cmp.Or(*accounts, 40), long
	}
	*buckets, *accounts = cmp.Or(*buckets, 1200), cmp.Or(*accounts, 4)
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

// parallel lets small estates run side by side; a large one has the machine alone.
func parallel(t *testing.T) {
	if !isLong {
		t.Parallel()
	}
}

// small is for tests that gain nothing from a large estate.
func small(t *testing.T) {
	if isLong {
		t.Skip("its size is that of make test")
	}
	t.Parallel()
}

// regions are where the buckets are.
var regions = []string{"cn-hangzhou", "cn-beijing", "ap-southeast-1"}

// estate is the function with a Function Compute that it can invoke itself in.
type estate struct {
	*stack.Stack
	elsewhere   *localfc.Function // of the same name, in another region; nil for none
	t           *testing.T
	policy      string
	url         string // of Function Compute
	proxy       string // to OSS's hosts
	log         ledger
	began       time.Time    // the last run
	invocations atomic.Int64 // asynchronous ones, each attempt
	failed      atomic.Int64 // dead letters
	peak        atomic.Int64 // VmHWM in kB, the highest of all processes
	hop         atomic.Int64 // the last one that was to be started
	// front may take a request to Function Compute in place of it; nil for none.
	front func(w http.ResponseWriter, r *http.Request, platform http.Handler)
}

func accountID(i int) string { return fmt.Sprintf("2%015d", i) }

func bucketName(i int) string { return fmt.Sprintf("estate-%07d", i) }

// newEstate starts an estate; configure may change how the function is started.
func newEstate(t *testing.T, configure func(*localfc.Config), env ...string) *estate {
	t.Helper()
	e := &estate{t: t}
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
	e.Stack, err = stack.Start(t.Context(), stack.Options{Binary: binary, Roles: roles, OSS: localoss.Options{Latency: pace.latency}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) }) // a killed instance may be its end
	e.proxy = serveHosts(t, e.OSS)
	platform := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { e.Function.Handler().ServeHTTP(w, r) })
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, n, found := strings.Cut(r.Header.Get("X-Fc-Async-Task-Id"), "-h"); found {
			if n, err := strconv.ParseInt(n, 10, 64); err == nil {
				e.hop.Store(n)
			}
		}
		if e.front != nil {
			e.front(w, r, platform)
			return
		}
		platform(w, r)
	})
	if e.url, err = e.Serve(t.Context(), "", front, false); err != nil {
		t.Fatal(err)
	}
	e.restart(configure, env...)
	e.fill()
	return e
}

// restart starts the function again, now with the platform that it may invoke.
func (e *estate) restart(configure func(*localfc.Config), env ...string) {
	e.t.Helper()
	_ = e.Function.Stop(e.t.Context())
	e.startFunction(&e.log, configure, env...)
}

// startFunction starts the function as e.Function.
func (e *estate) startFunction(log io.Writer, configure func(*localfc.Config), env ...string) {
	e.t.Helper()
	var endpoints []string
	for _, region := range regions {
		endpoints = append(endpoints, region+"=http://oss-"+region+".aliyuncs.com") // by way of the proxy
	}
	err := e.StartFunction(e.t.Context(), stack.Options{
		Binary: binary, Log: log,
		Env: append([]string{
			"WARDEN_SWEEP_CONTINUE=self", "WARDEN_FC_ENDPOINT=" + e.url, "WARDEN_POLICY=" + e.policy,
			"WARDEN_OSS_ENDPOINT=" + strings.Join(endpoints, ","), "HTTP_PROXY=" + e.proxy,
		}, env...),
		OnResult: func([]byte, localfc.Result) { e.invocations.Add(1) },
		Configure: func(c *localfc.Config) {
			c.AsyncTask, c.MaxAsyncRetryAttempts, c.AsyncRetryPause = true, 30, 10*time.Millisecond
			c.Timeout, c.Promise, c.MemoryMB = pace.timeout, pace.promise, 128
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
		b := localoss.Bucket{Name: bucketName(i), Region: regions[i/3%len(regions)], Rule: localoss.Rule{Algorithm: "AES256"}}
		if i%10 == 0 {
			b.Rule = localoss.Rule{}
		}
		if a := i % *accounts; a > 0 {
			b.Owner = accountID(a)
		}
		e.OSS.PutBucket(b)
	}
}

// slowly makes a run take more than the given number of hops, however slow or fast the
// machine is: hop n does not get the lists of the accounts from number n on.
func (e *estate) slowly(hops int64, also func(localoss.Request)) {
	e.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		if also != nil {
			also(r)
		}
		key, _ := e.Keys.Find(r.AccessKeyID)
		if hop := e.hop.Load(); r.Operation == "ListBuckets" && hop <= hops && key.AccountID >= accountID(int(hop)) {
			return &localoss.Fault{Delay: time.Hour, Reset: true} // until the caller goes away
		}
		return nil
	})
}

// start starts a run and returns the function's answer.
func (e *estate) start(request string) string {
	e.t.Helper()
	e.began = time.Now()
	res, err := e.Function.Invoke(e.t.Context(), []byte(request))
	if err != nil {
		e.t.Fatal(err)
	}
	if res.FunctionError != "" {
		e.t.Fatalf("%s", res.Payload)
	}
	return string(res.Payload)
}

// limit is more time than any of the runs needs on a slow machine.
func limit() time.Duration { return 3*time.Minute + time.Duration(*buckets)*15*time.Millisecond }

// wait waits until no asynchronous invocation is left.
func (e *estate) wait() []localfc.Task {
	e.t.Helper()
	for end := time.Now().Add(limit()); ; time.Sleep(20 * time.Millisecond) {
		open := 0
		tasks := e.Function.Tasks()
		if e.elsewhere != nil {
			tasks = append(tasks, e.elsewhere.Tasks()...)
		}
		for _, task := range tasks {
			if task.State != "Succeeded" && task.State != "Failed" {
				open++
			}
		}
		e.measure()
		if open == 0 {
			return tasks
		}
		if time.Now().After(end) {
			e.t.Fatalf("%d of %d tasks are still open after %s", open, len(tasks), limit())
		}
	}
}

// measure notes the highest memory of the current processes.
func (e *estate) measure() {
	e.measureOne(e.Function)
	if e.elsewhere != nil {
		e.measureOne(e.elsewhere)
	}
}

func (e *estate) measureOne(f *localfc.Function) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.PID()))
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
