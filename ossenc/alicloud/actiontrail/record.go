package actiontrail

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc"
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

// ReadEvents reads records from a file that a trail delivered, or that a log was exported
// to: a JSON array, JSON values one after the other, records under "event" or "Events".
// The error is about the JSON; what is not a record is left out.
func ReadEvents(in io.Reader, each func(Event)) error {
	d := json.NewDecoder(in)
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return errors.New("not JSON")
		}
		if !eachRecord(raw, 0, func(r record) { each(r.event()) }) {
			return errors.New("a record in it is cut off, or too deep")
		}
	}
}

// eachRecord is false where a record is seen that cannot be read: it may be of a change.
func eachRecord(raw json.RawMessage, depth int, each func(record)) bool {
	if depth == maxDepth {
		return !bytes.Contains(raw, []byte("eventName"))
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, one := range list {
			if !eachRecord(one, depth+1, each) {
				return false
			}
		}
		return true
	}
	var inside string
	if json.Unmarshal(raw, &inside) == nil {
		if raw = json.RawMessage(inside); !json.Valid(raw) {
			return !strings.Contains(inside, `"eventName"`)
		}
	}
	var r record
	if json.Unmarshal(raw, &r) != nil {
		return true
	}
	if r.members["eventName"] != nil {
		each(r)
		return true
	}
	for _, name := range []string{"event", "Events"} {
		if within := r.members[name]; within != nil && !eachRecord(within, depth+1, each) {
			return false
		}
	}
	return true
}

func (r record) event() Event {
	who := within(r.members, "userIdentity")
	e := Event{
		ID: r.text("eventId"), Name: r.text("eventName"), ErrorCode: r.text("errorCode"), Region: r.text("acsRegion"),
		Buckets:  r.buckets(),
		Rule:     ossenc.RecordedRule(r.members["requestParameters"], r.members["requestParameterJson"]),
		UserType: text(who, "type"), UserName: text(who, "userName"), AccountID: text(who, "accountId"), Owner: r.text("recipientAccountId"), UserAgent: r.text("userAgent"),
	}
	e.Time, _ = time.Parse(time.RFC3339, r.text("eventTime"))
	return e
}

func (r record) text(name string) string { return text(r.members, name) }

// buckets are those of referencedResources, and the newer resourceName, else that of
// the host that was called.
func (r record) buckets() []string {
	var names []string
	_ = json.Unmarshal(within(r.members, "referencedResources")["ACS::OSS::Bucket"], &names)
	if name := r.text("resourceName"); name != "" && !slices.Contains(names, name) {
		names = append(names, name)
	}
	if host, rest, ok := strings.Cut(r.text("eventSource"), ".oss-"); ok && len(names) == 0 && ossenc.ValidBucketName(host) && strings.HasSuffix(rest, ".aliyuncs.com") {
		names = append(names, host)
	}
	return names
}

// maxDepth is how deep records are searched for.
const maxDepth = 6

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
