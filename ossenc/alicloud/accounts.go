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
// the port if it has one. Only https is possible: credentials-go, which speaks to
// STS, knows nothing else.
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
	sessions map[string]*session
}

// IDs returns the IDs of the accounts that there is a role for.
func (a *Accounts) IDs() []string { return slices.Collect(maps.Keys(a.Roles)) }

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
	s, err := a.session(accountID, own.Region)
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
	return ossenc.Identity{Credentials: got, Region: own.Region, AccountID: accountID, Assumed: true}, nil
}

// session returns the account's session, which exists for each role from its
// first use on.
func (a *Accounts) session(accountID, region string) (*session, error) {
	role, ok := a.Roles[accountID]
	if !ok {
		return nil, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: fmt.Sprintf("no role is named for account %.40q", accountID)}
	}
	// A role of another account would read and change that account's buckets
	// under this one's name.
	owner, err := ossenc.RoleAccount(role.RoleARN)
	if err != nil {
		return nil, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Invalid, Message: err.Error()}
	}
	if owner != accountID {
		return nil, &ossenc.Error{Op: "AssumeRole", Code: ossenc.Invalid, Message: fmt.Sprintf("the role for account %s belongs to account %s", accountID, owner)}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.sessions[accountID]; s != nil {
		return s, nil
	}
	s, err := newSession(role, cmp.Or(a.SessionName, ossenc.UserAgent), cmp.Or(a.STSEndpoint, STSHost(region, a.Internal)))
	if err != nil {
		return nil, err
	}
	if a.sessions == nil {
		a.sessions = map[string]*session{}
	}
	a.sessions[accountID] = s
	return s, nil
}

// STSHost returns the host of the public cloud's STS for a region; its VPC endpoint if
// internal. It is never empty: credentials-go would ask the environment then.
func STSHost(region string, internal bool) string {
	switch {
	case !ossenc.ValidRegion(region):
		return "sts.aliyuncs.com" // answers for all regions, from Hangzhou
	case internal:
		return "sts-vpc." + region + ".aliyuncs.com"
	}
	return "sts." + region + ".aliyuncs.com"
}
