// Package organisation finds the accounts of an organisation and the role to assume
// in each.
//
// [Accounts] is an [ossenc.Accounts] over a Resource Directory and the roles that a
// policy names itself. What it promises:
//
//   - The list of accounts is whole or an error. One page that cannot be read, or one
//     member whose place is not known, is an error.
//   - No role is assumed in an account that the directory does not have now: a list
//     is good for one run, and between runs for 10 minutes.
//   - The directory is asked as the function itself, never as a member.
package organisation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/resourcedirectory"
	"bucketwarden/ossenc/internal/flight"
)

// Directory reads an organisation. [resourcedirectory.Client] is the real one.
type Directory interface {
	Directory(ctx context.Context) (resourcedirectory.Directory, error)
	Members(ctx context.Context) ([]resourcedirectory.Member, error)
}

// Accounts are those of an organisation and those that a policy names. It is safe
// for concurrent use.
type Accounts struct {
	// Named are the accounts with a role of their own, which goes before RoleName. It
	// assumes the members' roles too.
	Named     *alicloud.Accounts
	Directory Directory
	ossenc.Members

	calls flight.Group[struct{}, *list]
	mu    sync.Mutex // guards what follows
	last  *list
	// failed is why the directory could not be read the last time, and when.
	failed   error
	failedAt time.Time
}

var _ ossenc.Accounts = (*Accounts)(nil)

// How long a list is good for between runs, and how long a directory that cannot be
// read is left alone: less than the minute after which the platform repeats an
// invocation.
const (
	keep  = 10 * time.Minute
	pause = 20 * time.Second
)

// List reads the organisation and returns its accounts and those named.
func (a *Accounts) List(ctx context.Context) (ossenc.AccountList, error) {
	l, err := a.read(ctx)
	return a.accounts(ctx, l, err)
}

// Has reports whether the account is named, or a selected member of the organisation
// within the last 10 minutes.
func (a *Accounts) Has(ctx context.Context, accountID string) (bool, error) {
	return a.ForRun().Has(ctx, accountID)
}

// Identity assumes the account's role; the function's own needs none.
func (a *Accounts) Identity(ctx context.Context, accountID string) (ossenc.Identity, error) {
	return a.ForRun().Identity(ctx, accountID)
}

// Facts returns the name and the tags of a member.
func (a *Accounts) Facts(ctx context.Context, accountID string) (ossenc.AccountFacts, error) {
	return a.ForRun().Facts(ctx, accountID)
}

// Change reports that members come and go.
func (a *Accounts) Change() bool { return true }

// ForRun returns the accounts for one run: what it knows of the organisation stays
// the same, and a directory that cannot be read is not asked again.
func (a *Accounts) ForRun() ossenc.Accounts { return &run{Accounts: a} }

// accounts returns what there is, without the function's own account.
func (a *Accounts) accounts(ctx context.Context, l *list, err error) (ossenc.AccountList, error) {
	var all ossenc.AccountList
	own := ossenc.IdentityFrom(ctx).AccountID
	for id := range a.Named.Roles {
		all.IDs = append(all.IDs, id)
	}
	if err != nil {
		return all, err
	}
	all.Problems = l.problems
	for id, m := range l.members {
		if _, named := a.Named.Roles[id]; m.selected && !named && id != own {
			all.IDs = append(all.IDs, id)
		}
	}
	return all, nil
}

// current returns a list that is at most 10 minutes old.
func (a *Accounts) current(ctx context.Context) (*list, error) {
	a.mu.Lock()
	last, failed, failedAt := a.last, a.failed, a.failedAt
	a.mu.Unlock()
	switch {
	case last != nil && time.Since(last.at) < keep:
		return last, nil
	case failed != nil && time.Since(failedAt) < pause:
		return nil, failed
	}
	return a.read(ctx)
}

// read reads the organisation now, once for all who ask at the same time.
func (a *Accounts) read(ctx context.Context) (*list, error) {
	for {
		call, isNew := a.calls.Join(struct{}{}, errPanic)
		if isNew {
			a.calls.Run(struct{}{}, call, func() (*list, error) { return a.ask(ctx) }, func(error) bool { return false })
			return call.Value, call.Err
		}
		l, err := call.Wait(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, alicloud.NoAnswer(ctx, "ListAccounts", subject, ctx.Err())
		case err != nil && ossenc.CodeOf(err) == ossenc.Deadline:
			continue // whose time ended was another one
		}
		return l, err
	}
}

