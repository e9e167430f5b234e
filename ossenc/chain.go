package ossenc

import (
	"context"
	"errors"
	"sync"

	"github.com/aliyun/credentials-go/credentials/providers"
)

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

// CredentialsFrom returns the credentials of the context's [Identity], or those
// that fallback finds; a nil fallback finds none.
func CredentialsFrom(ctx context.Context, fallback func() (Credentials, error)) (Credentials, error) {
	got := IdentityFrom(ctx).Credentials
	switch {
	case !got.Empty():
		return got, nil
	case fallback == nil:
		return Credentials{}, noCredentials(nil)
	}
	return fallback()
}
