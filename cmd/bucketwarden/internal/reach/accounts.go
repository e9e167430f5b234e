package reach

import (
	"context"
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
)

// selectAccounts leaves only the accounts that the flags name. The credentials'
// own account has an ID only where a policy or a flag may ask for it.
func (r *Reach) selectAccounts(ctx context.Context, f *Flags) error {
	r.ownToo = true
	if _, simple := r.Policy.Simple(); simple && len(f.accounts) == 0 {
		return nil
	}
	id, err := r.client.Owner(r.Context(ctx))
	if err != nil && len(f.accounts) > 0 {
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "--account needs the right oss:ListBuckets"}
	}
	r.Account = id // a policy that needs it and does not have it says so for each bucket
	if len(f.accounts) == 0 {
		return nil
	}
	r.ownToo = false
	roles := map[string]ossenc.Account{}
	for _, account := range f.accounts {
		switch role, known := r.role(account); {
		case account == "own" || account == r.Account:
			r.ownToo = true
		case known:
			roles[account] = role
		default:
			return app.Usagef("there is no account %.40q; there are %s", account, r.accountNames())
		}
	}
	if r.accounts != nil {
		r.accounts.Roles = roles
	}
	return nil
}

func (r *Reach) role(account string) (ossenc.Account, bool) {
	if r.accounts == nil {
		return ossenc.Account{}, false
	}
	role, known := r.accounts.Roles[account]
	return role, known
}

func (r *Reach) accountNames() string {
	names := []string{r.Account + " (own)"}
	if r.accounts != nil {
		names = append(names, slices.Sorted(slices.Values(r.accounts.IDs()))...)
	}
	return strings.Join(names, ", ")
}

// accountIDs returns the selected accounts; the own one is "".
func (r *Reach) accountIDs() []string {
	var ids []string
	if r.ownToo {
		ids = append(ids, "")
	}
	if r.accounts != nil {
		ids = append(ids, slices.Sorted(slices.Values(r.accounts.IDs()))...)
	}
	return ids
}
