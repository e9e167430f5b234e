package ossenc

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// sweeper is the sweep of one account.
type sweeper struct {
	SweepOptions
	warden  *Warden
	account string
	limiter *limiter
	stop    time.Time // no further bucket is begun after it; zero for never
	changes atomic.Int64
}

type sweepKey struct{}

// InSweep reports whether a call is part of a sweep: one of very many, which others
// wait behind.
func InSweep(ctx context.Context) bool { return ctx.Value(sweepKey{}) != nil }

// part is how the sweep of one account ended.
type part struct {
	SweepSummary
	stopped bool // the next account is not to begin
}

// sweepAccount sweeps one account's buckets behind the one named. The error is why
// its list ended early: that does not stop the other accounts.
func (w *Warden) sweepAccount(ctx context.Context, o SweepOptions, account, after string, changes int, yield func(Result) bool) (part, error) {
	ctx, cancel := context.WithCancel(context.WithValue(ctx, sweepKey{}, true))
	defer cancel()
	s := &sweeper{SweepOptions: o, warden: w, account: account, stop: stopTime(ctx, o), limiter: newLimiter(cmp.Or(o.Concurrency, defaultConcurrency), w.jitter)}
	s.changes.Store(int64(changes))
	stream := newOrderedStream[Result](4 * s.limiter.max)
	var started started // known once the stream has ended
	go func() {
		defer stream.close()
		started = s.startAll(ctx, after, stream)
	}()
	var p part
	missed := false // a bucket had no turn
	all := stream.each(func(r Result) bool {
		missed = missed || r.Code == Deadline
		if !missed {
			p.Last = CursorOf(r)
		}
		return yield(r)
	}, cancel)
	p.Complete = all && started.all && !missed
	p.stopped = !all || missed || !started.all && started.err == nil
	p.Changes, p.Concurrency = int(s.changes.Load()), s.limiter.peak
	return p, started.err
}

// started is whether work on all buckets was begun, and if not because of the list,
// the error that ended it.
type started struct {
	all bool
	err error
}

// startAll lists the buckets and begins the work on each as soon as there is room.
func (s *sweeper) startAll(ctx context.Context, after string, stream *orderedStream[Result]) (end started) {
	defer func() {
		if p := recover(); p != nil { // in a goroutine it would end the process
			end = started{err: &Error{Op: "ListBuckets", Code: Internal, Message: fmt.Sprintf("panic (%T)", p)}}
		}
	}()
	if s.outOfTime(ctx) {
		return started{}
	}
	inside, err := s.warden.asAccount(ctx, s.account)
	switch {
	case err != nil && s.outOfTime(ctx): // the account has its turn when the sweep is resumed
		return started{}
	case err != nil:
		return started{err: err}
	}
	for b, err := range s.warden.Lister.List(inside, s.Prefix, after) {
		switch {
		case s.outOfTime(ctx):
			return started{}
		case err != nil:
			return started{err: err}
		case !s.has(b):
			continue
		}
		s.limiter.acquire()
		if s.outOfTime(ctx) { // the wait for room may have been long
			s.limiter.release()
			return started{}
		}
		b.Account = s.account
		stream.start(func() Result {
			defer s.limiter.release()
			return s.ensure(ctx, b)
		})
	}
	return started{all: true}
}

// outOfTime reports whether no further bucket is to be begun.
func (s *sweeper) outOfTime(ctx context.Context) bool {
	return ctx.Err() != nil || !s.stop.IsZero() && time.Now().After(s.stop)
}

// stopTime is when no further bucket is begun, so that those under way end in
// time; zero for never.
func stopTime(ctx context.Context, o SweepOptions) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	return deadline.Add(-cmp.Or(o.Reserve, defaultReserve))
}

// ensure works on one bucket, again for as long as OSS throttles it and lets others
// through: under a limit, who is refused five times in a row is only unlucky.
func (s *sweeper) ensure(ctx context.Context, b Bucket) Result {
	granted := false // a bucket that is tried again is one change all the same
	budget := func() bool {
		granted = granted || s.takeBudget()
		return granted
	}
	for {
		res := s.warden.ensureSafely(ctx, Task{Bucket: b, Mode: s.Mode, Budget: budget})
		if res.Code != Throttled {
			s.limiter.succeeded()
			return res
		}
		if !s.limiter.throttled(ctx) {
			return res
		}
	}
}

// takeBudget reports whether one more bucket may be written.
func (s *sweeper) takeBudget() bool {
	n := s.changes.Add(1)
	if s.MaxChanges != nil && n > int64(*s.MaxChanges) {
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
			res = newResult(t).fail(Unknown, Internal, fmt.Sprintf("panic (%T) while working on this bucket", p))
		}
	}()
	return w.Ensure(ctx, t)
}
