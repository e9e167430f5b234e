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
	// Tags reads the bucket's tags. It is called at most once, and not at all if
	// the decision does not need them. nil means that they cannot be read.
	Tags func() (map[string]string, error)
}

// Ruling is what the policy says about one bucket.
type Ruling struct {
	Rule  string // name of the rule that decided
	Index int    // of that rule in the file, from 0
	// Want is what should be in force. It is the zero Want, which writes nothing,
	// where the bucket is exempt or blocked.
	Want ossenc.Want
	// Fallback is what to write instead where Want's key is unusable, and then
	// only if it does not weaken what is there. The zero Rule: write nothing.
	Fallback ossenc.Rule
	// Exempt is the exemption if the bucket is to be left alone; otherwise nil.
	Exempt *Exemption
	// Blocked says why the rule that matched cannot be applied to this bucket;
	// empty otherwise. Nothing may be written then.
	Blocked string
}

// Skipped is a rule that was looked at and did not match.
type Skipped struct {
	Rule string
	Why  string // one sentence for people
}

// For returns what the policy says about a bucket. Where a fact that is needed
// is unknown, the error is an *[ossenc.Error] or the one that Tags returned, and
// nothing may be written.
func (p *Policy) For(f Facts, now time.Time) (Ruling, error) {
	return p.first(f, now, func(*rule, miss) {})
}

// Explain is For, and says why each rule before the one that decided did not.
func (p *Policy) Explain(f Facts, now time.Time) (Ruling, []Skipped, error) {
	var skipped []Skipped
	ruling, err := p.first(f, now, func(r *rule, why miss) {
		skipped = append(skipped, Skipped{r.name, why.String()})
	})
	return ruling, skipped, err
}

// RuleNames returns the names of all rules, in their order.
func (p *Policy) RuleNames() []string {
	names := make([]string, len(p.rules))
	for i, r := range p.rules {
		names[i] = r.name
	}
	return names
}

func (p *Policy) first(given Facts, now time.Time, skip func(*rule, miss)) (Ruling, error) {
	f := &facts{Facts: given}
	for i := range p.rules {
		r := &p.rules[i]
		// Before the match, so that no tags are read for an exemption that has ended.
		if r.exempt != nil && r.exempt.Ended(now) {
			skip(r, miss{field: "exemption", ended: r.exempt.Until})
			continue
		}
		m, err := r.match.misses(f)
		if err != nil {
			return Ruling{}, err
		}
		if m.is() {
			skip(r, m)
			continue
		}
		return p.rule(i, f)
	}
	return Ruling{}, &ossenc.Error{Bucket: given.Bucket, Code: ossenc.Internal, Message: "no rule of the policy matches, though the last one must"}
}

// rule returns the ruling of the rule that matched.
func (p *Policy) rule(i int, f *facts) (Ruling, error) {
	r := &p.rules[i]
	ruling := Ruling{Rule: r.name, Index: i}
	if r.exempt != nil {
		ruling.Exempt = new(*r.exempt)
		return ruling, nil
	}
	if f.Region == "" && r.want.needsRegion() {
		return Ruling{}, unknown("region", f.Bucket)
	}
	wanted, missing := r.want.in(f.Region, p.keys)
	if missing != "" {
		ruling.Blocked = missing
		return ruling, nil
	}
	ruling.Want = ossenc.Want{Rule: wanted, Compare: r.want.compare, Report: r.want.report}
	if fallback, missing := r.want.fallback.in(f.Region, p.keys); missing == "" {
		ruling.Fallback = fallback
	}
	return ruling, nil
}

// facts remembers the tags.
type facts struct {
	Facts
	read bool
	got  map[string]string
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
