// Package kms reads keys from Key Management Service (KMS), so that no rule
// names a key that OSS cannot encrypt with: OSS itself stores any key ID and
// fails only when an object is uploaded.
//
// [Client.Describe] asks DescribeKey in the bucket's region. A key is usable if
// KMS finds it there, in the state Enabled, for ENCRYPT/DECRYPT, and symmetric:
// only such keys generate the data keys that OSS needs. IDs, aliases and key ARNs
// are understood and resolved to the key's ID.
//
// What it cannot see: whether those who upload may use the key (kms:GenerateDataKey,
// kms:Decrypt), and whether the key goes on being usable.
package kms

import (
	"context"
	"net/http"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// Client speaks to KMS with the credentials of the context's [ossenc.Identity].
// It is safe for concurrent use. [ossenc.CacheKeys] keeps it from asking twice.
type Client struct {
	// Endpoints says where KMS is in each region; the zero value is the public
	// cloud. Internal means the VPC endpoint.
	Endpoints alicloud.Endpoints

	api openapi.Client
}

// maxAnswer bounds an answer, in bytes: one has 1 KB. What is nested in a longer one
// would take a hundred times its size.
const maxAnswer = 64 << 10

var _ ossenc.Keys = (*Client)(nil)

// NewClient returns a client that sends over the given transport. fallback finds
// credentials when the context has none; nil means that there are none.
func NewClient(e alicloud.Endpoints, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{e, openapi.Client{Version: "2016-01-20", Transport: transport, Fallback: fallback, MaxAnswer: maxAnswer}}
}

// Describe says whether OSS can encrypt with the key in the region. A key that
// KMS does not find is not usable; an error, an *[ossenc.Error], means that KMS
// could not be asked.
func (c *Client) Describe(ctx context.Context, region, keyID string) (ossenc.Key, error) {
	n, err := ossenc.ParseKeyName(keyID)
	if err != nil {
		return ossenc.Key{Reason: err.Error()}, nil
	}
	if n.Region != "" && n.Region != region {
		return ossenc.Key{Reason: "KMS key " + keyID + " is in " + n.Region + "; a bucket in " + region + " needs one of its own region"}, nil
	}
	subject := "KMS key " + keyID + " in " + region
	m, err := c.describeKey(ctx, region, keyID, subject)
	if err != nil {
		return failureUsability(subject, err)
	}
	own := ossenc.IdentityFrom(ctx).AccountID
	if !m.answers(n, region, own) {
		return ossenc.Key{}, &ossenc.Error{Op: operation, Code: ossenc.Unavailable, Message: subject + ": KMS answers for another key"}
	}
	return m.key(subject, n, region, own), nil
}
