package alicloud_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/kms"

	"bucketwarden/handler"
	"bucketwarden/handler/service"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/internal/reliability"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// world is one simulated account, the function in it, and everybody else.
type world struct {
	t       *testing.T
	seed    uint64
	rand    *rand.Rand // everybody's choices
	ledger  *reliability.Ledger
	oss     *localoss.Server
	handler *handler.Handler
	warden  *ossenc.Warden
	want    ossenc.Desired
	asksKMS bool     // keys are looked up before they are written
	named   []string // keys that the policy names; nil for none

	names   []string
	regions map[string]string
	trouble int // percent of calls that fail
	lag     int // looks that still see what was before a write
	busy    sync.WaitGroup

	mu          sync.Mutex // in one instant several may act
	calm        bool
	times       map[uint64]uint64 // that a thing has happened
	keys        int
	events      int
	unheard     map[string]bool // buckets with a change that no event told of
	undelivered []delivery
	tally       tally
}

// delivery is what the platform has to invoke the function with.
type delivery struct {
	elements int
	payload  []byte
	own      bool // it tells of a write of the function's own
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 0)), ledger: &reliability.Ledger{},
		times: map[uint64]uint64{}, regions: map[string]string{}, unheard: map[string]bool{},
	}
	w.oss = localoss.New(localoss.Options{OnRule: w.ledger.OnRule, OnCall: w.recorded})
	w.oss.SetFault(w.fault)
	client := alicloud.NewClient(alicloud.Endpoints{Own: "cn-hangzhou"}, network{w}, nil)
	w.asksKMS = w.chance(60)
	w.want = w.anyWant()
	w.warden = &ossenc.Warden{Store: client, Lister: client, Jitter: w.jitter}
	if w.asksKMS {
		w.warden.Keys = kms.NewClient(alicloud.Endpoints{}, network{w}, nil)
		if w.chance(50) {
			w.named = []string{"key-1", "key-2"}
			if key := w.want.Rule.KMSKeyID; key != "" && !slices.Contains(w.named, key) {
				w.named = append(w.named, key)
			}
		}
	}
	w.warden.Policy = keyPolicy{w.want, w.named}
	w.handler = &handler.Handler{Service: &service.Service{Warden: func() service.Warden { return w.warden.ForInvocation() }, Policy: policy.Simple(w.want), Log: slog.New(slog.DiscardHandler)}}
	w.trouble = anyOf(w.rand, 0, 0, 5, 20, 50)
	w.lag = anyOf(w.rand, 0, 0, 1, 3)
	w.oss.SetReadLag(w.lag)
	for i := range 1 + w.rand.IntN(3) {
		name := fmt.Sprintf("bucket-%d", i)
		w.names = append(w.names, name)
		w.create(name, w.anyRule(w.rand))
		w.unheard[name] = true // it was there before the function was
	}
	return w
}

func (w *world) anyWant() ossenc.Desired {
	rule := reliability.RuleOf(anyOf(w.rand, simulatedRules[2:]...))
	want := ossenc.Desired{Rule: rule, Compare: ossenc.Floor}
	if w.asksKMS && w.chance(8) {
		want.Rule = ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: anyOf(w.rand, unusableKeys...)}
	}
	if w.chance(10) {
		want.Mode = ossenc.ReportOnly
	}
	if w.chance(12) {
		want.Compare = ossenc.Exact
	}
	return want
}

func (w *world) create(name string, r localoss.Rule) {
	w.regions[name] = anyOf(w.rand, "cn-hangzhou", "cn-hangzhou", "cn-beijing")
	if w.chance(10) {
		w.oss.AppearAfter(name, 1+w.rand.IntN(4))
	}
	w.oss.PutBucket(localoss.Bucket{Name: name, Region: w.regions[name], Rule: r})
}

// somebodyActs changes a bucket, which sends an event.
func (w *world) somebodyActs(name string) {
	w.mu.Lock()
	event := "PutBucketEncryption"
	rule := w.anyRule(w.rand)
	_, exists := w.oss.Bucket(name)
	switch {
	case !exists:
		event = "PutBucket"
		w.create(name, rule)
	case w.chance(15):
		event = "DeleteBucket"
		w.oss.DeleteBucket(name)
	default:
		if rule == (localoss.Rule{}) {
			event = "DeleteBucketEncryption"
		}
		w.oss.SetRule(name, rule)
	}
	delay, twice, lost := w.moment(), w.chance(20), w.chance(10)
	payload := w.event(event, name)
	w.unheard[name] = lost || w.unheard[name] && event != "PutBucket"
	w.mu.Unlock()
	if lost {
		return
	}
	time.Sleep(delay)
	w.deliver(payload)
	if twice {
		w.deliver(payload)
	}
}

