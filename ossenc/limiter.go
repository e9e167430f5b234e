package ossenc

import (
	"context"
	"sync"
	"time"

	"bucketwarden/ossenc/internal/wait"
)

// limiter limits how many buckets are worked on at a time and adapts to what OSS
// bears, as TCP does (AIMD): it halves at each throttling response and grows by one
// for each round of successes. OSS publishes no figure for its bucket-level calls.
// It starts at full concurrency: slow start would reach it within two round trips
// anyway and costs 8 % of the time of a sweep of 1,000 buckets.
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
	peak      int // highest inUse so far
	fruitless int // pauses since the last success
}

// maxFruitless bounds the pauses without one success between them, 2 to 4 minutes in
// all: such a limit does not go away while the sweep waits.
const maxFruitless = 16

const firstPause = time.Second // "retry after a few seconds" (OSS, HTTP 503)

func newLimiter(most int, jitter func(time.Duration) time.Duration) *limiter {
	l := &limiter{max: most, jitter: jitter, limit: most, pause: firstPause}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// acquire waits for room.
func (l *limiter) acquire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.inUse >= l.limit {
		l.changed.Wait()
	}
	l.inUse++
	l.peak = max(l.peak, l.inUse)
}

// release makes room.
func (l *limiter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inUse--
	l.changed.Signal()
}

// succeeded widens the gate.
func (l *limiter) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.successes++
	l.fruitless = 0
	if l.limit < l.max && l.successes >= l.limit {
		l.limit++
		l.successes = 0
		l.changed.Signal()
	}
}

// throttled narrows the gate, once for all who hit the same limit, and waits
// until it may be tried again. It returns false if ctx would end before, or if too
// many pauses were of no use.
func (l *limiter) throttled(ctx context.Context) bool {
	l.mu.Lock()
	if now := time.Now(); now.After(l.resume) {
		l.limit, l.successes = max(1, l.limit/2), 0
		l.resume = now.Add(l.pause + l.jitter(l.pause))
		l.pause = min(2*l.pause, 8*firstPause)
		l.fruitless++
	}
	givenUp := l.fruitless > maxFruitless
	pause := time.Until(l.resume) + l.jitter(firstPause/4) // not all at the same moment
	l.mu.Unlock()
	return !givenUp && wait.Sleep(ctx, pause)
}
