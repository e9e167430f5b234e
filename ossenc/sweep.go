package ossenc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// SweepOptions says which buckets of all accounts to go over, and how.
type SweepOptions struct {
	Desired Desired
	// Prefix and Region leave out all other buckets; empty for all.
	Prefix, Region string
	// After is the place where an earlier sweep ended, to go on behind it.
	After Cursor
	// MaxChanges is how many buckets may be written; 0 for any number. What is
	// beyond ends Blocked. Changes is how many an earlier part of the sweep wrote.
	MaxChanges, Changes int
	// Concurrency is the most buckets that are worked on at the same time; 64 if 0.
	Concurrency int
	// Reserve is how long before ctx's deadline no further bucket is started; 3 s
	// if 0.
	Reserve time.Duration
}

// SweepSummary says how far a sweep came.
type SweepSummary struct {
	// Complete is whether every bucket had its turn.
	Complete bool
	// Last is the place of the last bucket that had: what to give as After to go on.
	Last Cursor
	// Changes is how many buckets were written, or tried to be.
	Changes int
	// Concurrency is the most buckets that were worked on at the same time.
	Concurrency int
}

const (
	defaultConcurrency = 64
	defaultReserve     = 3 * time.Second
	throttledTries     = 5
)

// SweepOptions ensures every bucket in turn and hands each result to each, in the order of
// the accounts' IDs (the function's own first) and the buckets' names and one at a
// time, until all are done, the time runs out or each returns false; then the
// results of what is still under way are lost, so a sweep that writes must take
// them all. It returns the *[Error]s of all accounts whose list could not be read
// to its end, joined: their buckets are missing. Memory does not grow with the
// number of buckets.
func (w *Warden) Sweep(ctx context.Context, s SweepOptions, each func(Result) bool) (SweepSummary, error) {
	from, name := s.After.split()
	all := SweepSummary{Last: s.After, Changes: s.Changes, Complete: true}
	var errs []error
	for _, account := range w.accountIDs() {
		if account < from {
			continue
		}
		if account > from {
			name = ""
		}
		part, more, err := w.sweepAccount(ctx, s, account, name, all.Changes, each)
		all.add(part)
		errs = append(errs, err)
		if !more {
			break
		}
	}
	return all, errors.Join(errs...)
}

// accountIDs returns all accounts to go over; the function's own is "" and first.
func (w *Warden) accountIDs() []string {
	ids := []string{""}
	if w.Accounts != nil {
		ids = append(ids, w.Accounts.IDs()...)
	}
	slices.Sort(ids)
	return ids
}

// sweepAccount goes over one account's buckets behind the one named. It returns
// false where the next account is not to begin.
func (w *Warden) sweepAccount(ctx context.Context, s SweepOptions, account, after string, changes int, each func(Result) bool) (SweepSummary, bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := sweeper{SweepOptions: s, warden: w, account: account, after: after, stop: stopAt(ctx, s)}
	run.changes.Store(int64(changes))
	run.limiter = newLimiter(cmp.Or(s.Concurrency, defaultConcurrency), w.jitter)
	// The queue keeps the order: its entries are taken in turn, each when it is
	// done. It is longer than the gate is wide, so one slow bucket idles nobody.
	queue := make(chan chan Result, 4*run.limiter.max)
	ended := make(chan dispatchResult, 1)
	go func() { ended <- run.dispatch(ctx, queue) }()
	cut := run.collect(queue, each, cancel)
	end := <-ended
	part := SweepSummary{
		Complete:    end.complete && !cut,
		Last:        run.last,
		Changes:     int(run.changes.Load()),
		Concurrency: run.limiter.peak,
	}
	// An account whose list fails does not stop the others; the time's end does.
	return part, part.Complete || end.err != nil && !cut, end.err
}

// add takes in what became of one more account.
func (s *SweepSummary) add(part SweepSummary) {
	s.Complete = s.Complete && part.Complete
	s.Last = cmp.Or(part.Last, s.Last)
	s.Changes = part.Changes
	s.Concurrency = max(s.Concurrency, part.Concurrency)
}

// Cursor is a bucket's place in a sweep: its name, and before that the account's
// ID and a slash if it is not the function's own.
type Cursor string

// CursorOf returns the place of the bucket that a result is about.
func CursorOf(r Result) Cursor {
	if r.Account == "" {
		return Cursor(r.Bucket)
	}
	return Cursor(r.Account + "/" + r.Bucket)
}

