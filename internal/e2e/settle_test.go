package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// newBuckets is a function that looks after new buckets.
type newBuckets struct{ *stack.Stack }

// settling starts a function that leaves new buckets to their creators.
func settling(t *testing.T, runtime string, timeout time.Duration, env ...string) newBuckets {
	t.Helper()
	o := stack.Options{Binary: binary, Keys: keys, Env: env, Configure: func(c *localfc.Config) { c.Runtime, c.Timeout = runtime, timeout }}
	s, err := stack.Start(context.WithoutCancel(t.Context()), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return newBuckets{s}
}

// create is what a creator's own tool does first: it makes a bucket without a rule.
func (n newBuckets) create(name string) {
	n.OSS.PutBucket(localoss.Bucket{Name: name, Region: stack.Region})
}

// invoke sends the payload and returns the verdicts.
func (n newBuckets) invoke(t *testing.T, payload []byte) []ossenc.Verdict {
	t.Helper()
	r, err := n.Function.Invoke(context.WithoutCancel(t.Context()), payload)
	if err != nil {
		t.Fatal(err)
	}
	results, err := stack.Results(r)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := make([]ossenc.Verdict, len(results))
	for i, r := range results {
		verdicts[i] = r.Verdict
	}
	return verdicts
}

// byFunction returns when the function's calls of an operation arrived.
func (n newBuckets) byFunction(operation string) []time.Time {
	var at []time.Time
	for _, r := range n.OSS.Requests() {
		if r.Operation == operation && r.AccessKeyID != stack.UserKey.AccessKeyID {
			at = append(at, r.Time)
		}
	}
	return at
}

// toolSets lets the creator's own tool set its rule between the function's first look and
// its second one: with the user's key, by a client of its own.
func (n newBuckets) toolSets(t *testing.T, rule ossenc.Rule) {
	t.Helper()
	endpoints, err := alicloud.ParseEndpoints(n.OSSURL)
	if err != nil {
		t.Fatal(err)
	}
	endpoints.Own = stack.Region
	tool := alicloud.NewClient(endpoints, alicloud.NewTransport(), nil)
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Region: stack.Region, Credentials: ossenc.Credentials{
		AccessKeyID: stack.UserKey.AccessKeyID, AccessKeySecret: stack.UserKey.AccessKeySecret,
	}})
	looks := 0 // one bucket, so one look at a time
	n.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Operation == "GetBucketEncryption" {
			looks++
		}
		if r.Operation == "GetBucketEncryption" && looks == 2 {
			if _, err := tool.Put(ctx, ossenc.Bucket{Name: r.Bucket, Region: stack.Region}, rule); err != nil {
				t.Errorf("the tool: %v", err)
			}
		}
		return nil
	})
}

// A creator's own tool sets its rule while the function leaves the new bucket to it. The
// function finds the rule and writes nothing: with the usual time of Function Compute,
// with that of the setting, and with that of the policy.
func TestSettle_TheCreatorsOwnRuleStays(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte("version: 1\nrules: [{name: all, want: {algorithm: AES256}, settle: 3s}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		for name, tt := range map[string]struct {
			settle time.Duration
			env    []string
		}{
			"Usual":   {5 * time.Second, []string{"WARDEN_SETTLE="}},
			"Setting": {3 * time.Second, []string{"WARDEN_SETTLE=3s"}},
			"Policy":  {3 * time.Second, []string{"WARDEN_SETTLE=0s", "WARDEN_POLICY=" + policy}},
		} {
			t.Run(runtime+"/"+name, func(t *testing.T) {
				t.Parallel()
				n := settling(t, runtime, 0, tt.env...)
				for try := range 5 {
					bucket := fmt.Sprintf("tool-%d", try)
					n.OSS.ResetRequests()
					n.create(bucket)
					event := stack.BucketCreated("1", bucket, stack.Region).JSON()
					begun := time.Now().Truncate(time.Millisecond) // as the event tells it
					n.toolSets(t, ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1"})
					got := n.invoke(t, event)
					puts := n.byFunction("PutBucketEncryption")
					if len(puts) > 0 && puts[0].Sub(begun) >= tt.settle-10*time.Millisecond {
						continue // the machine stood still for so long that the time was over at the first look
					}
					b, _ := n.OSS.Bucket(bucket)
					if len(puts) > 0 || !slices.Equal(got, []ossenc.Verdict{ossenc.Compliant}) || b.Rule.KMSKeyID != "key-1" || len(n.byFunction("GetBucketEncryption")) != 2 {
						t.Errorf("%v, %+v, %d writes, looks at %v", got, b.Rule, len(puts), n.byFunction("GetBucketEncryption"))
					}
					return
				}
				t.Error("five times the machine stood still")
			})
		}
	}
}

