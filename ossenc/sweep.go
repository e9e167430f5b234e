package ossenc

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// Sweep goes over the account's buckets.
type Sweep struct {
	Want Want
	// Prefix and Region leave out all other buckets; empty for all.
	Prefix, Region string
	// After is the name of the last bucket of an earlier sweep, to go on behind it.
	After string
	// Width is how many buckets are worked on at the same time; 16 if 0.
	Width int
}

const defaultWidth = 16

// Sweep ensures every bucket in turn and hands each result to each, in the order
// of the buckets' names and one at a time, until all are done or each returns
// false. It returns an *[Error] if the account's list could not be read to its
// end: then buckets are missing. Memory does not grow with their number.
func (w *Warden) Sweep(ctx context.Context, s Sweep, each func(Result) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	width := s.Width
	if width == 0 {
		width = defaultWidth
	}
	// The queue keeps the order: its entries are taken in turn, each when it is
	// done. It is longer than width so that one slow bucket does not idle the rest.
	queue := make(chan chan Result, 4*width)
	listed := make(chan error, 1)
	go func() { listed <- w.dispatch(ctx, s, width, queue) }()
	for done := range queue {
		if !each(<-done) {
			cancel()
			for range queue { // drained, so that dispatch ends
			}
			<-listed
			return nil
		}
	}
	return <-listed
}

// dispatch lists the buckets, starts the work on each as soon as there is room,
// and closes the queue when all of it has ended.
func (w *Warden) dispatch(ctx context.Context, s Sweep, width int, queue chan<- chan Result) error {
	defer close(queue)
	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, width)
	for b, err := range w.Lister.List(ctx, s.Prefix, s.After) {
		if err != nil {
			return err
		}
		if s.Region != "" && b.Region != s.Region || !strings.HasPrefix(b.Name, s.Prefix) {
			continue
		}
		done := make(chan Result, 1)
		select {
		case queue <- done:
		case <-ctx.Done():
			return &Error{Op: "ListBuckets", Code: Deadline, Message: "the invocation's time ran out before the end of the account's list", Err: ctx.Err()}
		}
		slots <- struct{}{}
		working.Go(func() {
			defer func() { <-slots }()
			done <- w.ensureSafely(ctx, Task{Bucket: b, Want: s.Want})
		})
	}
	return nil
}

// ensureSafely turns a panic into a result: one bucket must not end the process
// and all invocations in it.
func (w *Warden) ensureSafely(ctx context.Context, t Task) (res Result) {
	defer func() {
		if p := recover(); p != nil {
			res = Result{Bucket: t.Bucket.Name, Region: t.Bucket.Region, Wanted: t.Want.Rule}.
				fail(Unknown, Internal, fmt.Sprintf("panic (%T) while working on this bucket", p))
		}
	}()
	return w.Ensure(ctx, t)
}
