package ossenc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Policy says what is required for a bucket.
type Policy interface {
	// Evaluate is asked when the bucket was read, so b.Region is where the bucket is. An
	// error is an *[Error] and means that nothing may be written. facts is about the
	// account of the bucket.
	Evaluate(ctx context.Context, b Bucket, facts FactsFunc) (Requirement, error)
	// Exemption returns the exemption of a bucket that could not be read, by its name,
	// its account and, unless it is empty, its region. It reads nothing of the bucket.
	// nil means that there is none, or that it depends on what is not known.
	Exemption(ctx context.Context, b Bucket, facts FactsFunc) *Exemption
}

// Requirement is what a policy says about one bucket.
type Requirement struct {
	Rule  string // name of the policy's rule that decided; empty where there is only one
	Index int    // of that rule in the file, from 0
	// Desired is the zero Desired where the bucket is exempt or blocked.
	Desired Desired
	// Fallback is the rule to write instead where Desired's key is unusable, and then
	// only if it does not weaken the current one; the zero Rule blocks.
	Fallback Rule
	// OnFight says what the function does where another writer changes the rule back again
	// and again; empty keeps repairing.
	OnFight OnFight
	// Settle is how long a new bucket is left to the tool that created it; nil for the
	// warden's own time.
	Settle *time.Duration
	// Exempt is the exemption that leaves the bucket alone; nil if there is none.
	Exempt *Exemption
	// Blocked says why the rule that matched cannot be applied; empty if it can.
	Blocked string
	// Keys are the KMS keys that the policy names for the region. A bucket with
	// another key is reported; nil means that any key will do.
	Keys []string
	// Named are the KMS keys that the policy names for the region, whether or not it
	// minds others: a rule that a caller sends may have no other.
	Named []string
	// Mode is that of the settings and of the policy's rule, whatever the task asks for.
	Mode Mode
}

// requirement returns what holds for a task: what it asks for itself, or else what
// the policy says, in the strictest mode that the setting, the policy's rule and the
// task name. An exempt or blocked bucket has no further requirement.
func (w *Warden) requirement(ctx context.Context, t Task) (Requirement, error) {
	r, err := w.Policy.Evaluate(ctx, t.Bucket, t.facts)
	switch {
	case err != nil:
		return Requirement{}, err
	case t.Override != nil:
		r, err = w.override(ctx, t, r)
	case r.Exempt != nil || r.Blocked != "":
		return r, nil
	}
	r.Mode = Strictest(w.Mode, r.Desired.Mode)
	r.Desired = w.combine(r.Desired, t)
	if err == nil && r.Desired.Mode == Approve && t.escapesApproval() {
		err = &Error{Code: Refused, Message: "approve mode: only an approved plan changes a rule, so no request removes one or goes past the policy"}
	}
	return r, err
}

// combine returns what is desired as the task and the settings let it hold.
func (w *Warden) combine(d Desired, t Task) Desired {
	d.Compare = cmp.Or(t.Compare, d.comparison())
	d.Mode = Strictest(w.ModeFor(t.Mode), d.Mode)
	return d
}

// ModeFor returns the mode that a request of the given mode has at least, before any
// rule of the policy makes it stricter.
func (w *Warden) ModeFor(requested Mode) Mode { return Strictest(w.Mode, requested) }

// decide decides about the current rule, and checks the keys, but only where
// the decision depends on them.
func (w *Warden) decide(ctx context.Context, region string, current Rule, r Requirement) (Decision, error) {
	required, err := w.asCurrent(ctx, region, current, r.Desired.Rule)
	if err != nil {
		return Decision{}, err
	}
	d := Decide(current, required, r.Desired.Compare)
	if dependsOnOSSKey(current, required, d) {
		madeByOSS, doubt := w.isOSSKey(ctx, region, current.KMSKeyID)
		if madeByOSS {
			current.KMSKeyID = ""
			d = Decide(current, r.Desired.Rule, r.Desired.Compare)
		}
		d.Reason += doubt
	}
	if err := w.checkForeign(ctx, region, current, d, r); err != nil {
		return Decision{}, err
	}
	if !d.Write || d.Target.KMSKeyID == "" || w.Keys == nil {
		return d, nil
	}
	return w.withUsableKey(ctx, region, current, d, r)
}

