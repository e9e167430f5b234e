package policy

import (
	"fmt"
	"time"

	"bucketwarden/ossenc"
)

// Facts is what is known of a bucket. What is not known is empty.
type Facts struct {
	Account string // ID of the account that owns the bucket
	Bucket  string
	Region  string // such as cn-hangzhou
	// AccountFacts returns the account's name and tags. It is called at most once, and
	// not at all if the decision does not need them. nil means that they are not known.
	AccountFacts ossenc.FactsFunc
	// Tags reads the bucket's tags. It is called at most once, and not at all if
	// the decision does not need them. nil means that they cannot be read.
	Tags func() (map[string]string, error)
}

// Skipped is a rule that was checked and did not match.
type Skipped struct {
	Rule string
	Why  string // one sentence for people
}

// For returns what the policy says about a bucket. Where a fact that is needed
// is unknown, the error is an *[ossenc.Error] or the one that Tags returned, and
// nothing may be written.
func (p *Policy) For(f Facts, now time.Time) (ossenc.Requirement, error) {
	return p.evaluate(f, now, func(*rule, mismatch) {})
}

// Explain is For, and says why each rule before the one that decided did not.
func (p *Policy) Explain(f Facts, now time.Time) (ossenc.Requirement, []Skipped, error) {
	var skipped []Skipped
	requirement, err := p.evaluate(f, now, func(r *rule, why mismatch) {
		skipped = append(skipped, Skipped{r.name, why.String()})
	})
	return requirement, skipped, err
}

// RuleNames returns the names of all rules, in their order.
func (p *Policy) RuleNames() []string {
	names := make([]string, len(p.rules))
	for i, r := range p.rules {
		names[i] = r.name
	}
	return names
}

func (p *Policy) evaluate(given Facts, now time.Time, skip func(*rule, mismatch)) (ossenc.Requirement, error) {
	f := &facts{Facts: given}
	for i := range p.rules {
		r := &p.rules[i]
		// Before the match, so that no tags are read for an exemption that has ended.
		if r.exempt != nil && r.exempt.Ended(now) {
			skip(r, mismatch{field: "exemption", ended: r.exempt.Until.Time})
			continue
		}
		m, err := r.match.check(f)
		if err != nil {
			return ossenc.Requirement{}, err
		}
		if !m.ok() {
			skip(r, m)
			continue
		}
		return p.rule(i, f)
	}
	return ossenc.Requirement{}, &ossenc.Error{Bucket: given.Bucket, Code: ossenc.Internal, Message: "no rule of the policy matches, though the last one must"}
}

// rule returns the requirement of the rule that matched.
func (p *Policy) rule(i int, f *facts) (ossenc.Requirement, error) {
	r := &p.rules[i]
	requirement := ossenc.Requirement{Rule: r.name, Index: i}
	if r.exempt != nil {
		requirement.Exempt = new(*r.exempt)
		return requirement, nil
	}
	if f.Region == "" && r.want.needsRegion() {
		return ossenc.Requirement{}, unknown("region", f.Bucket)
	}
	required, missing := r.want.in(f.Region, p.keys)
	if missing != "" {
		requirement.Blocked = missing
		return requirement, nil
	}
	requirement.Desired = ossenc.Desired{Rule: required, Compare: r.want.compare, Mode: r.want.mode}
	requirement.Settle = r.want.settle
	requirement.OnFight = r.want.onFight
	if fallback, missing := r.want.fallback.in(f.Region, p.keys); missing == "" {
		requirement.Fallback = fallback
	}
	return requirement, nil
}

// facts remembers the tags, and what is known of the account.
type facts struct {
	Facts
	read  bool
	got   map[string]string
	owner *ossenc.AccountFacts
}

func (f *facts) account() (ossenc.AccountFacts, error) {
	if f.owner != nil {
		return *f.owner, nil
	}
	if f.AccountFacts == nil {
		return ossenc.AccountFacts{}, unknown("account's name and tags", f.Bucket)
	}
	got, err := f.AccountFacts()
	if err != nil {
		return got, err
	}
	f.owner = &got
	return got, nil
}

func (f *facts) tags() (map[string]string, error) {
	if f.read {
		return f.got, nil
	}
	if f.Tags == nil {
		return nil, unknown("tags", f.Bucket)
	}
	got, err := f.Tags()
	if err != nil {
		return nil, err
	}
	f.read, f.got = true, got
	return got, nil
}

func unknown(field, bucket string) error {
	return &ossenc.Error{Bucket: bucket, Code: ossenc.Invalid, Message: fmt.Sprintf("the policy needs the bucket's %s, and nothing says it", field)}
}
