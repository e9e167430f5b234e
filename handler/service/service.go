// Package service holds the use cases: check one bucket, a batch of events or all
// buckets; plan, apply and restore changes; list the rows of a report. It knows
// neither HTTP nor the platform's triggers, so that a function and a command
// alike can call it.
//
// # What to call
//
// [Service.Batch] takes a payload of events, [Service.One] a request about one
// bucket, [Service.Sweep] a request about all. [Service.Apply] makes the changes
// of a [Plan], [Service.Restore] undoes changes. [Service.Rows] only reads.
//
// # What it promises
//
//   - Every event of a batch gets exactly one result for each bucket that it
//     names, and one log line. One that fails does not stop the others.
//   - No payload, key or token reaches a log or a result.
//   - Each use case keeps half a second of the context's deadline, so that the
//     caller can still answer.
package service

import (
	"context"
	"log/slog"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// Warden ensures buckets. [ossenc.Warden] is the real one.
type Warden interface {
	Ensure(ctx context.Context, t ossenc.Task) ossenc.Result
	Sweep(ctx context.Context, s ossenc.SweepOptions, yield func(ossenc.Result) bool) (ossenc.SweepSummary, error)
	Count(ctx context.Context, s ossenc.SweepOptions) (map[string]int, error)
	ModeFor(requested ossenc.Mode) ossenc.Mode
	HasAccount(ctx context.Context, accountID string) (bool, error)
	AccountFacts(ctx context.Context, accountID string) (ossenc.AccountFacts, error)
	AccountList(ctx context.Context, s ossenc.SweepOptions) (ossenc.AccountList, error)
}

// Service carries out the use cases. It is safe for concurrent use.
type Service struct {
	// Warden returns the warden for one use case: [ossenc.Warden.ForInvocation].
	Warden func() Warden
	// Policy is the one that the warden asks. Its MaxChanges limits every sweep, and
	// reports show what it requires.
	Policy *policy.Policy
	// Events reads the payloads of [Service.Batch].
	Events event.Reader
	// Version is that of this program; empty if unknown.
	Version string
	// ConfigRules takes the evaluations of Cloud Config's rules; nil refuses their
	// calls, with a text that ends with ConfigRulesSetting.
	ConfigRules        ConfigRules
	ConfigRulesSetting string
	// Invoker starts further invocations of this function, for sweeps that continue by
	// themselves; nil refuses those, with a text that ends with InvokerSetting.
	Invoker        Invoker
	InvokerSetting string
	// Regions are those that have a function of the same name, which takes the part of its
	// region in a fan-out; nil for parts of this function, one for each region that has
	// buckets.
	Regions []string
	// Concurrency is how many buckets of a batch, a plan or an undo are worked on at a
	// time; 0 for 8. A sweep has its own.
	Concurrency int
	// MaxHops bounds the invocations of one run; 0 for [DefaultMaxHops].
	MaxHops int
	// PlanAge is how old a plan may be when it is applied; 0 for [DefaultPlanAge].
	PlanAge time.Duration
	Log     *slog.Logger
	// Line returns a text that may hold anything, such as one of a server, as one line
	// without any part of the credentials in use; nil leaves such texts out.
	Line func(ctx context.Context, text string) string
	// Now returns the time; time.Now if nil.
	Now func() time.Time
}

// Result is the outcome for one bucket of one event.
type Result struct {
	ossenc.Result
	EventID   string `json:"event_id"`
	EventType string `json:"event_type"`
	// Warning is what needs attention though nothing failed; empty for nothing.
	Warning string `json:"warning,omitempty"`
}

// Results is the answer to a batch, a plan or a restore.
type Results struct {
	Results []Result `json:"results"`
}

// Code returns the most urgent code of the results that failed, or "".
func (r Results) Code() ossenc.Code {
	var worst ossenc.Code
	for _, one := range r.Results {
		if one.Verdict.Failed() {
			worst = ossenc.MoreUrgent(worst, one.Code)
		}
	}
	return worst
}

// answerMargin is kept back from the deadline, so that there is time to report
// what was done and what was not.
const answerMargin = 500 * time.Millisecond

// begin returns the context for one use case, with time to answer, and the log for it.
func (s *Service) begin(ctx context.Context) (context.Context, context.CancelFunc, invocationLog) {
	log := invocationLog{s.Log, ossenc.RequestIDFrom(ctx)}
	deadline, ok := ctx.Deadline()
	if !ok {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, log
	}
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(-answerMargin))
	return ctx, cancel, log
}

// soon is how long before its end an exemption is reported.
const soon = 14 * 24 * time.Hour

// ExemptionsEndingSoon returns the exemptions that end within 14 days of now.
func (s *Service) ExemptionsEndingSoon(now time.Time) []ossenc.Exemption {
	return s.Policy.EndingSoon(now, soon)
}

// Selection says which buckets a report is about.
type Selection struct {
	Prefix string // beginning of the bucket's name; empty for all
	Region string // region ID; empty for all
	After  string // where an earlier report ended; empty to begin
}

// Rows checks the selected buckets in order and passes each result to row, until
// all are done, the time runs out or row returns false. It never writes. The
// error is that of [ossenc.Warden.Sweep].
func (s *Service) Rows(ctx context.Context, sel Selection, row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
	ctx, cancel, _ := s.begin(ctx)
	defer cancel()
	return s.Warden().Sweep(ctx, ossenc.SweepOptions{Mode: ossenc.ReportOnly, Prefix: sel.Prefix, Region: sel.Region, After: ossenc.Cursor(sel.After)}, row)
}

// AccountNames returns a function that names accounts, as the Resource Directory does:
// untrusted text, and empty where none is known.
func (s *Service) AccountNames(ctx context.Context) func(accountID string) string {
	warden := s.Warden()
	return func(accountID string) string {
		facts, err := warden.AccountFacts(ctx, accountID)
		if err != nil {
			return ""
		}
		return facts.Name
	}
}
