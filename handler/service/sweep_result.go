package service

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// How many results an answer lists, and how many changes a plan. The rest is
// counted, and each result has its line in the log: memory and the answer do not
// grow with the account.
const (
	maxListed  = 1000
	maxPlanned = 5000
)

// SweepResult says what came of a sweep.
type SweepResult struct {
	Action string `json:"action"`
	// Mode is report if nothing may be written, else enforce.
	Mode ossenc.Mode `json:"mode"`
	// Complete is whether every bucket had its turn.
	Complete bool `json:"complete"`
	// Next is the cursor to resume with; absent if there is nothing left.
	Next    *ResumeToken           `json:"next,omitempty"`
	Buckets int                    `json:"buckets"`
	Totals  map[ossenc.Verdict]int `json:"by_verdict"`
	// Changes is how many buckets were written or tried to be, in all parts of the
	// sweep; MaxChanges how many may be.
	Changes    int  `json:"changes"`
	MaxChanges *int `json:"max_changes,omitempty"`
	// Width is the highest number of buckets that were worked on at a time.
	Width int `json:"width"`
	// Errors says which accounts' lists could not be read to their end.
	Errors []string `json:"errors,omitempty"`
	// Results are those that are neither compliant nor exempt.
	Results []ossenc.Result `json:"results"`
	Omitted int             `json:"omitted,omitempty"`
	Plan    *Plan           `json:"plan,omitempty"`
	// EndingSoon are the exemptions that end within 14 days.
	EndingSoon []ossenc.Exemption `json:"exemptions_ending_soon,omitempty"`
	// Code is the most urgent code of the failures; empty if nothing failed.
	Code ossenc.Code `json:"-"`
}

func newSweepResult(action string, mode ossenc.Mode) *SweepResult {
	r := &SweepResult{Action: action, Mode: mode, Totals: map[ossenc.Verdict]int{}, Results: []ossenc.Result{}}
	if r.Mode == ossenc.ReportOnly {
		r.Plan = &Plan{}
	}
	return r
}

func (r *SweepResult) add(one ossenc.Result) {
	r.Buckets++
	r.Totals[one.Verdict]++
	if one.Verdict.Failed() {
		r.Code = ossenc.MoreUrgent(r.Code, one.Code)
	}
	if r.Plan != nil && one.Verdict == ossenc.WouldFix {
		r.Plan.add(one)
	}
	switch {
	case one.Verdict == ossenc.Compliant || one.Verdict == ossenc.Exempt:
	case len(r.Results) < maxListed:
		r.Results = append(r.Results, one)
	default:
		r.Omitted++
	}
}

// full reports whether the plan takes no more changes, so that the sweep ends here
// and is resumed later.
func (r *SweepResult) full() bool { return r.Plan != nil && len(r.Plan.Rows) >= maxPlanned }

func (r *SweepResult) end(swept ossenc.SweepSummary, err error) {
	r.Complete, r.Changes, r.Width = swept.Complete, swept.Changes, swept.Concurrency
	if err != nil {
		r.addErrors(err)
	} else if !r.Complete {
		r.Next = &ResumeToken{swept.Last, swept.Changes}
	}
	if r.Plan != nil {
		r.Plan.seal()
	}
}

// uncounted notes which accounts could not be counted for a cap that is a share.
func (r *SweepResult) uncounted(err error) {
	if err != nil {
		r.addErrors(err)
	}
}

// addErrors notes the lines of err that are not there yet: a list that fails, fails
// when it is counted and when it is swept.
func (r *SweepResult) addErrors(err error) {
	r.Code = ossenc.MoreUrgent(r.Code, ossenc.CodeOf(err))
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !slices.Contains(r.Errors, line) {
			r.Errors = append(r.Errors, line)
		}
	}
}

// slim leaves out the lists; the log has each result. next is always there, so that
// a workflow can read it.
func (r *SweepResult) slim() {
	r.Omitted += len(r.Results)
	r.Results, r.Plan, r.EndingSoon = []ossenc.Result{}, nil, nil
	if more := len(r.Errors) - maxSlimErrors; more > 0 {
		r.Errors = append(r.Errors[:maxSlimErrors], strconv.Itoa(more)+" more")
	}
	if r.Next == nil {
		r.Next = &ResumeToken{}
	}
}

// maxSlimErrors keeps a slim answer, whose errors have up to 400 bytes each, far
// below 64 KiB.
const maxSlimErrors = 20

// mustMatch makes a sweep whose selection has no bucket a failure: more likely there is
// a mistake in the selection than nothing to do.
func (r *SweepResult) mustMatch(asked *SweepRequest) {
	narrow := asked.Prefix != "" || asked.Region != ""
	part := asked.Cursor.Place != "" || len(asked.Accounts) > 0 // the rest may have the buckets
	if !narrow || part || !r.Complete || r.Buckets > 0 {
		return
	}
	r.Complete, r.Code = false, ossenc.NotFound
	r.Errors = append(r.Errors, "no bucket matches the prefix and the region that were asked for")
}

func (r *SweepResult) mustBeComplete() {
	if r.Code == "" && !r.Complete {
		r.Code = ossenc.Deadline
		r.Errors = append(r.Errors, "the time ran out; give the function more of it, or resume with the cursor in next")
	}
}

// logSweep writes the one line that says how a sweep ended.
func logSweep(ctx context.Context, log *slog.Logger, r *SweepResult) {
	level := slog.LevelInfo
	if r.Code != "" || !r.Complete {
		level = slog.LevelError
	}
	log.LogAttrs(ctx, level, "sweep",
		slog.String("action", r.Action), slog.String("mode", string(r.Mode)),
		slog.Int("buckets", r.Buckets), slog.Int("changes", r.Changes), slog.Bool("complete", r.Complete),
		slog.String("code", string(r.Code)), slog.Int("exemptions_ending_soon", len(r.EndingSoon)),
	)
}
