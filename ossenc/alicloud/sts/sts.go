// Package sts asks Security Token Service whose key signs (GetCallerIdentity, API
// version 2015-04-01), so that a report can say as whom the buckets were read.
//
// It is for the command: the function knows its account and its role without a
// call. Roles of other accounts are assumed by package alicloud.
package sts

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// Caller is whose key signs.
type Caller struct {
	// Account is the ID of the account.
	Account string
	// ARN is the account itself (root), a user, or the session of a role, such as
	// acs:ram::1234567890123456:user/alice.
	ARN string
}

// Client asks with the credentials of the context's [ossenc.Identity]. It is safe
// for concurrent use.
type Client struct {
	host string
	api  openapi.Client
}

// New returns a client of the STS at a host, which may have a port. It sends over the
// given transport.
func New(host string, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{host, openapi.Client{Version: "2015-04-01", Transport: transport, Fallback: fallback}}
}

// Caller asks once. The error is an [*ossenc.Error]; it is Unavailable too if the
// answer does not name an account and an ARN of it.
func (c *Client) Caller(ctx context.Context) (Caller, error) {
	call := openapi.Call{
		Endpoint: &url.URL{Scheme: "https", Host: c.host}, Action: "GetCallerIdentity", Subject: "whose key this is", Once: true,
	}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return Caller{}, err
	}
	var a struct{ AccountID, Arn string }
	if alicloud.IsAmbiguous(answer.Body) || json.Unmarshal(answer.Body, &a) != nil || !ossenc.ValidAccountID(a.AccountID) {
		return Caller{}, openapi.Unreadable(ctx, call)
	}
	arn := alicloud.ShownARN(ctx, a.Arn)
	if !strings.HasPrefix(arn, "acs:ram::"+a.AccountID+":") {
		return Caller{}, openapi.Unreadable(ctx, call)
	}
	return Caller{a.AccountID, arn}, nil
}