// checkForeign returns an error if the current key is kept and the policy names keys,
// but not this one. The key that OSS made is not foreign.
func (w *Warden) checkForeign(ctx context.Context, region string, current Rule, d Decision, r Requirement) error {
	if d.Target.KMSKeyID == "" || d.Target.KMSKeyID != current.KMSKeyID || r.Keys == nil {
		return nil
	}
	known, err := w.isKnown(ctx, region, current.KMSKeyID, r.Keys)
	if known || err != nil {
		return err
	}
	madeByOSS, doubt := w.isOSSKey(ctx, region, current.KMSKeyID)
	if madeByOSS {
		return nil
	}
	return &Error{Code: ForeignKey, Message: fmt.Sprintf("%s is current, and the policy does not name this key%s", current, doubt)}
}

// withUsableKey checks the key that is to be written: OSS stores any string, and
// fails only when an object is uploaded.
func (w *Warden) withUsableKey(ctx context.Context, region string, current Rule, d Decision, r Requirement) (Decision, error) {
	key, err := w.Keys.Describe(ctx, region, d.Target.KMSKeyID)
	switch {
	case err != nil:
		return Decision{}, err
	case key.Usable && d.Target.KMSKeyID != current.KMSKeyID:
		d.Target.KMSKeyID = key.ID
		d.Write = d.Target != current
		return d, nil
	case key.Usable:
		return d, nil
	case r.Fallback.IsNone():
		return Decision{}, &Error{Op: "DescribeKey", Code: Refused, Message: fmt.Sprintf("%s; key %s is not usable: %s", d.Reason, d.Target.KMSKeyID, key.Reason)}
	}
	return w.fallBack(ctx, region, current, r, fmt.Sprintf("key %s is not usable (%s), so the fallback applies: ", d.Target.KMSKeyID, key.Reason))
}

// fallBack decides about the fallback as about any other required rule: its key, and
// the current one that it keeps, may be unusable or foreign too. why begins the reason.
func (w *Warden) fallBack(ctx context.Context, region string, current Rule, r Requirement, why string) (Decision, error) {
	r.Desired, r.Fallback = Desired{Rule: r.Fallback, Compare: Floor}, Rule{} // a fallback never weakens
	d, err := w.decide(ctx, region, current, r)
	if e, ok := errors.AsType[*Error](err); ok {
		explained := *e
		explained.Message = why + e.Message
		return Decision{}, &explained
	}
	d.Reason = why + d.Reason
	return d, err
}

// asCurrent returns the required rule with its key spelt as the current one, where
// both are the same key: an alias and the ID behind it do not differ.
func (w *Warden) asCurrent(ctx context.Context, region string, current, required Rule) (Rule, error) {
	if required.KMSKeyID == "" || current.KMSKeyID == "" {
		return required, nil
	}
	same, err := w.sameKey(ctx, region, current.KMSKeyID, required.KMSKeyID)
	if same {
		required.KMSKeyID = current.KMSKeyID
	}
	return required, err
}

func (w *Warden) isKnown(ctx context.Context, region, keyID string, known []string) (bool, error) {
	if slices.Contains(known, keyID) {
		return true, nil
	}
	for _, k := range known {
		if same, err := w.sameKey(ctx, region, keyID, k); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// sameKey reports whether two names are one key. Plain IDs are compared as they
// are; KMS is asked only about aliases and ARNs.
func (w *Warden) sameKey(ctx context.Context, region, a, b string) (bool, error) {
	if a == b || w.Keys == nil || !isKeyName(a) && !isKeyName(b) {
		return a == b, nil
	}
	keyA, err := w.Keys.Describe(ctx, region, a)
	if err != nil {
		return false, err
	}
	keyB, err := w.Keys.Describe(ctx, region, b)
	if err != nil {
		return false, err
	}
	return SameKey(keyA, keyB), nil
}

// isKeyName reports whether s is an alias or an ARN, not a plain key ID.
func isKeyName(s string) bool {
	return strings.HasPrefix(s, "alias/") || strings.HasPrefix(s, "acs:kms:")
}
