package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"bucketwarden/handler/strictjson"
)

// The event types that can report a bucket's creation or its encryption.
const (
	typeBucketCreated = "oss:BucketCreated:PutBucket"
	typeAPICall       = "oss:ActionTrail:ApiCall"
	typeConsole       = "oss:ActionTrail:ConsoleOperation"
	typeService       = "oss:ActionTrail:AliyunServiceEvent"
)

// maxRepaired is how many names of repaired attributes a log line lists.
const maxRepaired = 10

// cloudEvent reads p as the CloudEvents SDK takes it, and reports whether it
// does.
func (d *decoder) cloudEvent(p []byte, depth int) bool {
	var ev cloudevents.Event
	// The SDK's reader takes what is not JSON, and json.Unmarshal would check it twice.
	if !json.Valid(p) || checkEnvelope(p) != "" || ev.UnmarshalJSON(p) != nil || ev.Validate() != nil {
		return false
	}
	d.event(&ev, nil, depth)
	return true
}

// repairedCloudEvent mends what EventBridge is documented to send and the SDK
// refuses, and reads it again.
func (d *decoder) repairedCloudEvent(p []byte, depth int) {
	if why := checkEnvelope(p); why != "" {
		d.reject(Header{}, "not a CloudEvent 1.0: "+why)
		return
	}
	mended, repaired := repair(p)
	var ev cloudevents.Event
	err := json.Unmarshal(mended, &ev)
	if err == nil {
		err = ev.Validate()
	}
	if err != nil {
		// The SDK's text may quote the event, so the attributes are named instead.
		d.reject(Header{}, "not a CloudEvent 1.0: "+missing(mended))
		return
	}
	d.event(&ev, repaired, depth)
}

// missing says which required attribute is not a non-empty string (CloudEvents
// 1.0, section "Required Attributes").
func missing(p []byte) string {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(p, &attributes); err != nil {
		return strictjson.Where(err)
	}
	for _, name := range []string{"id", "source", "specversion", "type"} {
		var s string
		if json.Unmarshal(attributes[name], &s) != nil || s == "" {
			return name + " is missing or not a string"
		}
	}
	return "an attribute has a value that the specification does not allow"
}

// repair returns p without what the SDK refuses and this package does not need: a time
// that is not RFC 3339, and extension attributes that are not scalars or have no
// proper name. It names what it changed.
func repair(p []byte) (mended []byte, repaired []string) {
	var attributes map[string]json.RawMessage
	if json.Unmarshal(p, &attributes) != nil {
		return p, nil
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		switch name {
		case "id", "source", "specversion", "type", "data", "data_base64":
		case "time":
			if fixed, ok := repairTime(value); !ok {
				attributes[name] = fixed
				repaired = append(repaired, name)
			}
		case "subject", "datacontenttype", "dataschema":
			if value[0] != '"' || name == "dataschema" && !isAbsolute(value) {
				delete(attributes, name)
				repaired = append(repaired, name)
			}
		default:
			if !isExtension(name, value) {
				delete(attributes, name)
				repaired = append(repaired, fmt.Sprintf("%.40q", name))
			}
		}
	}
	if attributes["data"] != nil && attributes["datacontenttype"] != nil && attributes["data"][0] != '"' {
		if !isPlainJSON(attributes["datacontenttype"]) {
			delete(attributes, "datacontenttype") // a JSON value is JSON, as its absence says
			repaired = append(repaired, "datacontenttype")
		}
	}
	if n := len(repaired); n > maxRepaired {
		repaired = append(repaired[:maxRepaired], fmt.Sprintf("and %d more", n-maxRepaired))
	}
	mended, err := json.Marshal(attributes)
	if err != nil {
		return p, nil
	}
	return mended, repaired
}

// isPlainJSON reports whether the SDK knows by this content type that data is JSON. It
// does not know application/vnd.x+json or Application/JSON, and takes no JSON value of another type.
func isPlainJSON(value json.RawMessage) bool {
	var s string
	_ = json.Unmarshal(value, &s) // not a string: removed by now
	media, _, _ := strings.Cut(s, ";")
	media = strings.TrimSpace(media)
	return media == "application/json" || media == "text/json" || !isUTF8(charsetOf(s))
}

// isAbsolute reports whether value is a URI with a scheme, as a dataschema must be.
func isAbsolute(value json.RawMessage) bool {
	var s string
	_ = json.Unmarshal(value, &s) // a string
	u, err := url.Parse(s)
	return err == nil && u.IsAbs()
}

// repairTime returns whether value is an RFC 3339 time, and otherwise what to
// use instead: the same instant where a documented zone name follows, or null.
func repairTime(value json.RawMessage) (json.RawMessage, bool) {
	var s string
	_ = json.Unmarshal(value, &s) // no string: no time
	if _, err := time.Parse(time.RFC3339, s); err == nil {
		return value, true
	}
	for _, zone := range []string{"Asia/Shanghai", "PRC"} { // both seen in EventBridge's samples
		local, found := strings.CutSuffix(s, zone)
		if _, err := time.Parse(time.RFC3339, local+"+08:00"); found && err == nil {
			return json.RawMessage(`"` + local + `+08:00"`), false
		}
	}
	return json.RawMessage("null"), false
}

// isExtension reports whether the SDK takes an extension attribute: a name of
// a-z and 0-9, and a string, a boolean or a number of 32 bits.
func isExtension(name string, value json.RawMessage) bool {
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	switch value[0] {
	case '{', '[':
		return false
	case '"', 't', 'f', 'n':
		return true
	}
	var n int32
	return json.Unmarshal(value, &n) == nil
}

// event adds what one CloudEvent asks for.
func (d *decoder) event(ev *cloudevents.Event, repaired []string, depth int) {
	h := Header{ID: ev.ID(), Type: ev.Type(), Time: ev.Time(), Repaired: repaired}
	switch charset := charsetOf(ev.DataContentType()); {
	case ev.SpecVersion() != cloudevents.CloudEventsVersionV1:
		d.reject(h, "the event is a CloudEvent of another version; 1.0 is read")
		return
	case !isUTF8(charset):
		d.reject(h, "the event's data is said to be in another charset; UTF-8 is read")
		return
	case isQueued(ev.Type()):
		d.queued(ev.Data(), h, depth)
		return
	}
	switch ev.Source() {
	case "acs.oss", "acs:oss":
	case "acs.config", "acs:config":
		d.configNotification(ev.Data(), h)
		return
	default:
		d.ignore(h, "the event does not come from OSS (source is not acs.oss)")
		return
	}
	h.Bucket.Region = regionID(extension(ev, "aliyunregionid"))
	h.Bucket.Account = accountID(extension(ev, "aliyunaccountid"))
	if origin := accountID(extension(ev, "aliyunoriginalaccountid")); origin != "" {
		// On a bus that other accounts send to, the other attribute may name the bus's.
		h.Bucket.Account, h.origin = origin, true
	}
	switch ev.Type() {
	case typeBucketCreated:
		d.native(ev.Data(), h, ev.Subject())
	case typeAPICall, typeConsole, typeService:
		d.record(ev.Data(), h, ev.Subject())
	default:
		h.Bucket.Name = first(validNames([]string{subjectField(ev.Subject(), 4)}))
		d.ignore(h, "events of this type do not change a bucket's encryption")
	}
}

func extension(ev *cloudevents.Event, name string) string {
	value, _ := ev.Context.GetExtension(name) // none: no string
	s, _ := value.(string)
	return s
}
