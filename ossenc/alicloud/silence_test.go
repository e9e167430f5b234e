package alicloud_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// silentCloud is an account with buckets in two regions, one of which takes calls and
// does not answer them for a while.
type silentCloud struct {
	silent, good int
	until        time.Time // when the silent region answers again

	mu    sync.Mutex
	calls map[string]int // to each region
}

func (s *silentCloud) RoundTrip(r *http.Request) (*http.Response, error) {
	at := scope.FindStringSubmatch(r.Header.Get("Authorization"))[1]
	if strings.Contains(r.URL.RawQuery, "max-keys") {
		var all strings.Builder
		for i := range s.silent {
			fmt.Fprintf(&all, "<Bucket><Name>a-%04d</Name><Region>cn-beijing</Region></Bucket>", i)
		}
		for i := range s.good {
			fmt.Fprintf(&all, "<Bucket><Name>b-%04d</Name><Region>cn-hangzhou</Region></Bucket>", i)
		}
		return reply(r, 200, "<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets>"+all.String()+"</Buckets></ListAllMyBucketsResult>"), nil
	}
	s.mu.Lock()
	if s.calls == nil {
		s.calls = map[string]int{}
	}
	s.calls[at]++
	s.mu.Unlock()
	if at == "cn-beijing" && time.Now().Before(s.until) {
		select {
		case <-time.After(10 * time.Second): // ResponseHeaderTimeout
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded}
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	time.Sleep(10 * time.Millisecond)
	return reply(r, 200, wholeRule), nil
}

// A region that is silent does not hold up the others: within the time of one
// function, all good buckets behind it have their turn, and the silent ones are
// unknown, because they are unavailable.
func TestSweep_ASilentRegionIsGivenUpEarly(t *testing.T) {
	for _, silent := range []int{8, 130, 900} {
		synctest.Test(t, func(t *testing.T) {
			cloud := &silentCloud{silent: silent, good: 50, until: time.Now().Add(time.Hour)}
			client := alicloud.NewClient(alicloud.Endpoints{}, cloud, nil)
			w := &ossenc.Warden{Store: client, Lister: client, Policy: simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})}
			ctx, cancel := context.WithTimeout(ctxOf(t), time.Minute)
			defer cancel()
			verdicts := map[string]int{}
			summary, err := w.Sweep(ctx, ossenc.SweepOptions{}, func(r ossenc.Result) bool {
				verdicts[r.Bucket[:1]+" "+string(r.Verdict)+" "+string(r.Code)]++
				return true
			})
			if err != nil || !summary.Complete || verdicts["a unknown unavailable"] != silent || verdicts["b compliant "] != 50 || len(verdicts) != 2 {
				t.Errorf("%d silent: %+v, %v: %v", silent, summary, err, verdicts)
			}
			if cloud.calls["cn-beijing"] > 4*64 {
				t.Errorf("%d silent: %d calls", silent, cloud.calls["cn-beijing"])
			}
		})
	}
}

// One call is tried each minute, so that a region that answers again is noticed; and
// an event about a single bucket always asks.
func TestClient_TriesASilentRegionOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &silentCloud{silent: 100, until: time.Now().Add(10 * time.Minute)}
		client := alicloud.NewClient(alicloud.Endpoints{}, cloud, nil)
		w := &ossenc.Warden{Store: client, Lister: client, Policy: simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})}
		sweep := func() (good int) {
			_, err := w.Sweep(ctxOf(t), ossenc.SweepOptions{}, func(r ossenc.Result) bool {
				if !r.Verdict.Failed() {
					good++
				}
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			return good
		}
		if good := sweep(); good != 0 {
			t.Fatalf("%d good", good)
		}
		before := cloud.calls["cn-beijing"]
		for range 4 {
			time.Sleep(15 * time.Second)
			sweep()
		}
		if tried := cloud.calls["cn-beijing"] - before; tried == 0 || tried > 2 {
			t.Errorf("%d calls in a minute", tried)
		}
		before = cloud.calls["cn-beijing"]
		if _, err := client.Get(ctxOf(t), ossenc.Bucket{Name: "a-0001", Region: "cn-beijing"}); ossenc.CodeOf(err) != ossenc.Unavailable || cloud.calls["cn-beijing"] == before {
			t.Errorf("an event did not ask: %v", err)
		}
		time.Sleep(10 * time.Minute)
		if good := sweep(); good != 100 {
			t.Errorf("%d of 100 good after the region answers again", good)
		}
	})
}

// Some time-outs among answers give up nothing, and neither do those of one bucket.
func TestClient_GivesUpNoRegionThatAnswers(t *testing.T) {
	for name, fails := range map[string]func(bucket string, n int) bool{
		"every second call": func(_ string, n int) bool { return n%2 == 0 },
		"one bucket":        func(bucket string, _ int) bool { return bucket == "a-0000" },
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			n := 0
			inner := &silentCloud{silent: 200}
			client := alicloud.NewClient(alicloud.Endpoints{}, roundTrip(func(r *http.Request) (*http.Response, error) {
				bucket, _, _ := strings.Cut(r.URL.Host, ".")
				mu.Lock()
				n++
				timesOut := fails(bucket, n) && !strings.Contains(r.URL.RawQuery, "max-keys")
				mu.Unlock()
				if timesOut {
					return nil, &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded}
				}
				return inner.RoundTrip(r)
			}), nil)
			w := &ossenc.Warden{Store: client, Lister: client, Policy: simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})}
			failed := 0
			_, err := w.Sweep(ctxOf(t), ossenc.SweepOptions{Concurrency: 1}, func(r ossenc.Result) bool {
				if r.Verdict.Failed() {
					failed++
				}
				return true
			})
			if err != nil || failed > 1 {
				t.Errorf("%s: %d failed, %v", name, failed, err)
			}
		})
	}
}
