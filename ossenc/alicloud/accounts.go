package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"

	"bucketwarden/ossenc"
)

// ParseSTSEndpoint reads the URL of an STS endpoint and returns its host, with
// the port if it has one. Only https is possible, because answers
// are credentials.
func ParseSTSEndpoint(s string) (string, error) {
	if err := checkURL(s); err != nil {
		return "", errors.New("an STS endpoint is a URL such as https://sts.cn-hangzhou.aliyuncs.com")
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" {
		return "", errors.New("an STS endpoint has to be https")
	}
	return u.Host, nil
}

var _ ossenc.Accounts = (*Accounts)(nil)

// Accounts finds the identity to act with in each account. It is safe for
// concurrent use, and what happens to one account's role holds up no other.
type Accounts struct {
	// Roles are the accounts and the roles to assume in them, by account ID.
	Roles map[string]ossenc.Account
	// STSEndpoint is a host, with a port if need be, that answers HTTPS; empty for
	// the public cloud's in the function's own region.
	STSEndpoint string
	// Internal uses the public cloud's VPC endpoint of the function's own region.
	Internal bool
	// Fallback finds credentials when the context has none; nil means that there
	// are none.
	Fallback func() (ossenc.Credentials, error)
	// SessionName is the name of the sessions in ActionTrail's records;
	// [ossenc.UserAgent] if empty.
	SessionName string

	mu       sync.Mutex
	sessions map[ossenc.Account]*session
}

// List returns the accounts that there is a role for. It needs no call.
func (a *Accounts) List(context.Context) (ossenc.AccountList, error) {
	return ossenc.AccountList{IDs: slices.Collect(maps.Keys(a.Roles))}, nil
}

// Has reports whether there is a role for the account. It needs no call.
func (a *Accounts) Has(_ context.Context, accountID string) (bool, error) {
	_, ok := a.Roles[accountID]
	return ok, nil
}

// Facts knows nothing of accounts: that takes a Resource Directory.
func (a *Accounts) Facts(_ context.Context, accountID string) (ossenc.AccountFacts, error) {
	return ossenc.AccountFacts{}, &ossenc.Error{Code: ossenc.Invalid, Message: fmt.Sprintf("nothing names account %.40q, nor its tags; that takes resource_directory in the policy", accountID)}
}

// Change reports that the accounts are the policy's.
func (a *Accounts) Change() bool { return false }

// ForRun returns a itself: the list never changes.
func (a *Accounts) ForRun() ossenc.Accounts { return a }

// Identity returns the identity for an account: the invocation's own for its own
// account or an empty ID, else that of the account's role, which is assumed with
// the invocation's credentials when no session of it is left. A session ends 3
// minutes or more after it was returned, so ask again for each piece of work.
//
// Errors are *[Error]: Denied if there is no role for the account or STS refuses,
// Deadline if ctx ends first, and what else STS may answer.
func (a *Accounts) Identity(ctx context.Context, accountID string) (ossenc.Identity, error) {
	own := ossenc.IdentityFrom(ctx)
	if accountID == "" || accountID == own.AccountID {
		return own, nil
	}
	role, ok := a.Roles[accountID]
	if !ok {
		return ossenc.Identity{}, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: fmt.Sprintf("no role is named for account %.40q", accountID)}
	}
	role.ID = accountID
	return a.Assume(ctx, role)
}

// Assume returns the identity of a role, whether or not it is one of Roles: call it
// only for an account that is known to be one to look after. Errors are those of
// [Accounts.Identity].
func (a *Accounts) Assume(ctx context.Context, role ossenc.Account) (ossenc.Identity, error) {
	own := ossenc.IdentityFrom(ctx)
	s, err := a.session(role, own.Region)
	if err != nil {
		return ossenc.Identity{}, err
	}
	from, err := CredentialsFrom(ctx, a.Fallback)
	if err != nil {
		return ossenc.Identity{}, err
	}
	got, err := s.credentials(ctx, from)
	if err != nil {
		return ossenc.Identity{}, err
	}
	return ossenc.Identity{Credentials: got, Region: own.Region, AccountID: role.ID, Assumed: true}, nil
}

// maxSessions bounds the sessions that are kept, in an organisation of thousands of
// accounts: a sweep needs each account's once.
const maxSessions = 500

// session returns the role's session, which exists from its first use on.
func (a *Accounts) session(role ossenc.Account, region string) (*session, error) {
	// A role of another account would read and change that account's buckets
	// under this one's name.
	owner, err := ossenc.RoleAccount(role.RoleARN)
	if err != nil {
		return nil, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Invalid, Message: err.Error()}
	}
	if owner != role.ID {
		return nil, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Invalid, Message: fmt.Sprintf("the role for account %s belongs to account %s", role.ID, owner)}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.sessions[role]; s != nil {
		return s, nil
	}
	s := &session{role: role, name: cmp.Or(a.SessionName, ossenc.UserAgent), host: cmp.Or(a.STSEndpoint, STSHost(region, a.Internal))}
	if len(a.sessions) >= maxSessions {
		clear(a.sessions) // those in use go on
	}
	if a.sessions == nil {
		a.sessions = map[ossenc.Account]*session{}
	}
	a.sessions[role] = s
	return s, nil
}

// STSHost returns the host of the public cloud's STS for a region; its VPC endpoint if
// internal. It is never empty.
func STSHost(region string, internal bool) string {
	switch {
	case !ossenc.ValidRegion(region):
		return "sts.aliyuncs.com" // answers for all regions, from Hangzhou
	case internal:
		return "sts-vpc." + region + ".aliyuncs.com"
	}
	return "sts." + region + ".aliyuncs.com"
}
