package ossenc

import (
	"context"
	"errors"

	"bucketwarden/ossenc/internal/flight"
)

// Key is what KMS says about one key, as far as a rule depends on it.
type Key struct {
	// ID is what a rule names the key by, whatever name it was asked by: its ID, or its
	// ARN where it is not, or not for certain, of the own account. Empty if KMS finds
	// no such key.
	ID string
	// ARN says which key it is among those of all accounts; empty if KMS does not tell.
	ARN string
	// MadeByOSS is whether KMS says that OSS made the key: it is the KMS default key.
	MadeByOSS bool
	// Usable is whether OSS can encrypt with the key now.
	Usable bool
	// Reason is one sentence for people on why the key is not usable; empty if it is.
	Reason string
}

// SameKey reports whether both are the same key, under whatever names they were
// asked for. A key that KMS does not find is the same as none.
func SameKey(a, b Key) bool {
	if a.ARN != "" && b.ARN != "" {
		return a.ARN == b.ARN
	}
	return a.ID != "" && a.ID == b.ID
}

// Keys looks up KMS keys by ID, alias or key ARN, as the account of the context's
// [Identity] sees them. An error is an *[Error] and means that nothing is known;
// a key that does not exist is a [Key] that is not usable.
type Keys interface {
	Describe(ctx context.Context, region, keyID string) (Key, error)
}

// CacheKeys looks up every key once for each account and region. Callers that ask for
// a key that is being looked up wait for the answer. Failures that may pass are not
// remembered. A key may change, so a cache is for one invocation
// ([Warden.ForInvocation]).
func CacheKeys(k Keys) Keys { return &keyCache{keys: k} }

// lookup has the account, because an alias is another key in every account.
type lookup struct{ account, region, keyID string }

type keyCache struct {
	keys    Keys
	lookups flight.Group[lookup, Key]
}

// Describe answers from the cache, or fills it.
func (c *keyCache) Describe(ctx context.Context, region, keyID string) (Key, error) {
	l := lookup{IdentityFrom(ctx).AccountID, region, keyID}
	for {
		call, isNew := c.lookups.Join(l, &Error{Op: "DescribeKey", Code: Internal, Message: "a panic while looking up " + keyID})
		if isNew {
			c.lookups.Run(l, call, func() (Key, error) { return c.keys.Describe(ctx, region, keyID) }, isPermanent)
			return call.Value, call.Err
		}
		key, err := call.Wait(ctx)
		switch {
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return Key{}, &Error{Op: "DescribeKey", Code: Deadline, Message: "KMS key " + keyID + ": no answer before the invocation's time ran out", Err: ctx.Err()}
		case err == nil || CodeOf(err) != Deadline:
			return key, err
		}
		// The caller that asked ran out of time; this one has some left.
	}
}

// isPermanent reports whether the result of a lookup holds for the rest of the
// invocation.
func isPermanent(err error) bool { return err == nil || !CodeOf(err).Retryable() }
