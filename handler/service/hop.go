package service

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"bucketwarden/ossenc"
)

// Hop is one part of a run: it checks buckets from the cursor on until its time
// ends, and then starts the next hop. It never forks the run: a hop whose next one
// exists already, because it is a repetition, only ends.
//
// Buckets that failed do not fail the hop: it counts them in the run, and the last
// hop fails with the totals. A hop fails only if the run ends with it too early; the
// result then has the cursor.
func (s *Service) Hop(ctx context.Context, r *SweepRequest) *HopResult {
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	warden := s.Warden()
	sweep := r.options(warden)
	h := &hop{service: s, warden: warden, request: r, run: *r.Run, log: log, next: r.Cursor, res: &HopResult{Action: r.Action, Mode: sweep.Mode, Run: r.Run}}
	if h.mayBegin(ctx) && h.knowsAccounts(ctx, sweep) {
		h.work(ctx, sweep)
		h.end(ctx)
	}
	h.logEnd(ctx)
	return h.res
}

// hop is one hop under way.
type hop struct {
	service *Service
	warden  Warden
	request *SweepRequest
	run     Run // with the totals of this hop added
	log     invocationLog
	next    ResumeToken
	seen    int // buckets of this hop
	res     *HopResult
}

// stop ends the run here.
func (h *hop) stop(code ossenc.Code, message string) {
	h.res.Next = &h.next
	h.res.fail(code, message)
}

// mayBegin applies the bounds, and asks the platform whether this hop is a
// repetition.
func (h *hop) mayBegin(ctx context.Context) bool {
	s := h.service
	switch {
	case s.Invoker == nil:
		h.stop(ossenc.Refused, "sweeps are not to continue by themselves any more, so the run ends here: "+s.InvokerSetting)
		return false
	case h.run.Hop > s.maxHops(h.run.MaxHops):
		h.stop(ossenc.Refused, fmt.Sprintf("the run has had its %d hops and is not complete; is a hop's time too short?", s.maxHops(h.run.MaxHops)))
		return false
	case h.run.Limit == nil && s.Policy.MaxChanges.Percent > 0 && h.res.Mode.MayWrite(false):
		h.stop(ossenc.Invalid, "the policy limits changes by a share, and the run does not say how many those are; start it again")
		return false
	case time.Now().After(h.run.Ends):
		h.stop(ossenc.Deadline, "the run has had its time until "+h.run.Ends.Format(time.RFC3339)+" and is not complete")
		return false
	}
	own, err := h.exists(ctx, h.run.Hop)
	if err == nil && !own {
		err = &ossenc.Error{Code: ossenc.Refused, Message: "the platform does not know this hop's task, so a repetition could not be recognized; is asyncTask set for the function?"}
	}
	if err != nil {
		h.stop(ossenc.CodeOf(err), err.Error())
		return false
	}
	next, err := h.exists(ctx, h.run.Hop+1)
	if err != nil {
		h.stop(ossenc.CodeOf(err), err.Error())
		return false
	}
	h.res.Continues = next
	return !next
}

// exists asks the platform whether a hop of the run was started.
func (h *hop) exists(ctx context.Context, hop int) (bool, error) {
	_, known, err := h.service.Invoker.Task(ctx, "", h.run.taskID(hop))
	return known, err
}

// knowsAccounts ends the hop where it is not known which accounts there are: a run must
// not come to its end without those that are missing, and the platform repeats a hop
// that failed.
func (h *hop) knowsAccounts(ctx context.Context, sweep ossenc.SweepOptions) bool {
	if h.res.Continues {
		return false
	}
	if _, err := h.warden.AccountList(ctx, sweep); err != nil {
		h.stop(ossenc.CodeOf(err), err.Error())
		return false
	}
	return true
}

// maxHops returns the bound that is set now or was set when the run started, the
// lower one.
func (s *Service) maxHops(run int) int { return min(run, cmp.Or(s.MaxHops, DefaultMaxHops)) }

// hopLimit returns how many buckets the run may write: what was found when it
// started, and never more than the policy's number. A share was counted then.
func (s *Service) hopLimit(run *Run) *int {
	if n := s.Policy.MaxChanges.Count; s.Policy.MaxChanges.Exists() && s.Policy.MaxChanges.Percent == 0 && (run.Limit == nil || n < *run.Limit) {
		return &n
	}
	return run.Limit
}

