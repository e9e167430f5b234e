package policy

import (
	"cmp"
	"context"
	"time"

	"bucketwarden/ossenc"
)

// Tagger reads a bucket's tags. [ossenc.Client] is the one for OSS.
type Tagger interface {
	Tags(ctx context.Context, b ossenc.Bucket) (map[string]string, error)
}

// Evaluator is a policy in the form that [ossenc.Warden] asks.
type Evaluator struct {
	Policy *Policy
	// Tags is asked only where a rule needs them.
	Tags Tagger
	// Now is the clock that exemptions end by; time.Now if nil.
	Now func() time.Time
}

var _ ossenc.Policy = Evaluator{}

// Evaluate returns what the policy says about a bucket.
func (r Evaluator) Evaluate(ctx context.Context, b ossenc.Bucket, facts ossenc.FactsFunc) (ossenc.Requirement, error) {
	f := factsOf(ctx, b, facts)
	f.Tags = func() (map[string]string, error) { return r.Tags.Tags(ctx, b) }
	out, err := r.Policy.For(f, r.now())
	if err != nil {
		return out, err
	}
	out.Named = r.Policy.KeysIn(b.Region)
	if len(r.Policy.keys) > 0 { // a policy without a list of keys does not mind which
		out.Keys = append([]string{}, out.Named...) // not nil: in a region without keys all are foreign
	}
	return out, nil
}

// Exemption returns the exemption of a bucket that could not be read. It reads no tags.
func (r Evaluator) Exemption(ctx context.Context, b ossenc.Bucket, facts ossenc.FactsFunc) *ossenc.Exemption {
	out, err := r.Policy.For(factsOf(ctx, b, facts), r.now())
	if err != nil { // it depends on what is not known
		return nil
	}
	return out.Exempt
}

// factsOf returns what is known of a bucket without a request about it.
func factsOf(ctx context.Context, b ossenc.Bucket, facts ossenc.FactsFunc) Facts {
	return Facts{
		Account:      cmp.Or(b.Account, ossenc.IdentityFrom(ctx).AccountID),
		Bucket:       b.Name,
		Region:       b.Region,
		AccountFacts: facts,
	}
}

func (r Evaluator) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}
