package policy

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"bucketwarden/ossenc"
)

// Tagger reads a bucket's tags. [ossenc.Client] is the one for OSS.
type Tagger interface {
	Tags(ctx context.Context, b ossenc.Bucket) (map[string]string, error)
}

// Ruler is a policy in the form that [ossenc.Warden] asks.
type Ruler struct {
	Policy *Policy
	// Tags is asked only where a rule needs them.
	Tags Tagger
	// Now is the clock that exemptions end by; time.Now if nil.
	Now func() time.Time
}

var _ ossenc.Policy = Ruler{}

// Rule returns what the policy says about a bucket.
func (r Ruler) Rule(ctx context.Context, b ossenc.Bucket) (ossenc.Ruling, error) {
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	ruling, err := r.Policy.For(Facts{
		Account: cmp.Or(b.Account, ossenc.IdentityFrom(ctx).AccountID),
		Bucket:  b.Name,
		Region:  b.Region,
		Tags:    func() (map[string]string, error) { return r.Tags.Tags(ctx, b) },
	}, now())
	if err != nil {
		return ossenc.Ruling{}, err
	}
	out := ossenc.Ruling{Name: ruling.Rule, Want: ruling.Want, Blocked: ruling.Blocked, Fallback: ruling.Fallback}
	if e := ruling.Exempt; e != nil {
		out.Exempt = fmt.Sprintf("exempt until %s: %s (%s)", e.Until.Format(time.DateOnly), e.Reason, e.Owner)
	}
	if len(r.Policy.keys) > 0 { // a policy without a list of keys does not mind which
		out.Keys = append([]string{}, r.Policy.KeysIn(b.Region)...) // not nil: in a region without keys all are foreign
	}
	return out, nil
}
