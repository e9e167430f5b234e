package reach

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
)

// narrowed are the accounts that a run of the command is about.
type narrowed struct {
	ossenc.Accounts
	list ossenc.AccountList
}

// List returns the selected accounts, in order.
func (n *narrowed) List(context.Context) (ossenc.AccountList, error) { return n.list, nil }

// ForRun returns n: a run of the command is one run.
func (n *narrowed) ForRun() ossenc.Accounts { return n }

// selectAccounts leaves only the accounts that the flags name. The credentials'
// own account has an ID only where a policy or a flag may ask for it.
func (r *Reach) selectAccounts(ctx context.Context, f *Flags) error {
	r.ownToo = true
	if _, simple := r.Policy.Simple(); simple && len(f.accounts) == 0 {
		return nil
	}
	id, err := r.client.Owner(r.Context(ctx))
	if err != nil && (len(f.accounts) > 0 || r.Policy.Directory != nil) { // the own account must not be taken for a member
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "--account and resource_directory need the right oss:ListBuckets"}
	}
	r.Account = id // a policy that needs it and does not have it says so for each bucket
	if r.accounts == nil {
		return r.onlyOwn(f)
	}
	// One list for everything that this run does.
	chosen := &narrowed{Accounts: r.accounts.ForRun()}
	r.accounts, r.Warden.Accounts = chosen, chosen
	if len(f.accounts) == 0 {
		return r.takeAll(ctx, chosen)
	}
	return r.takeNamed(ctx, f, chosen)
}

func (r *Reach) onlyOwn(f *Flags) error {
	for _, account := range f.accounts {
		if account != ownAccount && account != r.Account {
			return app.Usagef("there is no account %.40q; there are %s (own)", account, r.Account)
		}
	}
	return nil
}

// ownAccount is what --account calls the credentials' own one.
const ownAccount = "own"

func (r *Reach) takeAll(ctx context.Context, chosen *narrowed) error {
	list, err := chosen.Accounts.List(r.Context(ctx))
	if err != nil { // a report without accounts that are not known would look like a good one
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "resource_directory in the policy needs docs/ram/policy-directory.json; --account own leaves the other accounts out"}
	}
	slices.Sort(list.IDs)
	chosen.list = list
	return nil
}

func (r *Reach) takeNamed(ctx context.Context, f *Flags, chosen *narrowed) error {
	r.ownToo = false
	for _, account := range f.accounts {
		if account == ownAccount || account == r.Account {
			r.ownToo = true
			continue
		}
		known, err := chosen.Has(r.Context(ctx), account)
		switch {
		case err != nil:
			return &app.Error{Exit: app.Incomplete, Err: err}
		case !known:
			return app.Usagef("there is no account %.40q; there are %s", account, r.accountNames(ctx, chosen))
		}
		chosen.list.IDs = append(chosen.list.IDs, account)
	}
	slices.Sort(chosen.list.IDs)
	chosen.list.IDs = slices.Compact(chosen.list.IDs)
	return nil
}

// fewAccounts is how many an error names.
const fewAccounts = 10

func (r *Reach) accountNames(ctx context.Context, chosen *narrowed) string {
	list, _ := chosen.Accounts.List(r.Context(ctx)) // what is known will do here
	slices.Sort(list.IDs)
	names := append([]string{r.Account + " (own)"}, list.IDs...)
	if more := len(names) - fewAccounts; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:fewAccounts], ", "), more)
	}
	return strings.Join(names, ", ")
}

// accountIDs returns the selected accounts; the own one is "".
func (r *Reach) accountIDs() []string {
	var ids []string
	if r.ownToo {
		ids = append(ids, "")
	}
	if chosen, ok := r.accounts.(*narrowed); ok {
		ids = append(ids, chosen.list.IDs...)
	}
	return ids
}
