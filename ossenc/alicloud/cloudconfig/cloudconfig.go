// Package cloudconfig submits evaluations to Cloud Config, the answer to a custom
// rule that runs on Function Compute.
//
// Cloud Config has one endpoint for each site, whatever the bucket's region:
// config.cn-shanghai.aliyuncs.com for the China site and
// config.ap-southeast-1.aliyuncs.com for the international one. Nothing in an
// event says which site it is from.
package cloudconfig

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// The sites, as a setting names them.
const (
	China         = "china"
	International = "international"
)

// Endpoint returns where a site answers, or nil for a name that is not a site.
func Endpoint(site string) *url.URL {
	switch site {
	case China:
		return &url.URL{Scheme: "https", Host: "config.cn-shanghai.aliyuncs.com"}
	case International:
		return &url.URL{Scheme: "https", Host: "config.ap-southeast-1.aliyuncs.com"}
	}
	return nil
}

// BucketType is the resource type of an OSS bucket.
const BucketType = "ACS::OSS::Bucket"

// Evaluation is the result for one resource.
type Evaluation struct {
	AccountID  json.Number `json:"accountId"`
	ResourceID string      `json:"complianceResourceId"`
	Type       string      `json:"complianceResourceType"`
	Region     string      `json:"complianceRegionId"`
	// OrderingTimestamp is the event's own, in ms since 1970; it orders evaluations
	// that arrive late.
	OrderingTimestamp json.Number `json:"orderingTimestamp,omitempty"`
	// Compliance is COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE, IGNORED or INSUFFICIENT_DATA.
	Compliance string `json:"complianceType"`
	Annotation string `json:"annotation,omitempty"`
}

// MaxEvaluations is how many evaluations one call takes. Cloud Config publishes no
// limit; this one is ours.
const MaxEvaluations = 100

// MaxAnnotation is the longest annotation, in bytes. Cloud Config publishes no
// limit; this one is ours.
const MaxAnnotation = 256

// Client submits evaluations with the credentials of the context's
// [ossenc.Identity]. It is safe for concurrent use.
type Client struct {
	endpoint *url.URL
	api      openapi.Client
}

// New returns a client of the service at endpoint; see [Endpoint].
func New(endpoint *url.URL, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{endpoint, openapi.Client{Version: "2020-09-07", Transport: transport, Fallback: fallback}}
}

// Put submits evaluations for the result token of an event, at most
// [MaxEvaluations]. complete says that they are all of the rule's resources:
// Cloud Config then deletes the results of all others. So complete must never go
// with a part of a run.
//
// Submitting the same evaluations again changes nothing, so a failed call is tried
// again. The token is a secret: no error repeats it.
func (c *Client) Put(ctx context.Context, token string, evaluations []Evaluation, complete bool) error {
	list, err := json.Marshal(evaluations)
	if err != nil {
		return &ossenc.Error{Op: operation, Code: ossenc.Invalid, Message: "an evaluation cannot be encoded"}
	}
	call := openapi.Call{
		Endpoint: c.endpoint, Action: operation, Subject: strconv.Itoa(len(evaluations)) + " evaluation(s)",
		Form:    url.Values{"ResultToken": {token}, "Evaluations": {string(list)}},
		Secrets: []string{token},
	}
	if complete {
		call.Form.Set("DeleteMode", "true")
	}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return err
	}
	return accepted(ctx, call, answer.Body)
}

const operation = "PutEvaluations"

// accepted reads {"RequestId":"…","Result":true}.
func accepted(ctx context.Context, call openapi.Call, body []byte) error {
	var a struct {
		RequestID string
		Result    *bool
	}
	switch {
	case alicloud.IsAmbiguous(body) || json.Unmarshal(body, &a) != nil || a.Result == nil:
		return openapi.Unreadable(ctx, call)
	case !*a.Result:
		return &ossenc.Error{Op: operation, Code: ossenc.Unavailable, RequestID: call.Show(ctx, a.RequestID), Message: call.Subject + ": Cloud Config did not accept them"}
	}
	return nil
}
