package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"bucketwarden/handler/event"
	"bucketwarden/ossenc"
)

// Compliance is what an evaluation says of a resource, in Cloud Config's words.
type Compliance string

// The values that Cloud Config takes.
const (
	Compliant        Compliance = "COMPLIANT"
	NonCompliant     Compliance = "NON_COMPLIANT"
	NotApplicable    Compliance = "NOT_APPLICABLE"    // the resource does not exist, or the rule is not about it
	IgnoredByRule    Compliance = "IGNORED"           // an exemption
	InsufficientData Compliance = "INSUFFICIENT_DATA" // the state could not be read
)

// Evaluation is the result of a Cloud Config rule for one resource.
type Evaluation struct {
	Account, ResourceType, ResourceID, Region string
	// Ordering is the timestamp of the event that asked, digits only.
	Ordering   string
	Compliance Compliance
	Annotation string // at most maxAnnotation bytes
}

// ConfigRules takes the evaluations of Cloud Config's rules. The real one is in
// package cloudconfig.
type ConfigRules interface {
	// Put submits evaluations for a result token. complete says that they are all
	// of the rule's resources, so that Cloud Config deletes the results of all
	// others. Errors are *[ossenc.Error] and do not repeat the token.
	Put(ctx context.Context, token string, list []Evaluation, complete bool) error
}

const (
	configPiece   = 100 // evaluations in one call
	maxAnnotation = 256
)

// ConfigResult says what came of a call of a Cloud Config rule.
type ConfigResult struct {
	Action string `json:"action"` // cloud_config
	// Complete is whether every bucket that was asked for was evaluated and its
	// evaluation was accepted.
	Complete  bool               `json:"complete"`
	Submitted int                `json:"submitted"`
	Totals    map[Compliance]int `json:"by_compliance"`
	Errors    []string           `json:"errors,omitempty"`
	// Code is the most urgent code of the failures; empty if nothing failed.
	Code ossenc.Code `json:"-"`
}

func (r *ConfigResult) failed(err error) {
	r.Code = ossenc.MoreUrgent(r.Code, ossenc.CodeOf(err))
	r.Errors = append(r.Errors, strings.Split(err.Error(), "\n")...)
}

// EvaluateRule answers a call of a Cloud Config rule: it checks the bucket, or all
// of the account's, as a report does, and submits an evaluation for each. It never
// writes to a bucket. The error means that nothing was checked or submitted.
//
// A bucket whose rule could not be read is submitted as such, and fails the
// invocation, so that it is tried again.
func (s *Service) EvaluateRule(ctx context.Context, payload []byte) (*ConfigResult, error) {
	if s.ConfigRules == nil {
		return nil, errors.New("a Cloud Config rule calls, but it is not set where to submit evaluations: " + s.ConfigRulesSetting)
	}
	call, err := event.ReadConfigRule(payload)
	if err != nil {
		return nil, err
	}
	ctx, cancel, log := s.begin(ctx)
	defer cancel()
	e := evaluator{service: s, warden: s.Warden(), call: call, log: log, result: &ConfigResult{Action: "cloud_config", Totals: map[Compliance]int{}}}
	if call.Account == "" {
		call.Account = ossenc.IdentityFrom(ctx).AccountID
	}
	if call.Periodic {
		e.all(ctx)
	} else {
		e.one(ctx)
	}
	e.logEnd(ctx)
	return e.result, nil
}

// evaluator answers one call.
type evaluator struct {
	service *Service
	warden  Warden
	call    *event.ConfigRule
	log     invocationLog
	pending []Evaluation
	result  *ConfigResult
}

