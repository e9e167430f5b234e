package reliability_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/policy"

	"bucketwarden/handler"
	"bucketwarden/handler/service"
	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
)

// settles waits until no more goroutines run than before; what a closed
// connection leaves behind takes its time.
func settles(t *testing.T, before int) {
	t.Helper()
	for start := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(start) > 5*time.Second {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// Every fault in turn, over real connections, leaves no goroutine behind.
func TestNoGoroutineIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	m := &matrix{Stack: &stack.Stack{Cloud: &cloud.Cloud{OSS: localoss.New(localoss.Options{})}}, evil: "evil.example.com"}
	m.OSS.AddKey(stack.UserKey)
	m.OSS.SetFault(m.spoil)
	server := httptest.NewServer(m.OSS)
	transport := alicloud.NewTransport()
	store := alicloud.NewClient(alicloud.Endpoints{Default: server.URL}, transport, nil)
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.KMS, KMSDataEncryption: ossenc.SM4}, Compare: ossenc.Floor})
	warden := &ossenc.Warden{Store: store, Policy: policy.Evaluator{Policy: required}}
	h := &handler.Handler{Service: &service.Service{
		Warden: func() service.Warden { return warden.ForInvocation() }, Policy: required, Log: slog.New(slog.DiscardHandler),
	}}
	var busy sync.WaitGroup
	for i, f := range faults {
		c := m.cell(f, kinds[0], i)
		m.OSS.PutBucket(localoss.Bucket{Name: c.bucket})
		if f.prepare != nil {
			f.prepare(c)
		}
		busy.Go(func() {
			ctx, cancel := context.WithTimeout(identified(t.Context()), 3*time.Second)
			defer cancel()
			_, err := h.Invoke(ctx, c.created(c.bucket).JSON())
			if f, ok := errors.AsType[*handler.Failure](err); ok && f.Code == ossenc.Internal {
				t.Errorf("%s: %v", c.name, err)
			}
		})
	}
	busy.Wait()
	transport.CloseIdleConnections()
	server.CloseClientConnections()
	server.Close()
	settles(t, before)
}

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Region: stack.Region, Credentials: ossenc.Credentials{AccessKeyID: stack.UserKey.AccessKeyID, AccessKeySecret: stack.UserKey.AccessKeySecret}})
}

// healthy is a store in memory, with a panic for one bucket.
type healthy struct {
	mu    sync.Mutex
	rules map[string]ossenc.Rule
}

func (s *healthy) Get(_ context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ossenc.Observation{Rule: s.rules[b.Name], Region: b.Region}, nil
}

func (s *healthy) Put(_ context.Context, b ossenc.Bucket, r ossenc.Rule) (ossenc.Observation, error) {
	if b.Name == "c0001" {
		panic("a secret that must not be repeated")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules[b.Name] = r
	return ossenc.Observation{}, nil
}

func (s *healthy) Delete(context.Context, ossenc.Bucket) (ossenc.Observation, error) {
	return ossenc.Observation{}, errors.New("nobody removes here")
}

func (s *healthy) List(context.Context, string, string) iter.Seq2[ossenc.Bucket, error] {
	return func(yield func(ossenc.Bucket, error) bool) {
		for i := range 2000 {
			if !yield(ossenc.Bucket{Name: fmt.Sprintf("c%04d", i), Region: stack.Region}, nil) {
				return
			}
		}
	}
}

// A panic in the middle of one bucket's work fails that element alone.
func TestPanicInTheMiddle(t *testing.T) {
	store := &healthy{rules: map[string]ossenc.Rule{}}
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})
	warden := &ossenc.Warden{Store: store, Policy: policy.Evaluator{Policy: required}}
	h := &handler.Handler{Service: &service.Service{Warden: func() service.Warden { return warden }, Policy: required, Log: slog.New(slog.DiscardHandler)}}
	var c cell
	payload := "[" + string(c.created("c0000").JSON()) + "," + string(c.created("c0001").JSON()) + "," + string(c.created("c0002").JSON()) + "]"
	_, err := h.Invoke(t.Context(), []byte(payload))
	f, ok := errors.AsType[*handler.Failure](err)
	if !ok || f.Code != ossenc.Internal {
		t.Fatalf("%v; want the code internal", err)
	}
	if len(store.rules) != 2 || store.rules["c0000"].IsNone() || store.rules["c0002"].IsNone() {
		t.Errorf("written: %v; want the two others", store.rules)
	}
	if _, err := h.Invoke(t.Context(), c.created("c0003").JSON()); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// A sweep whose caller panics, or wants no more, ends with everything it started.
func TestSweepEndsWithItsCaller(t *testing.T) {
	before := runtime.NumGoroutine()
	for name, each := range map[string]func(ossenc.Result) bool{
		"panics":     func(ossenc.Result) bool { time.Sleep(100 * time.Millisecond); panic("no more") }, // the queue fills meanwhile
		"has enough": func(ossenc.Result) bool { return false },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() { _ = recover() }()
			store := &healthy{rules: map[string]ossenc.Rule{}}
			required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})
			w := &ossenc.Warden{Store: store, Lister: store, Policy: policy.Evaluator{Policy: required}}
			swept, err := w.Sweep(t.Context(), ossenc.SweepOptions{}, each)
			if err != nil || swept.Complete {
				t.Errorf("%+v, %v", swept, err)
			}
		})
	}
	settles(t, before)
}
