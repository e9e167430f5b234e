package service

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
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

// How many bytes of JSON the lists of an answer may have, so that all of it stays below
// 4 MB whatever the names, keys and reasons are. A plan that is full ends the sweep,
// which is resumed later; results beyond are counted.
const (
	maxListedBytes  = 1 << 20
	maxPlannedBytes = 2 << 20
	maxErrors       = 1000 // of up to 400 bytes each
)

// SweepResult says what came of a sweep.
type SweepResult struct {
	Action string `json:"action"`
	// Mode is the strictest that holds for every bucket: nothing is written in approve
	// and report.
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
	// Failures counts the buckets that failed, by code.
	Failures map[ossenc.Code]int `json:"failures,omitempty"`
	// Errors says which accounts' lists could not be read to their end.
	Errors []string `json:"errors,omitempty"`
	// OmittedErrors counts those beyond the first 1,000; the log has each.
	OmittedErrors int `json:"omitted_errors,omitempty"`
	// Results are those that are neither compliant nor exempt.
	Results []ossenc.Result `json:"results"`
	Omitted int             `json:"omitted,omitempty"`
	// Plan is what would be written; absent where the mode lets it be written.
	Plan *Plan `json:"plan,omitempty"`
	// EndingSoon are the exemptions that end within 14 days.
	EndingSoon []ossenc.Exemption `json:"exemptions_ending_soon,omitempty"`
	// Code is the most urgent code of the failures; empty if nothing failed.
	Code ossenc.Code `json:"-"`
	// NoMatch means that the selection or the cursor of the request fits no bucket, or
	// not all that were named: a mistake of the request.
	NoMatch bool `json:"-"`

	// named are the buckets that were asked for by name and not seen yet.
	named map[string]bool

	plans           func(ossenc.Result) bool // see [Service.Plans]
	listed, planned int                      // bytes of Results and of the plan's rows
}

func (s *Service) newSweepResult(ctx context.Context, asked *SweepRequest, mode ossenc.Mode) *SweepResult {
	r := &SweepResult{Action: asked.Action, Mode: mode, Totals: map[ossenc.Verdict]int{}, Results: []ossenc.Result{}, named: setOf(asked.Buckets)}
	if !mode.MayWrite(false) {
		r.Plan, r.plans = s.NewPlan(ossenc.IdentityFrom(ctx).AccountID), s.Plans
	}
	return r
}

// setOf returns the names as a set; nil for none.
func setOf(names []string) map[string]bool {
	if names == nil {
		return nil
	}
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	return set
}

func (r *SweepResult) add(one ossenc.Result) {
	r.Buckets++
	r.Totals[one.Verdict]++
	delete(r.named, one.Bucket)
	if one.Verdict.Failed() {
		if r.Failures == nil {
			r.Failures = map[ossenc.Code]int{}
		}
		r.Failures[one.Code]++
		r.Code = ossenc.MoreUrgent(r.Code, one.Code)
	}
	if r.Plan != nil && r.plans(one) {
		r.Plan.add(one)
		r.planned += sizeOf(r.Plan.Rows[len(r.Plan.Rows)-1])
	}
	switch {
	case one.Verdict == ossenc.Compliant || one.Verdict == ossenc.Exempt:
	case len(r.Results) < maxListed && r.listed < maxListedBytes:
		r.Results = append(r.Results, one)
		r.listed += sizeOf(one)
	default:
		r.Omitted++
	}
}

// full reports whether the plan takes no more changes, so that the sweep ends here
// and is resumed later.
func (r *SweepResult) full() bool {
	return r.Plan != nil && (len(r.Plan.Rows) >= maxPlanned || r.planned >= maxPlannedBytes)
}

// sizeOf returns how many bytes v is as JSON.
func sizeOf(v any) int {
	b, err := json.Marshal(v)
	if err != nil { // a result always can be written
		return maxPlannedBytes
	}
	return len(b) + len(",")
}

func (r *SweepResult) end(swept ossenc.SweepSummary, err error) {
	r.Complete, r.Changes, r.Width = swept.Complete, swept.Changes, swept.Concurrency
	if err != nil {
		r.addErrors(err)
		r.NoMatch = ossenc.CodeOf(err) == ossenc.Invalid // the cursor
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
		switch {
		case slices.Contains(r.Errors, line):
		case len(r.Errors) < maxErrors:
			r.Errors = append(r.Errors, line)
		default:
			r.OmittedErrors++
		}
	}
}

// slim leaves out the lists; the log has each result. next is always there, so that
// a workflow can read it.
func (r *SweepResult) slim() {
	r.Omitted += len(r.Results)
	r.Results, r.Plan, r.EndingSoon = []ossenc.Result{}, nil, nil
	if more := len(r.Errors) - maxSlimErrors; more > 0 {
		r.Errors, r.OmittedErrors = r.Errors[:maxSlimErrors], r.OmittedErrors+more
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
	if !narrow || asked.isPart() || !r.Complete || r.Buckets > 0 {
		return
	}
	r.Complete, r.NoMatch, r.Code = false, true, ossenc.NotFound
	r.Errors = append(r.Errors, "no bucket matches the prefix and the region that were asked for")
}

// isPart reports whether the request is about a part, so that the rest may have the
// buckets that this one does not.
func (r *SweepRequest) isPart() bool { return r.Cursor.Place != "" || len(r.Accounts) > 0 }

// mustHaveAll makes a sweep a failure that did not find a bucket that was named: it is
// misspelt, gone, or left out by the region or the prefix.
func (r *SweepResult) mustHaveAll(asked *SweepRequest) {
	if len(r.named) == 0 || asked.isPart() || !r.Complete {
		return
	}
	missing := slices.Sorted(maps.Keys(r.named))
	few := missing[:min(len(missing), maxMissing)]
	r.Complete, r.NoMatch, r.Code = false, true, ossenc.MoreUrgent(r.Code, ossenc.NotFound)
	r.Errors = append(r.Errors, fmt.Sprintf("%d of the buckets that were named are not there: %s", len(missing), strings.Join(few, ", ")))
}

// maxMissing is how many buckets that are not there an error names.
const maxMissing = 5

func (r *SweepResult) mustBeComplete() {
	if r.Code == "" && !r.Complete {
		r.Code = ossenc.Deadline
		r.Errors = append(r.Errors, "the time ran out; give the function more of it, or resume with the cursor in next")
	}
}

// logSweep writes the one line that says how a sweep ended.
func logSweep(ctx context.Context, log invocationLog, r *SweepResult) {
	level := slog.LevelInfo
	if r.Code != "" || !r.Complete {
		level = slog.LevelError
	}
	log.line(ctx, level, "sweep",
		slog.String("action", r.Action), slog.String("mode", string(r.Mode)),
		slog.Int("buckets", r.Buckets), slog.Int("changes", r.Changes), slog.Bool("complete", r.Complete),
		slog.String("code", string(r.Code)), slog.Int("exemptions_ending_soon", len(r.EndingSoon)),
	)
}
