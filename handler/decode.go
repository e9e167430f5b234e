package handler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// Limits on what is read. The platform itself caps a payload at 32 MB.
const (
	maxElements = 10_000 // EventBridge's largest batch
	maxDepth    = 4      // array in text in an event of a message queue in an array
	maxText     = 200    // characters of an id or a type that are repeated in answers
)

// element is one thing that arrived: a bucket to look at, or a verdict already.
type element struct {
	id, kind string // the event's id and type, as far as it has any
	time     time.Time
	bucket   ossenc.Bucket
	created  bool
	ownWrite bool
	task     *ossenc.Task // what HTTP asks for; nil for events, which ask for what is wanted
	repaired []string     // what had to be mended before the CloudEvents SDK took it

	// Set where there is nothing to do (Ignored) or nothing to be done (Rejected).
	verdict ossenc.Verdict
	reason  string
}

func (e element) result() ossenc.Result {
	r := ossenc.Result{Bucket: e.bucket.Name, Region: e.bucket.Region, Verdict: e.verdict, Reason: e.reason}
	if e.verdict == ossenc.Rejected {
		r.Code = ossenc.Invalid
	}
	return r
}

func (e element) ignored(reason string) element {
	e.verdict, e.reason = ossenc.Ignored, reason
	return e
}

func (e element) rejected(reason string) element {
	e.verdict, e.reason = ossenc.Rejected, reason
	return e
}

// decode reads a payload of any trigger into elements. It never fails: what it
// cannot read is an element with the verdict Rejected.
func decode(payload []byte, ownRole string) []element {
	d := decoder{ownRole: ownRole}
	d.payload(bytes.TrimSpace(payload), 0)
	return d.withoutDuplicates()
}

type decoder struct {
	ownRole  string
	elements []element
}

func (d *decoder) add(e element) {
	e.id, e.kind = clip(e.id), clip(e.kind)
	d.elements = append(d.elements, e)
}

// clip makes what an event says of itself fit for answers and log lines. The
// CloudEvents SDK takes bytes that are no UTF-8.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "..."
	}
	return s
}

func (d *decoder) reject(reason string) { d.add(element{}.rejected(reason)) }

func (d *decoder) payload(p []byte, depth int) {
	switch {
	case len(p) == 0:
		d.reject("the payload is empty")
	case depth > maxDepth:
		d.reject(fmt.Sprintf("the payload is nested more than %d deep", maxDepth))
	case p[0] == '[':
		d.array(p, depth)
	case p[0] == '{':
		d.object(p, depth)
	default:
		d.reject("the payload is neither a JSON object nor an array")
	}
}

// array reads a batch. Its elements are events, or strings that hold one as
// JSON text: what the streaming triggers of message queues send.
func (d *decoder) array(p []byte, depth int) {
	var items []json.RawMessage
	if err := json.Unmarshal(p, &items); err != nil {
		d.reject("the payload is not JSON: " + strictjson.Where(err))
		return
	}
	if len(items) > maxElements {
		d.reject(fmt.Sprintf("the batch has %d elements, more than %d", len(items), maxElements))
		return
	}
	for _, item := range items {
		var text string
		if json.Unmarshal(item, &text) == nil {
			item = bytes.TrimSpace([]byte(text))
		}
		d.payload(item, depth+1)
	}
}

// shape holds the top-level members that tell the payloads apart.
type shape struct {
	SpecVersion     json.RawMessage `json:"specversion"`
	ResponseContext json.RawMessage `json:"responseContext"`
	TriggerName     json.RawMessage `json:"triggerName"`
	TriggerTime     json.RawMessage `json:"triggerTime"`
	Events          json.RawMessage `json:"events"`
	EventName       json.RawMessage `json:"eventName"`
	ServiceName     json.RawMessage `json:"serviceName"`
	OSS             json.RawMessage `json:"oss"`
}

func (d *decoder) object(p []byte, depth int) {
	// Nearly every payload is a CloudEvent that the SDK takes as it is, so that
	// is tried before anything is looked at twice.
	if bytes.Contains(p, []byte(`"specversion"`)) && d.cloudEvent(p, depth) {
		return
	}
	var s shape
	if err := json.Unmarshal(p, &s); err != nil {
		d.reject("the payload is not a JSON object: " + strictjson.Where(err))
		return
	}
	switch {
	case s.SpecVersion != nil:
		d.repairedCloudEvent(p, depth)
	case s.ResponseContext != nil:
		d.add(element{kind: "async destination record"}.ignored("a record of an asynchronous invocation's destination; to replay it, send its requestPayload"))
	case s.Events != nil:
		d.add(element{kind: "oss trigger"}.ignored("OSS's own trigger tells of objects, never of a bucket"))
	case s.EventName != nil && s.ServiceName != nil:
		d.record(p, element{}, "")
	case s.EventName != nil && s.OSS != nil:
		d.native(p, element{}, "")
	default:
		d.reject("the payload is no event that this function knows")
	}
}

// withoutDuplicates marks what a batch delivers twice: the same event by
// CloudEvents 1.0, section "id" (source and id), for the same bucket. Only one
// source gets this far.
func (d *decoder) withoutDuplicates() []element {
	if len(d.elements) < 2 {
		return d.elements
	}
	type key struct{ id, kind, bucket string }
	seen := map[key]bool{}
	for i, e := range d.elements {
		k := key{e.id, e.kind, e.bucket.Name}
		if e.id == "" || e.verdict != "" {
			continue
		}
		if seen[k] {
			d.elements[i] = e.ignored("a duplicate of an earlier element of this batch (same id)")
		}
		seen[k] = true
	}
	return d.elements
}
