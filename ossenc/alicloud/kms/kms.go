// Package kms looks at keys in Key Management Service (KMS), so that no rule
// names a key that OSS cannot encrypt with: OSS itself stores any key ID and
// fails only when somebody uploads.
//
// [Client.Describe] asks DescribeKey in the bucket's region. A key is usable if
// KMS finds it there, in the state Enabled, for ENCRYPT/DECRYPT, and symmetric:
// only such keys generate the data keys that OSS needs. IDs, aliases and key ARNs
// are understood and resolved to the key's ID.
//
// What it cannot see: whether those who upload may use the key (kms:GenerateDataKey,
// kms:Decrypt), and whether the key goes on being usable.
//
// Alibaba Cloud's own signer signs the calls (ACS3-HMAC-SHA256). Its whole OpenAPI
// client would do no more for one action, and costs every start of the function.
package kms

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"bucketwarden/ossenc/alicloud"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/internal/wait"
)

// Client speaks to KMS with the credentials of the context's [ossenc.Identity].
// It is safe for concurrent use. [ossenc.CacheKeys] keeps it from asking twice.
type Client struct {
	// Endpoints says where KMS is in each region; the zero value is the public
	// cloud. Internal means the VPC endpoint.
	Endpoints alicloud.Endpoints
	// Fallback finds credentials when the context has none; nil means that there
	// are none.
	Fallback func() (ossenc.Credentials, error)

	transport http.RoundTripper
}

var _ ossenc.Keys = (*Client)(nil)

// NewClient returns a client that sends over the given transport.
func NewClient(e alicloud.Endpoints, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{Endpoints: e, Fallback: fallback, transport: transport}
}

// pauses are those before a call that was throttled, or had no good answer, is
// made again.
var pauses = [...]time.Duration{200 * time.Millisecond, 800 * time.Millisecond}

// Describe says whether OSS can encrypt with the key in the region. A key that
// KMS does not find is not usable; an error, an *[ossenc.Error], means that KMS
// could not be asked.
func (c *Client) Describe(ctx context.Context, region, keyID string) (ossenc.Key, error) {
	n, err := ossenc.ParseKeyName(keyID)
	if err != nil {
		return ossenc.Key{Reason: err.Error()}, nil
	}
	if n.Region != "" && n.Region != region {
		return ossenc.Key{ID: n.ID(), Reason: "KMS key " + keyID + " is in " + n.Region + "; a bucket in " + region + " needs one of its own region"}, nil
	}
	endpoint, err := c.endpoint(region)
	if err != nil {
		return ossenc.Key{}, err
	}
	for i := 0; ; i++ {
		key, err := c.describeOnce(ctx, endpoint, region, keyID)
		if err == nil || i == len(pauses) || !isTransient(ossenc.CodeOf(err)) || !wait.Sleep(ctx, pauses[i]) {
			return key, err
		}
	}
}

func (c *Client) describeOnce(ctx context.Context, endpoint *url.URL, region, keyID string) (ossenc.Key, error) {
	cred, err := alicloud.CredentialsFrom(ctx, c.Fallback)
	if err != nil {
		return ossenc.Key{}, err
	}
	m, err := c.describeKey(ctx, endpoint, cred, keyID)
	subject := "KMS key " + keyID + " in " + region
	if err != nil {
		return judgeFailure(ctx, subject, err)
	}
	return m.judge(subject), nil
}

// endpoint returns where KMS answers for the region.
func (c *Client) endpoint(region string) (*url.URL, error) {
	if !ossenc.ValidRegion(region) {
		return nil, &ossenc.Error{Op: operation, Code: ossenc.Invalid, Message: "there is no region to look for the key in"}
	}
	base, err := c.Endpoints.Base(region)
	if err != nil {
		return nil, err
	}
	if base == "" {
		base = "https://kms." + region + ".aliyuncs.com"
		if c.Endpoints.IsInternal(region) {
			base = "https://kms-vpc." + region + ".aliyuncs.com"
		}
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, &ossenc.Error{Op: operation, Code: ossenc.Invalid, Message: "the KMS endpoint is not a URL"}
	}
	return u, nil
}

// isTransient reports whether the same call may succeed in a moment.
func isTransient(c ossenc.Code) bool { return c == ossenc.Throttled || c == ossenc.Unavailable }
