package ossenc

import (
	"context"
	"fmt"
)

// Account is another account, and the role that gives access to its buckets.
type Account struct {
	ID string
	// RoleARN is the RAM role to assume: acs:ram::<account ID>:role/<name>.
	RoleARN string
	// ExternalID is what the role's trust policy asks for; usually empty.
	ExternalID string
}

// Members says which accounts of an organisation to look after.
type Members struct {
	// RoleName is the role to assume in each account.
	RoleName string
	// Folders are IDs of folders, with those below them; empty for the whole
	// organisation.
	Folders []string
	// Exclude are IDs of accounts, and of folders with those below them.
	Exclude []string
}

// AccountFacts is what is known of an account besides its ID. All of it is text that
// the account's owner chose: never print it as it is.
type AccountFacts struct {
	Name string
	Tags map[string]string
}

// AccountList is all accounts besides the function's own.
type AccountList struct {
	IDs []string
	// Problems are what is wrong with the selection of accounts, though the list is
	// whole: *[Error]s.
	Problems []error
}

// Accounts says which other accounts there are and who to be in them. Those for RAM
// roles are in package alicloud and below it. They must be safe for concurrent use.
//
// Errors are *[Error]. Ask with a context of the function's own identity.
type Accounts interface {
	// List returns all accounts besides the function's own. With an error the list is
	// not whole: it has those that are known all the same.
	List(ctx context.Context) (AccountList, error)
	// Has reports whether an account is one of them. An error means that this is not
	// known, and then no role may be assumed.
	Has(ctx context.Context, accountID string) (bool, error)
	// Identity returns the identity to act with in an account. An error means that
	// nothing is known of the account's buckets.
	Identity(ctx context.Context, accountID string) (Identity, error)
	// Facts returns what is known of an account, the function's own too. An error
	// means that it is not known.
	Facts(ctx context.Context, accountID string) (AccountFacts, error)
	// Change reports whether accounts come and go without a change of the policy.
	Change() bool
	// ForRun returns the accounts for one run, which reads their list once at most.
	ForRun() Accounts
}

// HasAccount reports whether an account is the function's own or one of Accounts. An account that nothing names counts as the function's own. The
// error, an *[Error], means that it is not known.
func (w *Warden) HasAccount(ctx context.Context, accountID string) (bool, error) {
	own := IdentityFrom(ctx).AccountID
	if accountID == "" || own == "" || accountID == own {
		return true, nil
	}
	if w.Accounts == nil {
		return false, nil
	}
	return w.Accounts.Has(ctx, accountID)
}

// FactsFunc returns what is known of the account of a bucket. A [Policy] calls it where
// a decision needs it; nil means that nothing is known.
type FactsFunc func() (AccountFacts, error)

// AccountFacts returns what is known of an account; an empty ID is the function's own.
func (w *Warden) AccountFacts(ctx context.Context, accountID string) (AccountFacts, error) {
	if accountID == "" {
		accountID = IdentityFrom(ctx).AccountID
	}
	if w.Accounts == nil || accountID == "" {
		return AccountFacts{}, unknownFacts(accountID)
	}
	return w.Accounts.Facts(ctx, accountID)
}

func unknownFacts(accountID string) error {
	return &Error{Code: Invalid, Message: fmt.Sprintf("nothing names account %.40q, nor its tags", accountID)}
}