// one evaluates the resource that the call names.
func (e *evaluator) one(ctx context.Context) {
	if e.call.Bucket.Name == "" {
		e.pending = []Evaluation{{
			Account: e.call.Account, ResourceType: e.call.ResourceType, ResourceID: e.call.ResourceID, Ordering: e.call.Ordering,
			Region: ossenc.IdentityFrom(ctx).Region, Compliance: NotApplicable, Annotation: "the rule is for OSS buckets",
		}}
	} else {
		task := ossenc.Task{Bucket: e.call.Bucket, Mode: ossenc.ReportOnly}
		var res Result
		e.service.run(ctx, e.log, &event.Header{Type: configEventType, Bucket: e.call.Bucket}, &res, func() ossenc.Result {
			return e.warden.Ensure(ctx, task)
		})
		e.add(res.Result)
	}
	e.result.Complete = e.submit(ctx, false)
}

const configEventType = "cloud config rule"

// all evaluates every bucket of the account, in pieces. The results of deleted
// buckets are removed only where the run was whole and fits one call: what a
// second call with the same token removes is not documented.
func (e *evaluator) all(ctx context.Context) {
	ok := true
	swept, err := e.warden.Sweep(ctx, ossenc.SweepOptions{Mode: ossenc.ReportOnly, Accounts: []string{e.call.Account}}, func(r ossenc.Result) bool {
		logResult(ctx, e.log, nil, &Result{Result: r, EventType: configEventType}, 0)
		e.add(r)
		if len(e.pending) == configPiece {
			ok = e.submit(ctx, false)
		}
		return ok
	})
	switch {
	case err != nil:
		e.result.failed(err)
	case ok && !swept.Complete:
		e.result.failed(&ossenc.Error{Code: ossenc.Deadline, Message: "the time ran out before every bucket was evaluated; give the function more of it"})
	}
	whole := ok && err == nil && swept.Complete
	if ok && len(e.pending) > 0 {
		ok = e.submit(ctx, whole && e.result.Submitted == 0)
	}
	e.result.Complete = whole && ok
}

// submit sends what is pending and reports whether it was accepted.
func (e *evaluator) submit(ctx context.Context, complete bool) bool {
	err := e.service.ConfigRules.Put(ctx, e.call.Token, e.pending, complete)
	if err == nil {
		e.result.Submitted += len(e.pending)
	} else {
		e.result.failed(err)
	}
	e.pending = nil
	return err == nil
}

// add makes an evaluation of a bucket's result.
func (e *evaluator) add(r ossenc.Result) {
	c := complianceOf(r.Verdict)
	e.result.Totals[c]++
	if c == InsufficientData {
		e.result.Code = ossenc.MoreUrgent(e.result.Code, r.Code)
	}
	region := r.Region
	if region == "" {
		region = e.call.Bucket.Region
	}
	e.pending = append(e.pending, Evaluation{
		Account: e.call.Account, ResourceType: "ACS::OSS::Bucket", ResourceID: r.Bucket, Region: region,
		Ordering: e.call.Ordering, Compliance: c, Annotation: annotationOf(r),
	})
}

func complianceOf(v ossenc.Verdict) Compliance {
	switch v {
	case ossenc.Compliant, ossenc.Fixed:
		return Compliant
	case ossenc.WouldFix, ossenc.Blocked:
		return NonCompliant
	case ossenc.Exempt:
		return IgnoredByRule
	case ossenc.Gone:
		return NotApplicable
	}
	return InsufficientData
}

// annotationOf says what is current and what is required, for people.
func annotationOf(r ossenc.Result) string {
	text := r.Reason
	if r.Observed {
		text = fmt.Sprintf("current %s, required %s: %s", r.Before, r.Wanted, r.Reason)
	}
	if r.PolicyRule != "" {
		text = "rule " + r.PolicyRule + ": " + text
	}
	if len(text) > maxAnnotation {
		text = strings.ToValidUTF8(text[:maxAnnotation-3], "") + "..."
	}
	return text
}

func (e *evaluator) logEnd(ctx context.Context) {
	level := slog.LevelInfo
	if e.result.Code != "" {
		level = slog.LevelError
	}
	e.log.line(ctx, level, "cloud config rule", slog.Bool("periodic", e.call.Periodic), slog.Bool("complete", e.result.Complete),
		slog.Int("submitted", e.result.Submitted), slog.String("code", string(e.result.Code)))
}
