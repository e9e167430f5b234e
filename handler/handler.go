// Package handler is the door: it classifies a payload once, hands it to the room
// that knows its kind, and encodes the answer or the failure. Package event reads
// events, package service does the work, package web speaks HTTP, package report
// writes reports.
//
// # What to call
//
// [Handler.Invoke] takes one payload, whatever trigger it came from.
package handler

import (
	"cmp"
	"context"
	"encoding/json"

	"bucketwarden/handler/service"
	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// Handler answers invocations. It is safe for concurrent use.
type Handler struct {
	Service *service.Service
	// HTTP answers the events of an HTTP trigger; if nil, they are rejected as
	// invalid.
	HTTP HTTPTrigger
	// Asks is what a payload may ask for besides the check of a bucket.
	Asks Asks
}

// HTTPTrigger answers the events of an HTTP trigger. The real one is in package web.
type HTTPTrigger interface {
	// Trigger returns the answer as the trigger wants it; a failure is a status.
	Trigger(ctx context.Context, payload []byte) json.RawMessage
}

// Failure is an invocation in which at least one event or bucket failed.
type Failure struct {
	// Code is the most urgent code of those that failed. The platform publishes it
	// as errorType.
	Code ossenc.Code
	// Answer holds all results, the good ones too, as JSON.
	Answer string
}

// Error returns the answer, which is safe to show.
func (f *Failure) Error() string { return f.Answer }

// ErrorType returns the code, for the platform.
func (f *Failure) ErrorType() string { return string(f.Code) }

// Invoke handles one payload and returns the answer as JSON, or a *[Failure]. ctx
// carries the identity, the deadline and the platform's request ID.
func (h *Handler) Invoke(ctx context.Context, payload []byte) (json.RawMessage, error) {
	payload = strictjson.TrimMark(payload)
	c := classify(payload)
	if err := h.Asks.check(c.kind); err != nil {
		return answer(service.Reject(err), ossenc.Invalid)
	}
	switch {
	case c.kind == httpRequest && h.HTTP != nil:
		return h.HTTP.Trigger(ctx, payload), nil
	case c.kind == sweepRequest:
		return h.sweep(ctx, c)
	case c.kind == configRule:
		return h.evaluateRule(ctx, payload)
	}
	results := h.Service.Batch(ctx, payload)
	return answer(results, results.Code())
}

// sweep runs the sweep that a payload asks for: to its end or to a cursor, or as a
// run that continues in further invocations.
func (h *Handler) sweep(ctx context.Context, c class) (json.RawMessage, error) {
	r, err := service.ParseSweep(c.sweep)
	if err != nil {
		return answer(service.Reject(err), ossenc.Invalid)
	}
	if c.byTimer {
		r.Continue = r.Continue || h.Service.Invoker != nil
		r.RunID = cmp.Or(r.RunID, c.runID)
	}
	switch {
	case r.Run != nil:
		res := h.Service.Hop(ctx, r)
		return answer(res, res.Code)
	case r.IsRun():
		return started(h.Service.StartRun(ctx, r))
	}
	r.MustFinish = c.byTimer // a timer cannot resume from a cursor
	res, err := h.Service.Sweep(ctx, r)
	if err != nil {
		return nil, &Failure{Code: ossenc.CodeOf(err), Answer: err.Error()}
	}
	return answer(res, res.Code)
}

// started encodes the start of a run.
func started(res *service.HopResult, err error) (json.RawMessage, error) {
	if err != nil {
		return answer(service.Reject(err), ossenc.CodeOf(err))
	}
	return answer(res, res.Code)
}

// evaluateRule answers a call of a Cloud Config rule.
func (h *Handler) evaluateRule(ctx context.Context, payload []byte) (json.RawMessage, error) {
	res, err := h.Service.EvaluateRule(ctx, payload)
	if err != nil {
		return answer(service.Reject(err), ossenc.Invalid)
	}
	return answer(res, res.Code)
}

// answer encodes v, and makes it a failure if there is a code.
func answer(v any, code ossenc.Code) (json.RawMessage, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &Failure{Code: ossenc.Internal, Answer: "the answer could not be encoded"}
	}
	if code != "" {
		return nil, &Failure{Code: code, Answer: string(body)}
	}
	return body, nil
}
