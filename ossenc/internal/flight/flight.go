// Package flight shares one call among all who need its result at the same time.
package flight

import (
	"context"
	"sync"
)

// Group holds the calls under way, and the results that were kept, by key. The zero
// Group is ready, and it is safe for concurrent use.
type Group[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*Call[V]
}

// Call is one call and, once Done is closed, its result.
type Call[V any] struct {
	Done  chan struct{}
	Value V
	Err   error
}

// Join returns the call for key and whether it is new: then the caller must carry
// it out with [Group.Run], and no one else will. failed is the result if it panics.
func (g *Group[K, V]) Join(key K, failed error) (c *Call[V], isNew bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c := g.calls[key]; c != nil {
		return c, false
	}
	if g.calls == nil {
		g.calls = map[K]*Call[V]{}
	}
	c = &Call[V]{Done: make(chan struct{}), Err: failed}
	g.calls[key] = c
	return c, true
}

// Run carries out a new call. The result is kept for later callers if keep says so.
// A panic goes on to the caller after those who wait have their error.
func (g *Group[K, V]) Run(key K, c *Call[V], call func() (V, error), keep func(error) bool) {
	defer func() {
		if !keep(c.Err) {
			g.mu.Lock()
			delete(g.calls, key)
			g.mu.Unlock()
		}
		close(c.Done)
	}()
	c.Value, c.Err = call()
}

// Wait returns the result, or ctx's error if that ends first.
func (c *Call[V]) Wait(ctx context.Context) (V, error) {
	select {
	case <-c.Done:
		return c.Value, c.Err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}
