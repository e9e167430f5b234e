package reliability_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/reliability"
	"bucketwarden/ossenc"
)

// matrix is one runtime in which every fault meets every kind.
type matrix struct {
	*stack.Stack
	ledger reliability.Ledger
	cells  sync.Map // by bucket
	evil   string
}

// cell is one fault and one kind, with a bucket of its own, so that all of them
// run at the same time in one process.
type cell struct {
	fault
	kind     kind
	bucket   string
	oss      *localoss.Server
	function *localfc.Function
	evil     string

	looks, writes atomic.Int32
}

func TestMatrix(t *testing.T) {
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		t.Run(runtime, func(t *testing.T) {
			m := startMatrix(t, runtime)
			pid := m.Function.PID()
			m.run(t)
			m.checkLedger(t)
			t.Logf("%d faults × %d kinds; peak of memory %d KB, %d calls to OSS", len(faults), len(kinds), sampleOf(t, pid).peak, len(m.OSS.Requests()))
			if m.Function.PID() != pid {
				t.Error("the process ended meanwhile")
			}
		})
	}
}

func startMatrix(t *testing.T, runtime string, env ...string) *matrix {
	return start(t, binary, runtime, env...)
}

func start(t *testing.T, binary, runtime string, env ...string) *matrix {
	m := &matrix{evil: neverAsked(t)}
	st, err := stack.Start(t.Context(), stack.Options{
		Binary: binary,
		Env: append(env, "WARDEN_ALGORITHM=KMS", "WARDEN_KMS_DATA_ENCRYPTION=SM4",
			"WARDEN_HTTP_AUTH=platform", "WARDEN_HTTP_ALLOW=report,apply,remove,events"),
		OSS:      localoss.Options{OnRule: m.ledger.OnRule},
		Sessions: 100_000,
		Configure: func(c *localfc.Config) {
			c.Runtime, c.Timeout, c.Concurrency = runtime, invocationTime, 1000
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.WithoutCancel(t.Context())); err != nil { // ended by now
			t.Error(err)
		}
	})
	m.Stack = st
	m.OSS.SetFault(m.spoil)
	return m
}

// neverAsked returns an address, and fails the test if anybody connects.
func neverAsked(t *testing.T) string {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Error("a host that only an answer named was asked")
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// spoil asks the cell of the bucket.
func (m *matrix) spoil(r localoss.Request) *localoss.Fault {
	found, ok := m.cells.Load(r.Bucket)
	if !ok {
		return m.ledger.Attempt(r, nil)
	}
	return m.ledger.Attempt(r, found.(*cell).spoil(r.Operation))
}

func (c *cell) spoil(operation string) *localoss.Fault {
	hook, count := c.look, &c.looks
	if operation != "GetBucketEncryption" {
		hook, count = c.write, &c.writes
	}
	n := int(count.Add(1))
	if hook == nil {
		return nil
	}
	return hook(c, n)
}

// cellsAtOnce bounds the cells that run side by side: most of a cell is waiting, but
// all of them at once keep a small machine from what must be done in time.
const cellsAtOnce = 128

// run runs all cells and waits for them.
func (m *matrix) run(t *testing.T) {
	t.Run("cells", func(t *testing.T) {
		var busy sync.WaitGroup
		slots := make(chan struct{}, cellsAtOnce)
		n := 0
		for _, f := range faults {
			for _, k := range kinds {
				n++
				c := m.cell(f, k, n)
				slots <- struct{}{}
				busy.Go(func() {
					defer func() { <-slots }()
					m.check(t, c)
				})
			}
		}
		busy.Wait()
	})
}

// cell makes the nth.
func (m *matrix) cell(f fault, k kind, n int) *cell {
	c := &cell{fault: f, kind: k, bucket: fmt.Sprintf("c%04d", n), oss: m.OSS, function: m.Function, evil: m.evil}
	m.cells.Store(c.bucket, c)
	return c
}

// check runs one cell and holds it to the promises. One that takes longer than
// its invocation has is ended by the platform, and answers nothing that is wanted.
func (m *matrix) check(t *testing.T, c *cell) {
	complain := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s × %s: %s", c.name, c.kind.name, fmt.Sprintf(format, args...))
	}
	m.OSS.PutBucket(localoss.Bucket{Name: c.bucket, Rule: c.kind.start})
	if c.prepare != nil {
		c.prepare(c)
	}
	mark := m.ledger.Mark()
	res, failed := c.kind.ask(c, t)
	if got, want := string(res.Verdict)+"/"+string(res.Code), c.kind.want(c.fault); !slices.Contains(strings.Split(string(want), "|"), got) {
		complain("%s, want %s (%s)", got, want, res.Reason)
	}
	if failed != res.Verdict.Failed() {
		complain("%s, and the caller sees a failure: %t", res.Verdict, failed)
	}
	m.checkRule(complain, c, res, mark)
	if calls := c.looks.Load() + c.writes.Load(); calls > 45 { // a throttled sweep: 5 times 5 looks and 4 writes
		complain("%d calls", calls)
	}
	if res.Verdict == ossenc.Unknown && strings.Contains(res.Reason, "nothing was written") && c.writes.Load() > 0 {
		complain("%d writes, and the reason is %s", c.writes.Load(), res.Reason)
	}
	m.checkUsable(complain, c)
}

// checkRule compares what was claimed with what is in force. Nobody acts behind
// the last look of a cell, but in the cells of another writer.
func (m *matrix) checkRule(complain func(string, ...any), c *cell, res ossenc.Result, mark int) {
	switch res.Verdict {
	case ossenc.Fixed, ossenc.Compliant, ossenc.WouldFix:
	default:
		return
	}
	b, _ := m.OSS.Bucket(c.bucket)
	if rule := reliability.RuleOf(b.Rule); rule != res.After {
		complain("%s with %s, and %s is in force", res.Verdict, res.After, rule)
	}
	if !m.ledger.Held(c.bucket, res.After, mark) {
		complain("%s: %s was never in force", res.Verdict, res.After)
	}
}

// checkUsable sends a healthy event behind the cell's fault.
func (m *matrix) checkUsable(complain func(string, ...any), c *cell) {
	name := c.bucket + "-next"
	m.OSS.PutBucket(localoss.Bucket{Name: name})
	res, err := m.Function.Invoke(context.Background(), stack.BucketCreated("next", name, stack.Region).JSON())
	if b, _ := m.OSS.Bucket(name); err != nil || res.FunctionError != "" || b.Rule != both {
		complain("the next event: %v %s", err, res.Payload)
	}
}

// checkLedger looks at what all cells did together.
func (m *matrix) checkLedger(t *testing.T) {
	for _, s := range m.ledger.Weakened() {
		if !strings.HasPrefix(s, "DeleteBucketEncryption") { // it was asked for
			t.Error(s)
		}
	}
	for _, s := range m.ledger.Unlooked() {
		t.Error(s)
	}
}
