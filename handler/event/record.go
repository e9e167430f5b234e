package event

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// nativeData is the part that is read of the data of oss:BucketCreated:PutBucket.
// Only oss.bucket.name is in the same place in every published sample.
type nativeData struct {
	EventName        string `json:"eventName"`
	Region           string `json:"region"`
	ResponseElements struct {
		RequestID string `json:"requestId"`
	} `json:"responseElements"`
	OSS struct {
		Region string `json:"region"`
		Bucket struct {
			Name          string `json:"name"`
			OwnerIdentity string `json:"ownerIdentity"` // ID of the account
		} `json:"bucket"`
	} `json:"oss"`
}

// native adds a bucket that OSS itself says was created. Without an envelope
// (RawData) h is empty.
func (d *decoder) native(data []byte, h Header, subject string) {
	var n nativeData
	_ = readFitting(data, &n) // what is missing is searched for elsewhere
	if h.Type == "" {
		h.Type, h.ID = "oss:"+n.EventName, n.ResponseElements.RequestID
		if h.Type != typeBucketCreated {
			d.ignore(h, "events of this type do not change a bucket's encryption")
			return
		}
	}
	region := cmp.Or(n.Region, n.OSS.Region)
	h.owner(n.OSS.Bucket.OwnerIdentity)
	d.notices(Notice{Header: h, Created: true}, region, subject, []string{n.OSS.Bucket.Name})
}

// record is the part that is read of an ActionTrail management event.
type record struct {
	EventName           string              `json:"eventName"`
	EventType           string              `json:"eventType"`
	ServiceName         string              `json:"serviceName"`
	ErrorCode           json.RawMessage     `json:"errorCode"`
	ACSRegion           string              `json:"acsRegion"`
	EventSource         string              `json:"eventSource"`
	RequestID           string              `json:"requestId"`
	RecipientAccountID  string              `json:"recipientAccountId"` // whose bucket it is, where another account calls
	UserAgent           string              `json:"userAgent"`
	ReferencedResources map[string][]string `json:"referencedResources"`
	ResourceType        string              `json:"resourceType"`
	ResourceName        string              `json:"resourceName"`
	RequestParameters   struct {
		BucketName string `json:"bucketName"` // in any case
		Bucket     string `json:"bucket"`
	} `json:"requestParameters"`
	UserIdentity struct {
		Type      string      `json:"type"`
		UserName  string      `json:"userName"`
		AccountID json.Number `json:"accountId"` // a number or a string
	} `json:"userIdentity"`
	EventTime string `json:"eventTime"`
}

// shown are the members of a record that may show the rule, in their order.
type shown struct {
	Parameters json.RawMessage `json:"requestParameters"`
	Text       json.RawMessage `json:"requestParameterJson"`
}

// readFitting reads an object and leaves out what does not fit: the types of
// fields drift between the documents and the events that arrive.
func readFitting(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if misfit, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && misfit.Field != "" {
		return nil // encoding/json has read all the rest
	}
	return err
}

// record adds the buckets of an ActionTrail record. Without an envelope
// (RawData) h is empty.
func (d *decoder) record(data []byte, h Header, subject string) {
	var r record
	if err := readFitting(data, &r); err != nil {
		d.reject(h, "data is not an ActionTrail record")
		return
	}
	if h.Type == "" {
		h.Type, h.ID = "oss:ActionTrail:"+r.EventType, r.RequestID
	}
	h.owner(r.RecipientAccountID)
	n := Notice{Header: h, Trigger: r.trigger(h)}
	switch {
	case isOtherKind(r.EventName):
		d.ignore(h, "table, vector and agentic buckets are outside of this function: they have an encryption setting of their own")
		return
	case r.ServiceName != "" && !strings.EqualFold(r.ServiceName, "oss"):
		d.ignore(h, "the recorded call is not one to OSS")
		return
	case r.failed():
		// A failed PutBucket may name a bucket that belongs to another account.
		h.Bucket = ossenc.Bucket{Name: first(r.names(subject)), Account: h.Bucket.Account, Region: firstRegion(r.ACSRegion, h.Bucket.Region)}
		d.ignore(h, "the recorded call failed (errorCode), so it changed nothing")
		return
	}
	switch r.EventName {
	case "PutBucket", "CreateBucket":
		n.Created = true
	case "PutBucketEncryption":
		n.OwnWrite = r.ours(d.OwnRole)
		n.Trigger.Rule = ruleOf(data)
	case "DeleteBucketEncryption":
	default:
		d.ignore(h, "the recorded call does not change a bucket's encryption")
		return
	}
	d.notices(n, r.ACSRegion, subject, r.names(subject))
}

// trigger returns who made the call, as far as it may be shown.
func (r *record) trigger(h Header) *ossenc.Trigger {
	t := &ossenc.Trigger{Actor: r.call(h.Bucket.Account).Actor(), Call: r.EventName, At: h.Time.UTC(), ID: truncate(r.RequestID)}
	if at, err := time.Parse(time.RFC3339, r.EventTime); err == nil {
		t.At = at.UTC()
	}
	return t
}

// ruleOf returns the rule that a record shows; none if it shows none.
func ruleOf(data []byte) ossenc.Rule {
	var s shown
	_ = json.Unmarshal(data, &s)
	return ossenc.RecordedRule(s.Parameters, s.Text)
}

func (r *record) call(owner string) ossenc.Call {
	who := r.UserIdentity
	return ossenc.Call{UserType: who.Type, UserName: who.UserName, AccountID: who.AccountID.String(), UserAgent: r.UserAgent, Owner: owner}
}

// isOtherKind reports whether a call is about buckets that are not buckets of objects,
// such as PutTableBucketEncryption: their rules are set by APIs of their own.
func isOtherKind(call string) bool {
	for _, kind := range []string{"TableBucket", "VectorBucket", "AgenticBucket"} {
		if strings.Contains(call, kind) {
			return true
		}
	}
	return false
}

func (r *record) failed() bool {
	s := string(r.ErrorCode)
	return s != "" && s != "null" && s != `""`
}

// ours reports whether the function itself made the call. The user agent can be
// forged, so it never makes a bucket compliant: it only turns a would-be write
// into a visible failure. A person's command has another product token, bw-cli/...,
// and its writes are handled like those of any other person.
func (r *record) ours(ownRole string) bool {
	if slices.Contains(products(r.UserAgent), ossenc.UserAgent) {
		return true
	}
	return r.call("").HasRole(ownRole)
}

// products returns the words of a user agent, without what separates them.
func products(userAgent string) []string {
	return strings.FieldsFunc(userAgent, func(r rune) bool { return strings.ContainsRune("/ ();,", r) })
}
