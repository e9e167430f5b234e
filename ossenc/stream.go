package ossenc

import "sync"

// orderedStream runs work concurrently and hands the results on in the order in
// which the work was given. One goroutine gives work and then calls close, another
// ranges over all.
type orderedStream[T any] struct {
	queue   chan chan T // one result each, in order
	working sync.WaitGroup
}

// newOrderedStream returns a stream that keeps up to size results that are not
// taken yet; then start waits. Make it larger than the number of workers, so that
// one that is slow does not idle the others.
func newOrderedStream[T any](size int) *orderedStream[T] {
	return &orderedStream[T]{queue: make(chan chan T, size)}
}

// start runs work, which must not panic, in a goroutine of its own.
func (s *orderedStream[T]) start(work func() T) {
	result := make(chan T, 1)
	s.queue <- result
	s.working.Go(func() { result <- work() })
}

// close waits for all work and ends the stream.
func (s *orderedStream[T]) close() {
	s.working.Wait()
	close(s.queue)
}

// each passes every result to yield, in order and one at a time, and returns true
// at the end of the stream. If yield returns false or panics, it calls cancel and
// throws away what is still under way, so that start and close never block for good.
func (s *orderedStream[T]) each(yield func(T) bool, cancel func()) (all bool) {
	defer func() {
		if !all {
			cancel()
			for result := range s.queue {
				<-result
			}
		}
	}()
	for result := range s.queue {
		if !yield(<-result) {
			return false
		}
	}
	return true
}
