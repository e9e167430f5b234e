package memory

import (
	"context"
	"slices"
	"sync"

	"bucketwarden/ossenc"
)

// Accounts are other accounts in memory. Set its fields before use.
type Accounts struct {
	// IDs are the accounts that there are.
	IDs []string
	// Known are the facts of accounts; those without are not known.
	Known map[string]ossenc.AccountFacts
	// Open makes accounts come and go.
	Open bool
	// ListErr is why the list cannot be read, Problem what is wrong with it, and
	// RoleErr why no role can be assumed.
	ListErr, Problem, RoleErr error

	mu sync.Mutex
	// Lists counts how often the list was asked for, and Assumed has the accounts whose
	// role was assumed.
	Lists   int
	Assumed []string
}

var _ ossenc.Accounts = (*Accounts)(nil)

// List implements [ossenc.Accounts].
func (a *Accounts) List(context.Context) (ossenc.AccountList, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Lists++
	if a.ListErr != nil {
		return ossenc.AccountList{}, a.ListErr
	}
	list := ossenc.AccountList{IDs: slices.Clone(a.IDs)}
	if a.Problem != nil {
		list.Problems = []error{a.Problem}
	}
	return list, nil
}

// Has implements [ossenc.Accounts].
func (a *Accounts) Has(_ context.Context, id string) (bool, error) {
	return a.ListErr == nil && slices.Contains(a.IDs, id), a.ListErr
}

// Identity implements [ossenc.Accounts].
func (a *Accounts) Identity(_ context.Context, id string) (ossenc.Identity, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.RoleErr != nil {
		return ossenc.Identity{}, a.RoleErr
	}
	a.Assumed = append(a.Assumed, id)
	return ossenc.Identity{AccountID: id, Assumed: true}, nil
}

// Facts implements [ossenc.Accounts].
func (a *Accounts) Facts(_ context.Context, id string) (ossenc.AccountFacts, error) {
	facts, ok := a.Known[id]
	if !ok {
		return facts, &ossenc.Error{Code: ossenc.Invalid, Message: "nothing names account " + id}
	}
	return facts, nil
}

// Change implements [ossenc.Accounts].
func (a *Accounts) Change() bool { return a.Open }

// ForRun implements [ossenc.Accounts].
func (a *Accounts) ForRun() ossenc.Accounts { return a }
