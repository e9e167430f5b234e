package wire

import (
	"slices"
	"sync"
)

// Log keeps the latest requests of a service in a ring, and exact counts. It is
// safe for use by several goroutines.
type Log[R any] struct {
	max int

	mu     sync.Mutex
	ring   []R
	next   int // oldest entry, once the ring is full
	counts map[string]int
}

// NewLog returns an empty log of at most size entries.
func NewLog[R any](size int) *Log[R] {
	return &Log[R]{max: size, counts: map[string]int{}}
}

// Add enters a request under the name of its operation.
func (l *Log[R]) Add(operation string, r R) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[operation]++
	if len(l.ring) < l.max {
		l.ring = append(l.ring, r)
		return
	}
	l.ring[l.next] = r
	l.next = (l.next + 1) % l.max
}

// All returns the latest requests, oldest first.
func (l *Log[R]) All() []R {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.next:], l.ring[:l.next])
}

// Count returns how many requests of an operation came in, also those that the ring
// no longer holds.
func (l *Log[R]) Count(operation string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[operation]
}

// Reset empties the log and the counts.
func (l *Log[R]) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.next = nil, 0
	clear(l.counts)
}