const subject = "the accounts of the resource directory"

var errPanic = &ossenc.Error{Op: "ListAccounts", Code: ossenc.Internal, Message: "panic while reading the resource directory"}

func (a *Accounts) ask(ctx context.Context) (*list, error) {
	if ossenc.IdentityFrom(ctx).Assumed { // a member may not ask, and must not answer for the organisation
		return nil, &ossenc.Error{Op: "ListAccounts", Code: ossenc.Internal, Message: subject + ": asked as a member"}
	}
	l, err := a.fetch(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err == nil:
		a.last, a.failed = l, nil
	case ossenc.CodeOf(err) != ossenc.Deadline: // this caller's time says nothing to others
		a.failed, a.failedAt = err, time.Now()
	}
	return l, err
}

func (a *Accounts) fetch(ctx context.Context) (*list, error) {
	directory, err := a.Directory.Directory(ctx)
	if err != nil {
		return nil, err
	}
	members, err := a.Directory.Members(ctx)
	if err != nil {
		return nil, err
	}
	return newList(a.Members, directory, members)
}

// run is the accounts as one run sees them.
type run struct {
	*Accounts

	mu    sync.Mutex
	known bool
	list  *list
	err   error
}

// ForRun returns r itself.
func (r *run) ForRun() ossenc.Accounts { return r }

// get returns the run's list, read in the way that its first question needs.
func (r *run) get(ctx context.Context, read func(context.Context) (*list, error)) (*list, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		r.list, r.err = read(ctx)
		r.known = r.err == nil || ossenc.CodeOf(r.err) != ossenc.Deadline
	}
	return r.list, r.err
}

// List reads the organisation, unless the run knows it already.
func (r *run) List(ctx context.Context) (ossenc.AccountList, error) {
	l, err := r.get(ctx, r.read)
	return r.accounts(ctx, l, err)
}

// Has is [Accounts.Has].
func (r *run) Has(ctx context.Context, accountID string) (bool, error) {
	if _, named := r.Named.Roles[accountID]; named {
		return true, nil
	}
	l, err := r.get(ctx, r.current)
	if err != nil {
		return false, err
	}
	return l.members[accountID].selected, nil
}

// Identity is [Accounts.Identity].
func (r *run) Identity(ctx context.Context, accountID string) (ossenc.Identity, error) {
	own := ossenc.IdentityFrom(ctx).AccountID
	if _, named := r.Named.Roles[accountID]; named || accountID == "" || accountID == own {
		return r.Named.Identity(ctx, accountID)
	}
	l, err := r.get(ctx, r.current)
	if err != nil {
		return ossenc.Identity{}, err
	}
	switch m := l.members[accountID]; {
	case !m.selected:
		return ossenc.Identity{}, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: fmt.Sprintf("account %.40q is neither named by the policy nor selected by its resource_directory", accountID)}
	case m.problem != "":
		return ossenc.Identity{}, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: fmt.Sprintf("account %s of the organisation %s, so no role was assumed", accountID, m.problem)}
	}
	return r.Named.Assume(ctx, ossenc.Account{ID: accountID, RoleARN: "acs:ram::" + accountID + ":role/" + r.RoleName})
}

// Facts is [Accounts.Facts].
func (r *run) Facts(ctx context.Context, accountID string) (ossenc.AccountFacts, error) {
	l, err := r.get(ctx, r.current)
	if err != nil {
		return ossenc.AccountFacts{}, err
	}
	m := l.members[accountID]
	if !m.described {
		return ossenc.AccountFacts{}, &ossenc.Error{Op: "ListAccounts", Code: ossenc.Invalid, Message: fmt.Sprintf(
			"the resource directory gives no name and no tags of account %.40q, as of its management account; put a rule with this ID under accounts before those with account_names or account_tags", accountID)}
	}
	return m.facts, nil
}
