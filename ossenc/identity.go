package ossenc

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/aliyun/credentials-go/credentials/providers"
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

// Chain finds credentials where no invocation hands them out, for local use:
// environment, OIDC, the CLI's profile, ECS metadata, as credentials-go's
// default chain orders them. It is safe for concurrent use.
type Chain struct {
	mu       sync.Mutex // credentials-go has no lock of its own
	provider providers.CredentialsProvider
}

// Credentials asks the chain. A failed chain is thrown away: it would remember
// the provider that failed last and ask only that one again.
func (c *Chain) Credentials() (Credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		c.provider = providers.NewDefaultCredentialsProvider()
	}
	found, err := c.provider.GetCredentials()
	if err != nil {
		c.provider = nil
		return Credentials{}, noCredentials(err)
	}
	got := Credentials{found.AccessKeyId, found.AccessKeySecret, found.SecurityToken}
	if got.Empty() {
		return Credentials{}, noCredentials(errors.New("the chain found an empty key"))
	}
	return got, nil
}

func noCredentials(err error) error {
	return &Error{Code: Denied, Message: "no credentials: the invocation has none (does the function have a role?) and the default chain finds none", Err: err}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
