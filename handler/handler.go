// Package handler turns what arrives at the function into tasks for package
// ossenc and their results into an answer. It knows CloudEvents, ActionTrail
// records and the platform's triggers; it knows no OSS SDK and no runtime SDK.
//
// # What to call
//
// [Handler.Invoke] takes one payload, whatever trigger it came from. [Web] is the
// HTTP side, for an HTTP trigger or any server.
//
// # What it promises
//
//   - An event is a hint. It says which bucket to look at, and nothing else of it
//     reaches the decision.
//   - Every element of a batch gets exactly one result for each bucket it names.
//     One that fails does not stop the others, and makes the invocation fail
//     after they are done.
//   - No payload, key or token reaches a log, an answer or an error.
package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"bucketwarden/ossenc"
)

// Encryption does the work. [ossenc.Warden] is the real one.
type Encryption interface {
	Ensure(ctx context.Context, t ossenc.Task) ossenc.Result
}

// Surveyor goes over the buckets of all accounts. [ossenc.Warden] is the real one.
type Surveyor interface {
	Sweep(ctx context.Context, s ossenc.SweepOptions, each func(ossenc.Result) bool) (ossenc.SweepSummary, error)
	Count(ctx context.Context, s ossenc.SweepOptions) (int, error)
}

// Handler answers invocations. It is safe for concurrent use.
type Handler struct {
	Encryption Encryption
	Surveyor   Surveyor
	// Want is what the settings want of every bucket; the zero Want where a policy
	// decides.
	Want ossenc.Desired
	// MaxChanges and MaxChangesPercent bound the changes of a sweep that names no
	// bound itself; 0 for none.
	MaxChanges, MaxChangesPercent int
	// EndingSoon returns the exemptions that end within 14 days; nil for none.
	EndingSoon func(now time.Time) []ossenc.Exemption
	// OwnRole is the name of the RAM role that the function acts with, if known.
	OwnRole string
	Log     *slog.Logger
	// HTTP answers the requests of an HTTP trigger; usually a [Web] over this
	// Handler. Without one they are payloads that nobody knows.
	HTTP http.Handler
}

// Result is the outcome for one bucket of one event.
type Result struct {
	ossenc.Result
	EventID   string `json:"event_id"`
	EventType string `json:"event_type"`
}

// Failure is an invocation in which at least one element failed.
type Failure struct {
	// Code is the most urgent code of the failed elements. The platform publishes
	// it as errorType.
	Code ossenc.Code
	// Answer holds the results of all elements, the good ones too, as JSON.
	Answer string
}

// Error returns the answer, which is safe to show.
func (f *Failure) Error() string { return f.Answer }

// How many buckets of one batch are worked on at the same time.
const batchWidth = 8

// answerMargin is kept back from the invocation's deadline, so that there is
// time to say what was done and what was not.
const answerMargin = 500 * time.Millisecond

// Invoke handles one payload and returns the answer as JSON, or a *[Failure].
// requestID is the platform's, for the log.
func (h *Handler) Invoke(ctx context.Context, requestID string, payload []byte) (json.RawMessage, error) {
	if e := httpTrigger(payload); e != nil && h.HTTP != nil {
		return serveTrigger(WithRequestID(ctx, requestID), h.HTTP, e), nil
	}
	ctx, cancel := withMargin(ctx)
	defer cancel()
	log := h.Log.With("request_id", requestID)
	if c, byTimer, err := sweepIn(payload); err != nil {
		return answer([]Result{{Result: element{}.rejected(err.Error()).result()}})
	} else if c != nil {
		return h.sweepFor(ctx, log, c, byTimer)
	}
	results := h.runAll(ctx, log, decode(payload, h.OwnRole))
	return answer(results)
}

// withMargin returns a context for one invocation: with time to answer, and with
// a memory for the KMS keys that it looks at.
func withMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = ossenc.WithKeyCache(ctx)
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-answerMargin))
}

// runAll works on the elements, each bucket's in their order and different
// buckets side by side, and returns the results in the order of the elements.
func (h *Handler) runAll(ctx context.Context, log *slog.Logger, elements []element) []Result {
	results := make([]Result, len(elements))
	if len(elements) == 1 { // the usual case needs no goroutine
		h.run(ctx, log, &elements[0], &results[0])
		return results
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, batchWidth)
	for _, indexes := range byBucket(elements) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for _, i := range indexes {
				h.run(ctx, log, &elements[i], &results[i])
			}
		})
	}
	wg.Wait()
	return results
}

// byBucket groups the indexes of elements by the bucket they name, in the order
// of their first appearance.
func byBucket(elements []element) [][]int {
	var groups [][]int
	at := map[string]int{}
	for i, e := range elements {
		g, ok := at[e.bucket.Name]
		if !ok {
			g = len(groups)
			at[e.bucket.Name] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	return groups
}

// run works on one element, writes its result to res and logs one line about it.
// A panic ends in a result like any other failure: the others must not be lost
// with it.
func (h *Handler) run(ctx context.Context, log *slog.Logger, e *element, res *Result) {
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			res.Result = panicked(e.bucket, p)
			log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("bucket", e.bucket.Name), stackAttr())
		}
		res.EventID, res.EventType = e.id, e.kind
		logResult(ctx, log, e, res, time.Since(start))
	}()
	switch {
	case e.verdict != "":
		res.Result = e.result()
	case e.task != nil:
		res.Result = h.Encryption.Ensure(ctx, *e.task)
	default:
		res.Result = h.Encryption.Ensure(ctx, ossenc.Task{Bucket: e.bucket, Created: e.created, OwnWrite: e.ownWrite, Desired: h.Want})
	}
}

func panicked(b ossenc.Bucket, p any) ossenc.Result {
	return ossenc.Result{
		Bucket: b.Name, Region: b.Region,
		Verdict: ossenc.Unknown, Code: ossenc.Internal,
		// The value may hold anything, so only its type is told.
		Reason: fmt.Sprintf("panic (%T) while working on this bucket; the stack is in the log", p),
	}
}

// answer encodes the results, and makes them a failure if one of them is.
func answer(results []Result) (json.RawMessage, error) {
	body, err := json.Marshal(resultList{results})
	if err != nil {
		return nil, &Failure{Code: ossenc.Internal, Answer: "the answer could not be encoded"}
	}
	if worst := worstOf(results); worst != "" {
		return nil, &Failure{Code: worst, Answer: string(body)}
	}
	return body, nil
}

// resultList is the answer to events.
type resultList struct {
	Results []Result `json:"results"`
}

// worstOf returns the most urgent code of those that failed, or "".
func worstOf(results []Result) ossenc.Code {
	var worst ossenc.Code
	for _, r := range results {
		if r.Verdict.Failed() {
			worst = ossenc.MoreUrgent(worst, r.Code)
		}
	}
	return worst
}
