package ossenc

import (
	"fmt"
	"strings"
)

// Verdict is the outcome for one bucket or event, in one word.
type Verdict string

// The verdicts. The first six are successes.
const (
	Compliant Verdict = "compliant" // the current rule is good enough; nothing was written
	Fixed     Verdict = "fixed"     // written, and read back
	WouldFix  Verdict = "would_fix" // report or approve mode: would be written
	Ignored   Verdict = "ignored"   // an event that asks for nothing
	Exempt    Verdict = "exempt"    // the policy leaves the bucket alone
	Gone      Verdict = "gone"      // the bucket does not exist any more
	Blocked   Verdict = "blocked"   // not compliant, and it could not be changed
	Unknown   Verdict = "unknown"   // the current rule is not known
	Rejected  Verdict = "invalid"   // the input makes no sense
)

// Failed reports whether the verdict makes the invocation fail.
func (v Verdict) Failed() bool { return v == Blocked || v == Unknown || v == Rejected }

// Result says what became of one task.
type Result struct {
	// Account is empty for the function's own.
	Account string  `json:"account,omitempty"`
	Bucket  string  `json:"bucket"`
	Region  string  `json:"region"`
	Verdict Verdict `json:"verdict"`
	// Code says why a failed verdict failed; empty otherwise.
	Code Code `json:"code,omitempty"`
	// Before is the rule that was read first.
	Before Rule `json:"before"`
	// Wanted is the required rule, not what Floor makes of it.
	Wanted Rule `json:"wanted"`
	// After is the rule that was read last.
	After        Rule   `json:"after"`
	Reason       string `json:"reason"`
	OSSRequestID string `json:"oss_request_id"`
	// OSSCode is OSS's own code of the failure, such as AccessDenied.
	OSSCode string `json:"oss_code,omitempty"`
	// PolicyRule is the name of the policy's rule that decided; empty where there
	// is only one rule.
	PolicyRule string `json:"policy_rule,omitempty"`
	// ChangedBy is who made the change that the event reports; nil where no record of a
	// call says it.
	ChangedBy *Trigger `json:"changed_by,omitempty"`
	// Contested is the fight with another writer; nil where there is none, or nothing is
	// known of one.
	Contested *Fight `json:"contested,omitempty"`
	// Overwrote is the change of another writer, that of the event, which a write of the
	// function overwrote unseen; nil where there is none, or nothing is known of one.
	Overwrote *Overwrite `json:"overwrote,omitempty"`
	// Target is the rule that was decided on; none where nothing was.
	Target Rule `json:"-"`
	// Observed is whether Before and After were read. Where it is false, their
	// null says nothing about the bucket.
	Observed bool `json:"-"`
	// Cause is the call that failed, or what was refused, so that a reader of another
	// language need not read Reason; nil where nothing failed.
	Cause *Error `json:"-"`
	// Mode is that of the settings and of the policy's rule, whatever the task asks for.
	Mode Mode `json:"-"`
}

// notWritten ends the reason of a rule that the mode did not let be written.
func notWritten(m Mode, target Rule) string {
	return fmt.Sprintf("; %s mode, so %s was not written", m, target)
}

// Finding returns the reason without the remark that the mode wrote nothing: a
// report never writes, in whatever mode the function is.
func (r Result) Finding() string {
	return strings.TrimSuffix(strings.TrimSuffix(r.Reason, notWritten(ReportOnly, r.Target)), notWritten(Approve, r.Target))
}
