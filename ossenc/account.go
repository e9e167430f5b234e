package ossenc

import "context"

// Account is another account, and the role that gives access to its buckets.
type Account struct {
	ID string
	// RoleARN is the RAM role to assume: acs:ram::<account ID>:role/<name>.
	RoleARN string
	// ExternalID is what the role's trust policy asks for; usually empty.
	ExternalID string
}

// Accounts says which other accounts there are and who to be in them. The one for
// RAM roles is in package alicloud. It must be safe for concurrent use.
type Accounts interface {
	// IDs returns the IDs of all accounts besides the function's own.
	IDs() []string
	// Identity returns the identity to act with in an account. An error is an
	// *[Error] and means that nothing is known of the account's buckets.
	Identity(ctx context.Context, accountID string) (Identity, error)
}
