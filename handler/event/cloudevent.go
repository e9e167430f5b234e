package event

import (
	"encoding/json"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
)

// The event types that can report a bucket's creation or its encryption.
const (
	typeBucketCreated = "oss:BucketCreated:PutBucket"
	typeAPICall       = "oss:ActionTrail:ApiCall"
	typeConsole       = "oss:ActionTrail:ConsoleOperation"
	typeService       = "oss:ActionTrail:AliyunServiceEvent"
)

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
