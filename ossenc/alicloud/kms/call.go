package kms

import (
	"context"
	"encoding/json"
	"net/url"

	"bucketwarden/ossenc/alicloud/openapi"
)

const operation = "DescribeKey"

// describeKey asks for one key by any of its names.
func (c *Client) describeKey(ctx context.Context, region, keyID, subject string) (metadata, error) {
	endpoint, err := c.Endpoints.Service("kms", region)
	if err != nil {
		return metadata{}, err
	}
	call := openapi.Call{Endpoint: endpoint, Action: operation, Subject: subject, Query: url.Values{"KeyId": {keyID}}}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return metadata{}, err
	}
	var a struct {
		KeyMetadata struct{ KeyID, KeyState, KeyUsage, KeySpec, DeleteDate string }
	}
	k := &a.KeyMetadata
	if json.Unmarshal(answer.Body, &a) != nil || k.KeyID == "" || k.KeyState == "" {
		return metadata{}, openapi.Unreadable(ctx, call)
	}
	return metadata{k.KeyID, k.KeyState, k.KeyUsage, k.KeySpec, k.DeleteDate}, nil
}
