// Package actiontrail asks ActionTrail who changed a bucket's encryption rule.
//
// ActionTrail keeps the events of 90 days of every account, without a trail. What
// it says is advice, never a fact to decide by: an event can be asked for about 10
// minutes after it happened, so the last change is never in an answer; the account
// may ask 2 times a second, its own console included; and everything that describes
// the caller is chosen by the caller.
//
// (Sources: API LookupEvents of 2020-07-06; "Limits"; "How do I set the
// LookupAttribute parameter?")
package actiontrail

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// MaxResults is the most events in one answer.
const MaxResults = 50

// Delay is how long after it happened an event may be asked for.
const Delay = 10 * time.Minute

// Client asks with the credentials of the context's [ossenc.Identity], and is
// answered with the events of its account only. It is safe for concurrent use.
type Client struct {
	// Endpoints says where ActionTrail is in each region; the zero value is the
	// public cloud. Internal means the VPC endpoint.
	Endpoints alicloud.Endpoints

	api openapi.Client
}

// New returns a client that sends over the given transport.
func New(e alicloud.Endpoints, transport http.RoundTripper, fallback func() (ossenc.Credentials, error)) *Client {
	return &Client{e, openapi.Client{Version: "2020-07-06", Transport: transport, Fallback: fallback}}
}

// Query says which events to look for.
type Query struct {
	// Region is the bucket's: an endpoint answers with the events of its own region
	// only.
	Region string
	// Bucket and EventName must both match exactly, such as PutBucketEncryption. Without
	// a bucket the events of all OSS buckets are asked for.
	Bucket, EventName string
	// From and To bound the events' time: at most 90 days, within the last 90.
	From, To time.Time
	// Next is the NextToken of an earlier answer to the same query.
	Next string
}

// Events is one page, the newest event first.
type Events struct {
	Events []Event
	// Next asks for the page behind this one; empty after the last.
	Next string
}

// Event is what of a record is fit to be used and shown. Access keys, addresses and
// principals are left out on purpose. Every text is untrusted: the caller
// chose the session name and the user agent.
type Event struct {
	ID        string // the request ID of the call, the same as the one on the event bus
	Name      string // such as PutBucketEncryption
	Time      time.Time
	ErrorCode string // empty for a call that succeeded
	Region    string
	// Buckets are those that the record names; where it names none, the one in the host
	// that was called.
	Buckets []string
	// Rule is the rule that a PutBucketEncryption wrote, if the record shows it; none
	// otherwise. No source confirms that any record does.
	Rule ossenc.Rule
	// UserType is root-account, ram-user, assumed-role or system.
	UserType string
	// UserName is root, a RAM user's name, or RoleName:SessionName.
	UserName string
	// AccountID is the caller's account, Owner the one that the call was about.
	AccountID, Owner string
	UserAgent        string
}

// texts are all that the record says in words.
func (e Event) texts() []string {
	return append([]string{e.ID, e.Name, e.ErrorCode, e.Region, e.Rule.KMSKeyID, e.UserType, e.UserName, e.AccountID, e.Owner, e.UserAgent}, e.Buckets...)
}

const operation = "LookupEvents"

// Lookup returns one page of the events that q asks for. It never tries again: two
// calls a second are all that the account has.
func (c *Client) Lookup(ctx context.Context, q Query) (Events, error) {
	endpoint, err := c.Endpoints.Service("actiontrail", q.Region)
	if err != nil {
		return Events{}, err
	}
	call := openapi.Call{
		Endpoint: endpoint, Action: operation, Subject: q.subject(),
		Query: q.params(), Once: true,
	}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return Events{}, err
	}
	var a struct {
		Events    *[]record
		NextToken string
	}
	if json.Unmarshal(answer.Body, &a) != nil || a.Events == nil {
		return Events{}, openapi.Unreadable(ctx, call)
	}
	page := Events{Next: a.NextToken}
	for _, r := range *a.Events {
		e := r.event()
		if alicloud.Repeats(ctx, e.texts()...) {
			return Events{}, openapi.Unreadable(ctx, call)
		}
		page.Events = append(page.Events, e)
	}
	return page, nil
}

func (q Query) subject() string {
	if q.Bucket == "" {
		return q.EventName + " events in " + q.Region
	}
	return "events of bucket " + q.Bucket + " in " + q.Region
}

// params are the query's. ResourceName and EventName are one of the few pairs that
// are allowed, ServiceName and EventName another; a third key would be dropped without
// an error.
func (q Query) params() url.Values {
	key, value := "ResourceName", q.Bucket
	if q.Bucket == "" {
		key, value = "ServiceName", "Oss"
	}
	v := url.Values{
		"LookupAttribute.1.Key": {key}, "LookupAttribute.1.Value": {value},
		"LookupAttribute.2.Key": {"EventName"}, "LookupAttribute.2.Value": {q.EventName},
		"StartTime": {utc(q.From)}, "EndTime": {utc(q.To)},
		"Direction": {"BACKWARD"}, "MaxResults": {strconv.Itoa(MaxResults)},
	}
	if q.Next != "" {
		v.Set("NextToken", q.Next)
	}
	return v
}

// utc is the form of the API: no fractions.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
