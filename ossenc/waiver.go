package ossenc

import (
	"context"
	"fmt"
)

// Waiver is what of the policy a task's own rule may go past. The zero Waiver is
// nothing: the policy binds every caller.
type Waiver struct {
	// Keys allows a KMS key that the policy does not name, in the rule that is sent and
	// in the current one.
	Keys bool
	// Mode allows to write where the policy's rule only reports.
	Mode bool
	// Exemption allows to write to a bucket that the policy leaves alone.
	Exemption bool
}

// escapesApproval reports whether the task asks for what no plan could have shown to
// those who approve: a removal, or a way past the policy.
func (t Task) escapesApproval() bool {
	return !t.Approved && (t.Waive != Waiver{} || t.Override != nil && t.Override.Remove)
}

// override returns the requirement for a task that says itself what is required. r is
// what the policy says: the error is [Refused] where the task goes past it.
func (w *Warden) override(ctx context.Context, t Task, r Requirement) (Requirement, error) {
	own := Requirement{Rule: r.Rule, Index: r.Index, Desired: *t.Override, Keys: r.Keys, Named: r.Named}
	if t.Waive.Keys {
		own.Keys = nil
	}
	if r.Desired.Mode == Approve { // unlike a rule that only reports: it is never waived
		own.Desired.Mode = Strictest(own.Desired.Mode, Approve)
	}
	switch {
	case r.Exempt != nil && !t.Waive.Exemption:
		return own, exemptOverride(r.Exempt)
	case r.Blocked != "" && !t.Waive.Keys:
		return own, pastPolicy("%s", r.Blocked)
	case r.Desired.Mode == ReportOnly && !t.Waive.Mode:
		return own, pastPolicy("the policy's rule %q only reports", r.Rule)
	}
	return own, w.checkNamed(ctx, t, r.Named)
}

// checkNamed refuses a rule with a KMS key that the policy does not name. The key that
// OSS made is the KMS default key, whatever it is called.
func (w *Warden) checkNamed(ctx context.Context, t Task, named []string) error {
	key := t.Override.Rule.KMSKeyID
	if key == "" || t.Waive.Keys {
		return nil
	}
	known, err := w.isKnown(ctx, t.Bucket.Region, key, named)
	if known || err != nil {
		return err
	}
	madeByOSS, doubt := w.isOSSKey(ctx, t.Bucket.Region, key)
	if madeByOSS {
		return nil
	}
	return pastPolicy("the policy does not name the key %s for %s%s", key, t.Bucket.Region, doubt)
}

func exemptOverride(e *Exemption) error {
	return pastPolicy("the policy leaves this bucket alone (%s)", e)
}

func pastPolicy(format string, args ...any) error {
	return &Error{Code: Refused, Message: fmt.Sprintf(format, args...) + ", and the request does not override it"}
}
