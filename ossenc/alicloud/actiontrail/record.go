package actiontrail

import (
	"encoding/json"
	"slices"
	"time"
)

// record is an element of Events, a free-form map: any member may be missing or
// have another type, and one odd record must not hide the others.
type record struct {
	members map[string]json.RawMessage
}

// UnmarshalJSON takes any value; what is not an object is an empty record.
func (r *record) UnmarshalJSON(b []byte) error {
	_ = json.Unmarshal(b, &r.members)
	return nil
}

func (r record) event() Event {
	who := within(r.members, "userIdentity")
	e := Event{
		ID: r.text("eventId"), Name: r.text("eventName"), ErrorCode: r.text("errorCode"), Region: r.text("acsRegion"),
		Buckets:  r.buckets(),
		UserType: text(who, "type"), UserName: text(who, "userName"), AccountID: text(who, "accountId"), UserAgent: r.text("userAgent"),
	}
	e.Time, _ = time.Parse(time.RFC3339, r.text("eventTime"))
	return e
}

func (r record) text(name string) string { return text(r.members, name) }

// buckets are those of referencedResources, and the newer resourceName.
func (r record) buckets() []string {
	var names []string
	_ = json.Unmarshal(within(r.members, "referencedResources")["ACS::OSS::Bucket"], &names)
	if name := r.text("resourceName"); name != "" && !slices.Contains(names, name) {
		names = append(names, name)
	}
	return names
}

// within returns the members of an object that is a member.
func within(members map[string]json.RawMessage, name string) map[string]json.RawMessage {
	var inner map[string]json.RawMessage
	_ = json.Unmarshal(members[name], &inner)
	return inner
}

// text returns a member that is a string or a number, else "".
func text(members map[string]json.RawMessage, name string) string {
	raw := members[name]
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}