func (p Cursor) split() (account, bucket string) {
	account, bucket, found := strings.Cut(string(p), "/")
	if !found {
		return "", string(p)
	}
	return account, bucket
}

// Count returns how many buckets a sweep from the beginning goes over, for caps
// that are a share. It costs a call for each thousand.
func (w *Warden) Count(ctx context.Context, s SweepOptions) (int, error) {
	n := 0
	for _, account := range w.accountIDs() {
		inside, err := w.asAccount(ctx, account)
		if err != nil {
			return n, err
		}
		for b, err := range w.Lister.List(inside, s.Prefix, "") {
			if err != nil {
				return n, err
			}
			if s.has(b) {
				n++
			}
		}
	}
	return n, nil
}

// has reports whether the sweep is about the bucket.
func (s SweepOptions) has(b Bucket) bool {
	return (s.Region == "" || b.Region == s.Region) && strings.HasPrefix(b.Name, s.Prefix)
}

// stopAt is when no further bucket is started, so that those under way end in
// time; zero for never.
func stopAt(ctx context.Context, s SweepOptions) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	return deadline.Add(-cmp.Or(s.Reserve, defaultReserve))
}

// sweeper is one sweep under way.
type sweeper struct {
	SweepOptions
	warden  *Warden
	account string
	after   string
	limiter *limiter
	stop    time.Time
	last    Cursor
	changes atomic.Int64
}

// dispatchResult is how the dispatching ended.
type dispatchResult struct {
	complete bool
	err      error
}

// collect hands the results on in their order, and returns true if each wanted
// no more.
func (s *sweeper) collect(queue <-chan chan Result, each func(Result) bool, cancel context.CancelFunc) bool {
	defer func() { // the queue is emptied whatever happens, so that dispatch ends
		cancel()
		for done := range queue {
			<-done
		}
	}()
	for done := range queue {
		res := <-done
		s.last = CursorOf(res)
		if !each(res) {
			return true
		}
	}
	return false
}

// dispatch lists the buckets, starts the work on each as soon as there is room,
// and closes the queue when all of it has ended.
func (s *sweeper) dispatch(ctx context.Context, queue chan<- chan Result) (end dispatchResult) {
	defer close(queue)
	var working sync.WaitGroup
	defer working.Wait()
	defer func() {
		if p := recover(); p != nil { // in a goroutine it would end the process
			end = dispatchResult{err: &Error{Op: "ListBuckets", Code: Internal, Message: fmt.Sprintf("panic (%T)", p)}}
		}
	}()
	inside, err := s.warden.asAccount(ctx, s.account)
	if err != nil {
		return dispatchResult{err: err}
	}
	for b, err := range s.warden.Lister.List(inside, s.Prefix, s.after) {
		b.Account = s.account
		switch {
		case ctx.Err() != nil || !s.stop.IsZero() && time.Now().After(s.stop):
			return dispatchResult{}
		case err != nil:
			return dispatchResult{err: err}
		case !s.has(b):
			continue
		}
		done := make(chan Result, 1)
		s.limiter.acquire()
		queue <- done // never blocks for long: collect takes whatever comes
		working.Go(func() {
			defer s.limiter.release()
			done <- s.ensure(ctx, b)
		})
	}
	return dispatchResult{complete: true}
}

// ensure works on one bucket, again if a QPS limit of OSS was in the way.
func (s *sweeper) ensure(ctx context.Context, b Bucket) Result {
	spent := false // a bucket that is tried again is one change all the same
	spend := func() bool {
		spent = spent || s.takeBudget()
		return spent
	}
	for try := 1; ; try++ {
		res := s.warden.ensureSafely(ctx, Task{Bucket: b, Desired: s.Desired, Budget: spend})
		if res.Code != Throttled {
			s.limiter.succeeded()
			return res
		}
		if !s.limiter.throttled(ctx) || try == throttledTries {
			return res
		}
	}
}

// takeBudget reports whether one more bucket may be written.
func (s *sweeper) takeBudget() bool {
	n := s.changes.Add(1)
	if s.MaxChanges > 0 && n > int64(s.MaxChanges) {
		s.changes.Add(-1)
		return false
	}
	return true
}

// ensureSafely turns a panic into a result: one bucket must not end the process
// and all invocations in it.
func (w *Warden) ensureSafely(ctx context.Context, t Task) (res Result) {
	defer func() {
		if p := recover(); p != nil {
			res = *newResult(t).fail(Unknown, Internal, fmt.Sprintf("panic (%T) while working on this bucket", p))
		}
	}()
	return w.Ensure(ctx, t)
}
