package service

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
)

// defaultConcurrency is how many buckets of one batch, plan or undo are worked on at a
// time.
const defaultConcurrency = 8

// Batch handles a payload of events: each bucket's in their order, different
// buckets concurrently. The results are in the order of the events.
func (s *Service) Batch(ctx context.Context, payload []byte) Results {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	b := batch{s, log, s.Warden(), time.Now()}
	events := s.Events.Read(payload)
	results := make([]Result, len(events))
	if len(events) == 1 { // the usual case needs no goroutine
		b.event(ctx, events[0], &results[0])
		return Results{results}
	}
	s.inOrderOfBuckets(len(events), func(i int) string { return events[i].Head().Bucket.Name }, func(i int) {
		b.event(ctx, events[i], &results[i])
	})
	return Results{results}
}

// batch is what the events of one payload share.
type batch struct {
	*Service
	log    invocationLog
	warden Warden
	begun  time.Time // all new buckets settle together
}

// strangeAccount is the reason for leaving an event of another account alone, and a warning:
// it may be that the account was forgotten.
const strangeAccount = "the bucket is in an account that the policy does not have, neither under accounts nor by resource_directory, so no role was assumed and nothing was read; add the account to the policy, or leave its events out of the bus rule"

// strange returns the result for an event of an account that is not one to look after,
// and whether it is so. Where it is not known whether it is, the event fails. Without
// accounts in the policy none is: none can be entered, and what the function may not
// read fails.
func (s *Service) strange(ctx context.Context, w Warden, b ossenc.Bucket) (ossenc.Result, bool) {
	if b.Account == "" || s.Policy == nil || !s.Policy.HasAccounts() {
		return ossenc.Result{}, false
	}
	ours, err := w.HasAccount(ctx, b.Account)
	switch {
	case err != nil:
		return unknownAccount(b, err), true
	case !ours:
		return ossenc.Result{Account: b.Account, Bucket: b.Name, Region: b.Region, Verdict: ossenc.Ignored, Reason: strangeAccount}, true
	}
	return ossenc.Result{}, false
}

func unknownAccount(b ossenc.Bucket, err error) ossenc.Result {
	return ossenc.Result{
		Account: b.Account, Bucket: b.Name, Region: b.Region, Verdict: ossenc.Unknown, Code: ossenc.CodeOf(err),
		Reason: "it is not known whether the bucket's account is one of the organisation's, so no role was assumed and nothing was read: " + err.Error(),
	}
}

// ensure does a task that a caller names the account of: one that the policy does not
// have is a mistake, and must not stand for the function's own.
func (s *Service) ensure(ctx context.Context, w Warden, t ossenc.Task) ossenc.Result {
	if t.Bucket.Account == "" {
		return w.Ensure(ctx, t)
	}
	ours, err := w.HasAccount(ctx, t.Bucket.Account)
	switch {
	case err != nil:
		return unknownAccount(t.Bucket, err)
	case !ours:
		return ossenc.Result{
			Account: t.Bucket.Account, Bucket: t.Bucket.Name, Region: t.Bucket.Region, Verdict: ossenc.Rejected, Code: ossenc.Invalid,
			Reason: "the account " + t.Bucket.Account + " is neither the function's own nor one of the policy; nothing was read",
		}
	}
	return w.Ensure(ctx, t)
}

func (b batch) event(ctx context.Context, e event.Event, res *Result) {
	b.run(ctx, b.log, e.Head(), res, func() ossenc.Result { return b.handle(ctx, e) })
}

// handle does what one event asks for.
func (b batch) handle(ctx context.Context, e event.Event) ossenc.Result {
	bucket := e.Head().Bucket
	switch e := e.(type) {
	case *event.Notice:
		if res, is := b.strange(ctx, b.warden, bucket); is {
			return res
		}
		return b.warden.Ensure(ctx, ossenc.Task{Bucket: bucket, Created: e.Created, CreatedAt: e.Time, Begun: b.begun, OwnWrite: e.OwnWrite, Trigger: e.Trigger})
	case *event.Ignored:
		return ossenc.Result{Bucket: bucket.Name, Region: bucket.Region, Verdict: ossenc.Ignored, Reason: e.Reason}
	case *event.Invalid:
		return ossenc.Result{Bucket: bucket.Name, Region: bucket.Region, Verdict: ossenc.Rejected, Code: ossenc.Invalid, Reason: e.Reason}
	}
	return ossenc.Result{Verdict: ossenc.Rejected, Code: ossenc.Internal, Reason: fmt.Sprintf("an event of the unknown kind %T", e)}
}

// inOrderOfBuckets calls do for 0 to n-1: in order for those that name the same
// bucket, concurrently for others.
func (s *Service) inOrderOfBuckets(n int, bucket func(int) string, do func(int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, cmp.Or(s.Concurrency, defaultConcurrency))
	for _, group := range groups(n, bucket) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for _, i := range group {
				do(i)
			}
		})
	}
	wg.Wait()
}

// groups puts 0 to n-1 together by bucket, in the order of first appearance.
func groups(n int, bucket func(int) string) [][]int {
	var all [][]int
	at := map[string]int{}
	for i := range n {
		name := bucket(i)
		g, ok := at[name]
		if !ok {
			g = len(all)
			at[name] = g
			all = append(all, nil)
		}
		all[g] = append(all[g], i)
	}
	return all
}

// run writes the result of do to res and logs one line about it. A panic becomes a
// result like any other failure: the other results must not be lost with it.
func (s *Service) run(ctx context.Context, log invocationLog, from *event.Header, res *Result, do func() ossenc.Result) {
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			res.Result = panicked(from.Bucket, p)
			log.line(ctx, slog.LevelError, "panic", slog.String("bucket", from.Bucket.Name), StackAttr())
		}
		res.EventID, res.EventType = from.ID, from.Type
		if res.Reason == strangeAccount {
			res.Warning = "events of account " + res.Account + " arrive, and the policy does not have it"
		}
		logResult(ctx, log, from, res, time.Since(start))
	}()
	res.Result = do()
}

func panicked(b ossenc.Bucket, p any) ossenc.Result {
	return ossenc.Result{
		Bucket: b.Name, Region: b.Region,
		Verdict: ossenc.Unknown, Code: ossenc.Internal,
		// The value may hold anything, so only its type is reported.
		Reason: fmt.Sprintf("panic (%T) while working on this bucket; the stack is in the log", p),
	}
}

// Reject returns the results for a request that cannot be read. err is safe to
// show.
func Reject(err error) Results {
	return Results{[]Result{{Result: ossenc.Result{Verdict: ossenc.Rejected, Code: ossenc.Invalid, Reason: err.Error()}}}}
}
