package kms

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
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
	m, ok := metadataIn(answer)
	if !ok {
		return metadata{}, openapi.Unreadable(ctx, call)
	}
	return m, nil
}

// metadataIn reads a successful answer: one with 200, one value for each member, no
// error in it, and a key ID that has the form of one.
func metadataIn(answer openapi.Answer) (metadata, bool) {
	var a struct {
		Code        string
		KeyMetadata struct{ KeyID, Arn, Creator, KeyState, KeyUsage, KeySpec, DeleteDate string }
	}
	if answer.Status != http.StatusOK || alicloud.IsAmbiguous(answer.Body) || json.Unmarshal(answer.Body, &a) != nil || a.Code != "" {
		return metadata{}, false
	}
	k := a.KeyMetadata
	m := metadata{id: alicloud.ShownKeyID(k.KeyID), creator: k.Creator, state: k.KeyState, usage: k.KeyUsage, spec: k.KeySpec, deleteDate: k.DeleteDate}
	if m.id == "" || m.state == "" {
		return metadata{}, false
	}
	if k.Arn != "" {
		arn, err := ossenc.ParseKeyName(k.Arn)
		if err != nil || arn.ID() != m.id || arn.Region == "" {
			return metadata{}, false
		}
		m.region, m.account = arn.Region, arn.Account
	}
	return m, true
}
