package alicloud

import (
	"context"
	"errors"
	"sync"

	"bucketwarden/ossenc"

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
func (c *Chain) Credentials() (ossenc.Credentials, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		c.provider = providers.NewDefaultCredentialsProvider()
	}
	found, err := c.provider.GetCredentials()
	if err != nil {
		c.provider = nil
		return ossenc.Credentials{}, noCredentials(err)
	}
	got := ossenc.Credentials{AccessKeyID: found.AccessKeyId, AccessKeySecret: found.AccessKeySecret, SecurityToken: found.SecurityToken}
	if got.Empty() {
		return ossenc.Credentials{}, noCredentials(errors.New("the chain found an empty key"))
	}
	return got, nil
}

func noCredentials(err error) error {
	return &ossenc.Error{Code: ossenc.Denied, Message: "no credentials: the invocation has none (does the function have a role?) and the default chain finds none", Err: err}
}

// CredentialsFrom returns the credentials of the context's [ossenc.Identity], or
// those that fallback finds; a nil fallback finds none. No error repeats a part of
// what was returned from then on.
//
// The fallback is for invocations without any credentials only: half a set of them,
// or an account that a role was assumed for, must not act with other credentials.
func CredentialsFrom(ctx context.Context, fallback func() (ossenc.Credentials, error)) (ossenc.Credentials, error) {
	id := ossenc.IdentityFrom(ctx)
	got := id.Credentials
	if got.Empty() {
		switch {
		case got != (ossenc.Credentials{}) || id.Assumed:
			return ossenc.Credentials{}, &ossenc.Error{Code: ossenc.Denied, Message: "the credentials are not whole: the access key ID or its secret is missing"}
		case fallback == nil:
			return ossenc.Credentials{}, noCredentials(nil)
		}
		var err error
		if got, err = fallback(); err != nil {
			return ossenc.Credentials{}, err
		}
	}
	remember(got)
	return got, nil
}