// A batch of new buckets waits once: when the first of them have had their time, so have
// the others, and those are looked at once before they are written, not twice. Nothing is
// written before.
func TestSettle_ABatchWaitsOnce(t *testing.T) {
	t.Parallel()
	const buckets, settle = 40, 2 * time.Second
	n := settling(t, localfc.RuntimeGo1, 0, "WARDEN_SETTLE="+settle.String())
	var batch []stack.Event
	for i := range buckets {
		name := fmt.Sprintf("new-%d", i)
		n.create(name)
		e := stack.BucketCreated(name, name, stack.Region)
		delete(e, "time") // so that nothing but the batch says when its time began
		batch = append(batch, e)
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	got := n.invoke(t, payload)
	puts, looks := n.byFunction("PutBucketEncryption"), n.byFunction("GetBucketEncryption")
	if !slices.Equal(got, slices.Repeat([]ossenc.Verdict{ossenc.Fixed}, buckets)) || len(puts) != buckets {
		t.Fatalf("%v, %d writes", got, len(puts))
	}
	if first := slices.MinFunc(puts, time.Time.Compare).Sub(begun); first < settle {
		t.Errorf("written %v after the beginning", first)
	}
	// Two looks and the read-back for those that waited. On a machine that stands still
	// fewer wait, never more.
	if most := 2*buckets + 8; len(looks) > most {
		t.Errorf("%d looks; at most %d if the batch waits once", len(looks), most)
	}
}

// Only a creation is left to its creator, and never for longer than a third of the time
// that is left: the rest is enough to write and to read back.
func TestSettle_OnlyCreationsAndAThirdOfTheTime(t *testing.T) {
	for name, tt := range map[string]struct {
		event stack.Event
		looks int           // before the write, and after it
		least time.Duration // until the write
	}{
		"Changed":  {stack.Call("1", "PutBucketEncryption", "new-1", stack.Region, "aliyun-oss-console"), 2, 0},
		"Removed":  {stack.Call("1", "DeleteBucketEncryption", "new-1", stack.Region, "aliyun-oss-console"), 2, 0},
		"Creation": {stack.BucketCreated("1", "new-1", stack.Region), 3, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := settling(t, localfc.RuntimeCustom, 15*time.Second, "WARDEN_SETTLE=60s")
			n.create("new-1")
			begun := time.Now()
			got := n.invoke(t, tt.event.JSON())
			puts, looks := n.byFunction("PutBucketEncryption"), n.byFunction("GetBucketEncryption")
			if !slices.Equal(got, []ossenc.Verdict{ossenc.Fixed}) || len(puts) != 1 {
				t.Fatalf("%v, %d writes", got, len(puts))
			}
			waited := puts[0].Sub(begun)
			if waited < tt.least {
				t.Errorf("written after %v", waited)
			}
			// On a machine that stands still the time may be over at the first look.
			if len(looks) != tt.looks && (tt.least == 0 || len(looks) != 2) {
				t.Errorf("%d looks, want %d", len(looks), tt.looks)
			}
		})
	}
}
