package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"bucketwarden/ossenc"
)

// A region that takes connections and never answers would hold a sweep for 42 s a
// bucket, and with it all buckets behind. So a region is given up after maxSilence
// time-outs in a row that are about at least minBuckets buckets, and one call is let
// through each retrySilence to see whether it answers again.
const (
	maxSilence   = 8
	minBuckets   = 3
	retrySilence = time.Minute
	// forgetSilence is how long after the last time-out nothing is known any more: the
	// next sweep, perhaps a day later, begins with a good opinion of every region.
	forgetSilence = 90 * time.Second
)

// silences are the regions that do not answer. Calls of all kinds tell; only those of
// sweeps are held back: an event is about one bucket, and the platform repeats it.
type silences struct {
	mu       sync.Mutex
	byRegion map[string]*silence
}

// silence is what is known of a region since its last answer.
type silence struct {
	inRow   int
	buckets map[string]bool
	retry   time.Time // no call before it
	last    time.Time // time-out
}

// isKnown reports whether the region is known not to answer. It lets the first caller
// through after each pause.
func (s *silences) isKnown(region string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.byRegion[region]
	if r == nil || r.inRow < maxSilence || len(r.buckets) < minBuckets {
		return false
	}
	if now.Sub(r.last) > forgetSilence {
		delete(s.byRegion, region)
		return false
	}
	if now.Before(r.retry) {
		return true
	}
	r.retry = now.Add(retrySilence)
	return false
}

// note takes in how a call ended.
func (s *silences) note(region, bucket string, timedOut bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !timedOut {
		delete(s.byRegion, region)
		return
	}
	r := s.byRegion[region]
	if r == nil {
		if len(s.byRegion) >= maxClients {
			return // regions that events made up
		}
		r = &silence{buckets: map[string]bool{}}
		if s.byRegion == nil {
			s.byRegion = map[string]*silence{}
		}
		s.byRegion[region] = r
	}
	if r.inRow++; len(r.buckets) < minBuckets {
		r.buckets[bucket] = true
	}
	r.retry, r.last = now.Add(retrySilence), now
}

// patient holds back the calls of a sweep to a region that does not answer.
type patient struct {
	next http.RoundTripper
	silences
}

// RoundTrip sends the request, unless it is known that there will be no answer.
func (p *patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, region, bucket := req.Context(), signedRegion(req), bucketOf(req)
	if bucket != "" && ossenc.InSweep(ctx) && p.isKnown(region, time.Now()) {
		return nil, errSilent(region)
	}
	resp, err := p.next.RoundTrip(withLook(req))
	if bucket != "" && ctx.Err() == nil {
		p.note(region, bucket, isTimeout(ctx, err), time.Now())
	}
	return resp, err
}

// withLook puts what a write was decided on behind its user agent, which OSS does not
// sign: the record of the write then says what it was decided on.
func withLook(req *http.Request) *http.Request {
	look, ok := ossenc.LookFrom(req.Context())
	if !ok {
		return req
	}
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", req.UserAgent()+" "+look.String())
	return req
}

func isTimeout(ctx context.Context, err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout() && ctx.Err() == nil
}

func errSilent(region string) error {
	return fmt.Errorf("the last %d calls or more to region %s timed out, so it is given up for the time being and tried once a minute", maxSilence, region)
}

// signedRegion returns the region that a request is signed for.
func signedRegion(req *http.Request) string {
	_, scope, _ := strings.Cut(req.Header.Get("Authorization"), "/") // key ID/date/region/oss/...
	_, scope, _ = strings.Cut(scope, "/")
	region, _, ended := strings.Cut(scope, "/")
	if !ended {
		return ""
	}
	return region
}

// bucketOf returns the bucket that a request is about, or "" for the account's list.
// Calls about buckets have a query of their own.
func bucketOf(req *http.Request) string {
	if req.URL.RawQuery == "" || strings.Contains(req.URL.RawQuery, "max-keys=") {
		return ""
	}
	if path := strings.Trim(req.URL.Path, "/"); path != "" {
		return path
	}
	bucket, _, _ := strings.Cut(req.URL.Host, ".")
	return bucket
}
