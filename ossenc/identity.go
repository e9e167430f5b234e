package ossenc

import (
	"context"
	"log/slog"
)

// Credentials sign requests to OSS. They never print: every way of formatting,
// logging or encoding them gives a placeholder.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string // empty for a long-lived key
}

const redacted = "[redacted]"

// String returns a placeholder, so that no format verb shows the secret.
func (Credentials) String() string { return redacted }

// GoString returns a placeholder, for %#v.
func (Credentials) GoString() string { return redacted }

// LogValue returns a placeholder.
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a placeholder.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// Empty reports whether there is no key.
func (c Credentials) Empty() bool { return c.AccessKeyID == "" || c.AccessKeySecret == "" }

// Identity is on whose behalf one invocation acts: the platform hands out new
// credentials with every invocation, so they travel in the invocation's context
// while the client and its connections are shared.
type Identity struct {
	Credentials Credentials
	Region      string // the function's own region, such as cn-hangzhou
	AccountID   string
	// Assumed means that the credentials are a role's session. Where they are empty,
	// no others may stand in for them: they would be another account's.
	Assumed bool
}

type identityKey struct{}

// WithIdentity returns a context that carries id.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// IdentityFrom returns the identity that ctx carries, or the zero Identity.
func IdentityFrom(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}
