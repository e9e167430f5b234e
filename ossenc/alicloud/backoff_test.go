package alicloud_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc/alicloud"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
)

// pauses runs one task against an OSS that fails the operation each time, and
// returns the times between the attempts.
func pauses(t *testing.T, operation string, timeout time.Duration) (between []time.Duration, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		server := localoss.New(localoss.Options{})
		server.AddKey(key)
		server.PutBucket(localoss.Bucket{Name: "b-1"})
		var last time.Time
		server.SetFault(func(r localoss.Request) *localoss.Fault {
			if r.Operation != operation {
				return nil
			}
			if !last.IsZero() {
				between = append(between, time.Since(last))
			}
			last = time.Now()
			return &localoss.Fault{Code: "ServiceUnavailable"}
		})
		ctx, cancel := context.WithTimeout(ctxOf(t), timeout)
		defer cancel()
		start := time.Now()
		want := ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor}
		client := alicloud.NewClient(alicloud.Endpoints{}, wire{server}, nil)
		res := (&ossenc.Warden{Store: client, Policy: simple(want)}).Ensure(ctx, ossenc.Task{Bucket: b1})
		if !res.Verdict.Failed() {
			t.Errorf("%s", res.Verdict)
		}
		took = time.Since(start)
	})
	return between, took
}

// What fails is tried four times in all, each pause is a random part of one that
// doubles, and nothing goes on beyond the deadline.
func TestRetries_AreFewAndSpread(t *testing.T) {
	for operation, first := range map[string]time.Duration{"GetBucketEncryption": 800 * time.Millisecond, "PutBucketEncryption": 400 * time.Millisecond} {
		t.Run(operation, func(t *testing.T) {
			const runs = 200
			var all [3][]time.Duration
			for range runs {
				between, took := pauses(t, operation, time.Minute)
				if len(between) != 3 || took > 6*time.Second {
					t.Fatalf("%d attempts in %v, want 4 in 6 s", len(between)+1, took)
				}
				for i, d := range between {
					all[i] = append(all[i], d)
				}
			}
			for i, most := 0, first; i < 3; i, most = i+1, 2*most {
				slices.Sort(all[i])
				least, median, greatest := all[i][0], all[i][runs/2], all[i][runs-1]
				t.Logf("pause %d: %v to %v, median %v", i+1, least, greatest, median)
				if greatest > most || median < most/3 || median > most*2/3 || greatest-least < most/2 {
					t.Errorf("pause %d: %v to %v, median %v; want any time up to %v", i+1, least, greatest, median, most)
				}
			}
		})
	}
}

func TestRetries_FitTheDeadline(t *testing.T) {
	for _, timeout := range []time.Duration{time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second} {
		for _, operation := range []string{"GetBucketEncryption", "PutBucketEncryption"} {
			for range 20 {
				if _, took := pauses(t, operation, timeout); took > timeout {
					t.Fatalf("%s took %v of %v", operation, took, timeout)
				}
			}
		}
	}
}
