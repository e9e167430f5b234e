package ossenc

import (
	"context"
	"sync"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// limiter bounds how many buckets are worked on at the same time, and finds out how
// many OSS bears: it begins wide open, halves at each QPS limit and grows by one a
// round. OSS publishes no figure for its bucket-level calls. It does not begin
// narrow: doubling would reach its full width within two round trips, so that
// spares OSS nothing, and takes a twelfth of the time of a thousand buckets.
type limiter struct {
	max    int
	jitter func(time.Duration) time.Duration

	mu        sync.Mutex
	changed   *sync.Cond
	limit     int
	inUse     int
	successes int // successes since the limit last changed
	pause     time.Duration
	resume    time.Time
	peak      int // the most that were inside at once
}

const firstPause = time.Second // "retry after a few seconds" (OSS, HTTP 503)

func newLimiter(most int, jitter func(time.Duration) time.Duration) *limiter {
	g := &limiter{max: most, jitter: jitter, limit: most, pause: firstPause}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// acquire waits for room.
func (g *limiter) acquire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.inUse >= g.limit {
		g.changed.Wait()
	}
	g.inUse++
	g.peak = max(g.peak, g.inUse)
}

// release makes room.
func (g *limiter) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inUse--
	g.changed.Signal()
}

// succeeded widens the gate.
func (g *limiter) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.successes++
	if g.limit < g.max && g.successes >= g.limit {
		g.limit++
		g.successes = 0
		g.changed.Signal()
	}
}

// throttled narrows the gate, once for all who hit the same limit, and waits
// until it may be tried again. It returns false if ctx would end before.
func (g *limiter) throttled(ctx context.Context) bool {
	g.mu.Lock()
	if now := time.Now(); now.After(g.resume) {
		g.limit, g.successes = max(1, g.limit/2), 0
		g.resume = now.Add(g.pause + g.jitter(g.pause))
		g.pause = min(2*g.pause, 8*firstPause)
	}
	pause := time.Until(g.resume) + g.jitter(firstPause/4) // not all at the same moment
	g.mu.Unlock()
	return wait.Sleep(ctx, pause)
}