// event is what EventBridge says of a call; with lock held.
func (w *world) event(name, bucket string) delivery {
	w.events++
	id := fmt.Sprintf("E%d", w.events)
	region := anyOf(w.rand, w.regions[bucket], w.regions[bucket], "cn-shenzhen", "")
	ev := stack.Call(id, name, bucket, region, "somebody")
	if name == "PutBucket" && w.chance(70) {
		ev = stack.BucketCreated(id, bucket, region)
	}
	return delivery{elements: 1, payload: ev.JSON()}
}

// anyEvent is one that nothing caused: a late one, a forged one, or a batch.
func (w *world) anyEvent(bucket string) delivery {
	kinds := []string{"PutBucket", "PutBucketEncryption", "DeleteBucketEncryption"}
	if w.chance(70) {
		return w.event(anyOf(w.rand, kinds...), bucket)
	}
	batch := []byte("[")
	n := 2 + w.rand.IntN(4)
	for i := range n {
		if i > 0 {
			batch = append(batch, ',')
		}
		batch = append(batch, w.event(anyOf(w.rand, kinds...), w.bucket()).payload...)
	}
	return delivery{elements: n, payload: append(batch, ']')}
}

// deliver invokes the function as the platform does: again if it fails, three
// times in all.
func (w *world) deliver(d delivery) {
	for range 3 {
		if w.attempt(d) {
			return
		}
		w.mu.Lock()
		pause := w.moment()
		w.mu.Unlock()
		time.Sleep(pause)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.undelivered = append(w.undelivered, d)
}

// attempt is one invocation, with a key of its own. It reports success.
func (w *world) attempt(d delivery) bool {
	w.mu.Lock()
	ctx, cancel, key := w.invocation()
	w.mu.Unlock()
	defer cancel()
	mark := w.ledger.Mark()
	body, err := w.handler.Invoke(ctx, d.payload)
	w.checkInvocation(ctx, key, mark, d, body, err)
	return err == nil
}

func keyAt(i int) string { return fmt.Sprintf("STS.%d", i) }

// invocation is the context of one, with lock held.
func (w *world) invocation() (context.Context, context.CancelFunc, string) {
	k := localoss.Key{AccessKeyID: keyAt(w.keys), AccessKeySecret: "secret", SecurityToken: "token"}
	w.keys++
	w.oss.AddKey(k)
	ctx := ossenc.WithIdentity(w.t.Context(), ossenc.Identity{Region: "cn-hangzhou", Credentials: ossenc.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}})
	timeout := anyOf(w.rand, 3*time.Second, 20*time.Second, time.Minute)
	if w.calm {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, k.AccessKeyID
}

func (w *world) jitter(most time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.dice("jitter").Int64N(int64(most)))
}

// recorded lets our own writes cause events too.
func (w *world) recorded(r localoss.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm || r.Operation != "PutBucketEncryption" || r.Status != http.StatusOK {
		return
	}
	dice := w.dice("recorded", r.AccessKeyID, r.Bucket)
	if dice.IntN(3) > 0 {
		return
	}
	delay := time.Duration(dice.Int64N(int64(20 * time.Second)))
	ev := stack.Call(r.RequestID, r.Operation, r.Bucket, r.Region, r.UserAgent)
	w.busy.Go(func() { time.Sleep(delay); w.deliver(delivery{elements: 1, payload: ev.JSON(), own: true}) })
}

// dice returns the choices about one thing that happens, the first time and each
// further time that it does. They do not depend on what else happens in the same
// instant, which no seed can order.
func (w *world) dice(what ...string) *rand.Rand {
	h := fnv.New64a()
	for _, s := range what {
		_, _ = io.WriteString(h, s+"\n")
	}
	sum := h.Sum64()
	w.times[sum]++
	return rand.New(rand.NewPCG(w.seed, sum+w.times[sum]))
}
