package event

import (
	"encoding/json"
	"errors"

	"bucketwarden/ossenc"
)

// ConfigRule is Cloud Config's call of a custom rule: it asks for evaluations and
// takes them by a token.
type ConfigRule struct {
	// Token goes back with the evaluations. It is a secret: who has it can submit
	// evaluations.
	Token string
	// Ordering is the event's own timestamp, digits only; it orders evaluations that
	// arrive late.
	Ordering string
	// Account is the account that is evaluated; empty if the event does not say.
	Account string
	// Periodic asks for all buckets of the account; otherwise Resource is meant.
	Periodic bool
	// ResourceType and ResourceID are what Cloud Config calls the resource, to be
	// repeated in the evaluation. Bucket is the bucket; its name is empty if the
	// resource is not a bucket.
	ResourceType, ResourceID string
	Bucket                   ossenc.Bucket
}

// configCall is the part that is read of the call. The types of numbers drift, so
// they are read as text.
type configCall struct {
	OrderingTimestamp json.RawMessage `json:"orderingTimestamp"`
	ResultToken       string          `json:"resultToken"`
	InvokingEvent     configNotice    `json:"invokingEvent"`
}

// configNotice is what Cloud Config says about one change; a notification is the
// same without the call around it.
type configNotice struct {
	MessageType       string          `json:"messageType"`
	ConfigurationType string          `json:"configurationType"`
	AccountID         json.RawMessage `json:"accountId"`
	Item              configItem      `json:"configurationItem"`
}

type configItem struct {
	AccountID    json.RawMessage `json:"accountId"`
	RegionID     string          `json:"regionId"`
	ResourceID   string          `json:"resourceId"`
	ResourceType string          `json:"resourceType"`
	RuleID       string          `json:"configRuleId"` // of a remediation only
}

// ReadConfigRule reads a call of a custom rule. No error quotes the payload.
//
// Whether a call is periodic follows from what it names, not from its messageType:
// a call for one resource with the type of a periodic one was published.
func ReadConfigRule(payload []byte) (*ConfigRule, error) {
	var c configCall
	if err := readFitting(payload, &c); err != nil {
		return nil, errors.New("the call of the rule is not a JSON object")
	}
	item := c.InvokingEvent.Item
	r := &ConfigRule{
		Token: c.ResultToken, Ordering: digits(c.OrderingTimestamp),
		Account:      firstAccount(item.AccountID, c.InvokingEvent.AccountID),
		Periodic:     item.ResourceID == "" && item.ResourceType == "",
		ResourceType: truncate(item.ResourceType), ResourceID: truncate(item.ResourceID),
	}
	switch {
	case r.Token == "" || len(r.Token) > maxToken:
		return nil, errors.New("the call of the rule has no result token")
	case r.Periodic && c.InvokingEvent.MessageType == "ConfigurationItemChangeNotification":
		return nil, errors.New("the call of the rule is about a change and names no resource")
	case r.Periodic:
		return r, nil
	case r.ResourceType == bucketResource && !ossenc.ValidBucketName(item.ResourceID):
		return nil, errors.New("the call of the rule names no valid bucket")
	case r.ResourceType == bucketResource:
		r.Bucket = ossenc.Bucket{Name: item.ResourceID, Account: r.Account, Region: regionID(item.RegionID)}
	}
	return r, nil
}

// maxToken is far above every token that was published.
const maxToken = 16 << 10

// configItem adds what a remediation or a notification of Cloud Config names.
func (d *decoder) configItem(item configItem, h Header, account json.RawMessage) {
	h.Bucket.Account = firstAccount(item.AccountID, account)
	if item.ResourceType != bucketResource {
		d.ignore(h, "the resource is not an OSS bucket")
		return
	}
	d.notices(Notice{Header: h}, item.RegionID, "", []string{item.ResourceID})
}

// remediation adds one element of the array that a custom remediation receives.
func (d *decoder) remediation(p []byte) {
	var item configItem
	h := Header{Type: "cloud config remediation"}
	if err := readFitting(p, &item); err != nil {
		d.reject(h, "the remediation is not a JSON object")
		return
	}
	d.configItem(item, h, nil)
}

// configNotification adds what a notification of Cloud Config names. It reports
// changes of resources and results of rules; only those that name a bucket ask for
// a check.
func (d *decoder) configNotification(p []byte, h Header) {
	var n configNotice
	if err := readFitting(p, &n); err != nil {
		d.reject(h, "the notification of Cloud Config is not a JSON object")
		return
	}
	if h.Type == "" {
		h.Type = "cloud config " + truncate(n.MessageType)
	}
	if n.Item.ResourceID == "" {
		d.ignore(h, "the notification of Cloud Config names no resource")
		return
	}
	d.configItem(n.Item, h, n.AccountID)
}

// firstAccount returns the first value that is an account's ID, as a number or as
// text, or "".
func firstAccount(values ...json.RawMessage) string {
	for _, v := range values {
		if id := accountID(digits(v)); id != "" {
			return id
		}
	}
	return ""
}

// digits returns a number without a fraction, or text that holds one, else "".
func digits(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) != nil {
		s = string(v)
	}
	if s == "" || len(s) > 20 {
		return ""
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return ""
		}
	}
	return s
}
