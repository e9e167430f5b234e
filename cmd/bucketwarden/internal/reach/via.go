package reach

import (
	"cmp"
	"slices"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// Login returns whose credentials the flags say.
func (f *Flags) Login() Login { return f.login }

// CheckVia refuses flags that cannot stand beside --via, and values that cannot be right.
// What is required is the function's business.
func (f *Flags) CheckVia() error {
	for name, value := range map[string]string{"algorithm": f.algorithm, "kms-key-id": f.key, "kms-data-encryption": f.data, "compare": f.compare} {
		if value != "" {
			return app.Usagef("--%s cannot stand beside --via: the function decides what is required", name)
		}
	}
	for _, account := range f.accounts {
		if account != ownAccount && !ossenc.ValidAccountID(account) {
			return app.Usagef("--account: %.40q is neither the ID of an account nor %s", account, ownAccount)
		}
	}
	return f.check()
}

// PolicyFile reads the file of --policy; nil without one.
func (f *Flags) PolicyFile() (*policy.Policy, error) {
	if f.policy == "" {
		return nil, nil
	}
	r, err := byPolicyFile(f.policy, ossenc.Floor)
	return r.Policy, err
}

// Narrow returns the prefix and the region that hold all selected buckets; empty for
// none.
func (f *Flags) Narrow() (prefix, region string) {
	prefix = f.prefix
	if len(f.buckets) == 1 {
		prefix = cmp.Or(prefix, f.buckets[0])
	}
	if len(f.regions) == 1 {
		region = f.regions[0]
	}
	return prefix, region
}

// Picker selects rows of a report that has more.
type Picker struct {
	flags   *Flags
	there   inventory
	matched map[string]bool
}

// Picker returns what selects rows as the flags say.
func (f *Flags) Picker() *Picker {
	return &Picker{flags: f, there: inventory{regions: map[string]int{}}, matched: map[string]bool{}}
}

// Takes reports whether the flags select a row. ownAccount is the ID of the account of
// rows without one.
func (p *Picker) Takes(res ossenc.Result, ownAccount string) bool {
	b := ossenc.Bucket{Name: res.Bucket, Region: res.Region}
	p.there.add(b, p.flags)
	inAccount := len(p.flags.accounts) == 0
	for _, account := range p.flags.accounts {
		if account == cmp.Or(res.Account, ownAccount) || account == ownAccountFlag(res) {
			inAccount, p.matched["account "+account] = true, true
		}
	}
	return p.flags.selects(b, p.matched) && inAccount
}

func ownAccountFlag(res ossenc.Result) string {
	if res.Account == "" {
		return ownAccount
	}
	return ""
}

// Unmatched returns an error for a value of a flag that no row has; nil where there are
// no rows at all, which the report says itself.
func (p *Picker) Unmatched() error {
	if p.there.count == 0 {
		return nil
	}
	for _, account := range slices.Sorted(slices.Values(p.flags.accounts)) {
		if !p.matched["account "+account] {
			return app.Usagef("the function's report has no bucket of account %s", account)
		}
	}
	return p.flags.unmatched(p.matched, p.there)
}
