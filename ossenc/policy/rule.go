package policy

import (
	"fmt"
	"time"

	"bucketwarden/ossenc"
)

// rule is one rule of a policy: either want or exempt.
type rule struct {
	name   string
	match  match
	want   want
	exempt *ossenc.Exemption
}

// want is what a rule wants, before the region is known.
type want struct {
	target
	compare  ossenc.Compare
	mode     ossenc.Mode
	fallback target // the zero target for none
	settle   *time.Duration
	onFight  ossenc.OnFight
}

// target is an encryption rule whose key may be a name.
type target struct {
	rule ossenc.Rule // without a key ID where key is given
	key  string      // name under keys
}

// keys holds the IDs of named keys: by name, then by region. The first ID is the
// one that rules write, the others are known too.
type keys map[string]map[string][]string

// in returns the encryption rule for a region, or the reason why there is none.
func (t target) in(region string, k keys) (ossenc.Rule, string) {
	r := t.rule
	if t.key != "" {
		ids := k[t.key][region]
		if len(ids) == 0 {
			return ossenc.Rule{}, fmt.Sprintf("the policy gives the key %s no ID in region %s", t.key, region)
		}
		r.KMSKeyID = ids[0]
	}
	if !livesIn(r.KMSKeyID, region) {
		return ossenc.Rule{}, fmt.Sprintf("the key %s lives in another region than %s", r.KMSKeyID, region)
	}
	return r, ""
}

// needsRegion reports whether the rule depends on the region.
func (t target) needsRegion() bool { return t.key != "" || ossenc.RegionOfKey(t.rule.KMSKeyID) != "" }

// livesIn reports whether the key can be of the region, as far as its ID tells.
func livesIn(keyID, region string) bool {
	named := ossenc.RegionOfKey(keyID)
	return named == "" || named == region
}
