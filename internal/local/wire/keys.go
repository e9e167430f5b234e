package wire

import (
	"cmp"
	"sync"
	"time"
)

// DefaultAccount is the account of stand-ins that are given none.
const DefaultAccount = "1234567890123456"

// MaxSkew is how far the clock of a signature may be off, for OSS and for the RPC
// services alike.
const MaxSkew = 15 * time.Minute

// AccessKey may sign requests.
type AccessKey struct {
	// AccessKeyID names the key in the signature.
	AccessKeyID string
	// AccessKeySecret makes the signature and never travels.
	AccessKeySecret string
	// SecurityToken belongs to temporary (STS) keys; empty means a long-lived key.
	SecurityToken string
	// Expires ends the life of the token; zero means never.
	Expires time.Time
	// AccountID is the account the key acts for; empty means the service's own.
	AccountID string
	// Name is the identity behind the key in the form of RAM: role/session for a
	// role, a user name for a user, empty for the account itself.
	Name string
	// Denied refuses every action of this key, as a RAM policy would.
	Denied bool
}

// Expired reports whether the key's life has ended at now.
func (k AccessKey) Expired(now time.Time) bool { return !k.Expires.IsZero() && !now.Before(k.Expires) }

// Keys are the access keys that a service knows. It is safe for use by several
// goroutines.
type Keys struct {
	account string

	mu   sync.Mutex
	keys map[string]AccessKey
}

// NewKeys returns no keys yet. Keys that name no account belong to accountID.
func NewKeys(accountID string) *Keys {
	return &Keys{account: accountID, keys: map[string]AccessKey{}}
}

// Add lets a key sign requests from now on, next to the other keys. A key with the
// same AccessKeyID is replaced.
func (k *Keys) Add(key AccessKey) {
	key.AccountID = cmp.Or(key.AccountID, k.account)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[key.AccessKeyID] = key
}

// Remove makes the key unknown.
func (k *Keys) Remove(accessKeyID string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, accessKeyID)
}

// Find returns the key with this ID.
func (k *Keys) Find(accessKeyID string) (AccessKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[accessKeyID]
	return key, ok
}
