package ossenc

import (
	"context"
	"sync"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// gate bounds how many buckets are worked on at the same time, and finds out how
// many OSS bears: it begins wide open, halves at each QPS limit and grows by one a
// round. OSS publishes no figure for its bucket-level calls. It does not begin
// narrow: doubling would reach its full width within two round trips, so that
// spares OSS nothing, and takes a twelfth of the time of a thousand buckets.
type gate struct {
	max    int
	jitter func(time.Duration) time.Duration

	mu       sync.Mutex
	changed  *sync.Cond
	limit    int
	inside   int
	good     int // successes since the limit last changed
	pause    time.Duration
	resume   time.Time
	greatest int // the most that were inside at once
}

const firstPause = time.Second // "retry after a few seconds" (OSS, HTTP 503)

func newGate(most int, jitter func(time.Duration) time.Duration) *gate {
	g := &gate{max: most, jitter: jitter, limit: most, pause: firstPause}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// enter waits for room.
func (g *gate) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.inside >= g.limit {
		g.changed.Wait()
	}
	g.inside++
	g.greatest = max(g.greatest, g.inside)
}

// leave makes room.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.changed.Signal()
}

// succeeded widens the gate.
func (g *gate) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.good++
	if g.limit < g.max && g.good >= g.limit {
		g.limit++
		g.good = 0
		g.changed.Signal()
	}
}

// throttled narrows the gate, once for all who hit the same limit, and waits
// until it may be tried again. It returns false if ctx would end before.
func (g *gate) throttled(ctx context.Context) bool {
	g.mu.Lock()
	if now := time.Now(); now.After(g.resume) {
		g.limit, g.good = max(1, g.limit/2), 0
		g.resume = now.Add(g.pause + g.jitter(g.pause))
		g.pause = min(2*g.pause, 8*firstPause)
	}
	pause := time.Until(g.resume) + g.jitter(firstPause/4) // not all at the same moment
	g.mu.Unlock()
	return wait.Sleep(ctx, pause)
}