// work sweeps until the time ends, less what the hand-over needs, and never beyond the
// end of the run: from then on another one may have its ID.
func (h *hop) work(ctx context.Context, sweep ossenc.SweepOptions) {
	until := h.run.Ends
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-handOverTime).Before(until) {
		until = deadline.Add(-handOverTime)
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	sweep.MaxChanges = h.service.hopLimit(&h.run)
	if h.run.Totals == nil {
		h.run.Totals = map[ossenc.Verdict]int{}
	}
	again := false // the bucket that the deadline ended, and those behind it
	swept, err := h.warden.Sweep(ctx, sweep, func(r ossenc.Result) bool {
		if again = again || r.Code == ossenc.Deadline; !again {
			h.add(ctx, r)
		}
		return true
	})
	h.fail(ctx, err)
	h.res.Complete = !swept.Stopped
	h.next = ResumeToken{swept.Last, swept.Changes}
	h.res.Changes = h.next.Changes
}

func (h *hop) add(ctx context.Context, r ossenc.Result) {
	logResult(ctx, h.log, nil, &Result{Result: r, EventType: h.request.Action}, 0)
	h.seen++
	h.run.Buckets++
	h.run.Totals[r.Verdict]++
	if r.Verdict.Failed() {
		h.count(r.Code)
	}
}

func (h *hop) count(code ossenc.Code) {
	if h.run.Failures == nil {
		h.run.Failures = map[ossenc.Code]int{}
	}
	h.run.Failures[code]++
}

// fail counts and logs the accounts whose list could not be read to its end.
func (h *hop) fail(ctx context.Context, err error) {
	logAccounts(ctx, h.log, h.run.ID, err)
	for _, one := range joined(err) {
		h.run.Errors++
		h.count(ossenc.CodeOf(one))
	}
}

// logAccounts writes a line for each account whose list could not be read to its end.
func logAccounts(ctx context.Context, log invocationLog, run string, err error) {
	for _, one := range joined(err) {
		log.line(ctx, slog.LevelError, "account", slog.String("run", run), slog.String("code", string(ossenc.CodeOf(one))), slog.String("error", one.Error()))
	}
}

// joined returns the errors that errors.Join put together.
func joined(err error) []error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// end starts the next hop, or ends the run with its totals.
func (h *hop) end(ctx context.Context) {
	h.res.Run = &h.run
	switch {
	case h.res.Complete:
		for code := range h.run.Failures {
			h.res.Code = ossenc.MoreUrgent(h.res.Code, code)
		}
		if h.res.Code != "" {
			h.res.Errors = append(h.res.Errors, "the run is complete, and not everything in it succeeded; the log has each failure")
		}
	case h.seen == 0 && h.next.Place == h.request.Cursor.Place:
		h.stop(ossenc.Deadline, "this hop's time ended before a single bucket had its turn; give the function more of it")
	default:
		h.handOver(ctx)
	}
}

// handOver starts the next hop, unless the platform knows it: a repetition of this hop
// that ran at the same time may have started it. Where that cannot be asked, nothing is
// started.
func (h *hop) handOver(ctx context.Context) {
	next := *h.request
	run := h.run
	run.Hop++
	next.Run, next.Cursor = &run, h.next
	payload := next.payload()
	if len(payload) > maxRunPayload {
		h.stop(ossenc.Invalid, fmt.Sprintf("the next hop's payload of %d bytes is too long", len(payload)))
		return
	}
	var failed error
	for try := 0; ; try++ {
		exists, asked := h.exists(ctx, run.Hop)
		switch {
		case exists:
			h.res.Continues = true
			return
		case asked != nil:
			failed = cmp.Or(failed, asked)
		}
		if asked != nil || try == maxStarts || failed != nil && !ossenc.CodeOf(failed).Retryable() {
			h.stop(ossenc.CodeOf(failed), "the next hop could not be started: "+failed.Error())
			return
		}
		if _, failed = h.service.Invoker.Start(ctx, "", run.taskID(run.Hop), payload); failed == nil {
			h.res.Continues = true
			return
		}
	}
}

// maxStarts is how often a hop tries to start the next one.
const maxStarts = 3

func (h *hop) logEnd(ctx context.Context) {
	h.log.line(ctx, levelOfCode(h.res.Code), "sweep hop",
		slog.String("run", h.run.ID), slog.Int("hop", h.run.Hop), slog.Int("buckets", h.seen), slog.Int("run_buckets", h.run.Buckets),
		slog.Int("changes", h.res.Changes), slog.Bool("complete", h.res.Complete), slog.Bool("continues", h.res.Continues),
		slog.String("code", string(h.res.Code)),
	)
}
