package event

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"bucketwarden/handler/strictjson"
)

// Limits on what is read. The platform itself caps a payload at 32 MB.
const (
	maxEvents = 10_000    // of a whole payload: EventBridge's largest batch
	maxDepth  = 4         // array in text in an event of a message queue in an array
	maxText   = 200       // characters of an ID or a type that are repeated in answers
	maxEcho   = 256 << 10 // bytes of them in all of an answer
)

// Reader reads payloads. The zero value reads CloudEvents only.
type Reader struct {
	// OwnRole is the name of the RAM role that the function acts with, by which it
	// knows its own writes; empty if unknown.
	OwnRole string
	// Raw lets it read records without an envelope, what EventBridge's schema RawData
	// delivers. The publisher of such a record writes all of the payload.
	Raw bool
	// RawSetting is the name of the setting behind Raw, for reasons.
	RawSetting string
}

// Read returns the events of a payload.
func (r Reader) Read(payload []byte) []Event {
	d := decoder{Reader: r}
	d.payload(payload, 0)
	if d.full {
		return []Event{&Invalid{Header{}, tooMany}}
	}
	d.ignoreDuplicates()
	return d.events
}

type decoder struct {
	Reader

	events []Event
	full   bool // there are more than maxEvents
	echo   int  // bytes of IDs and types so far
}

// add is the one place that counts, so that no nesting gets around the bound.
func (d *decoder) add(e Event) {
	if len(d.events) == maxEvents {
		d.full = true
		return
	}
	h := e.Head()
	h.ID, h.Type = truncate(h.ID), truncate(h.Type)
	if d.echo += len(h.ID) + len(h.Type); d.echo > maxEcho {
		h.ID, h.Type = "...", "..."
	}
	d.events = append(d.events, e)
}

func (d *decoder) ignore(h Header, reason string) { d.add(&Ignored{h, reason}) }

func (d *decoder) reject(h Header, reason string) { d.add(&Invalid{h, reason}) }

// truncate makes what an event says of itself fit for answers and log lines. The
// CloudEvents SDK takes bytes that are not UTF-8.
func truncate(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*maxText+utf8.UTFMax)], "\uFFFD")
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText]) + "..."
	}
	return s
}

func (d *decoder) payload(p []byte, depth int) {
	p = strictjson.TrimMark(p)
	switch {
	case len(p) == 0:
		d.reject(Header{}, "the payload is empty")
	case depth > maxDepth:
		d.reject(Header{}, fmt.Sprintf("the payload is nested more than %d deep", maxDepth))
	case p[0] == '[':
		d.array(p, depth)
	case p[0] == '{':
		d.object(p, depth)
	case bytes.HasPrefix(p, []byte("\xff\xfe")) || bytes.HasPrefix(p, []byte("\xfe\xff")):
		d.reject(Header{}, "the payload is UTF-16; JSON is UTF-8")
	default:
		d.reject(Header{}, "the payload is neither a JSON object nor an array")
	}
}

// shape holds the top-level members that distinguish the events.
type shape struct {
	SpecVersion     json.RawMessage `json:"specversion"`
	ResponseContext json.RawMessage `json:"responseContext"`
	Events          json.RawMessage `json:"events"`
	EventName       json.RawMessage `json:"eventName"`
	ServiceName     json.RawMessage `json:"serviceName"`
	OSS             json.RawMessage `json:"oss"`
	// Of Cloud Config: the call of a rule, a notification, a remediation.
	ResultToken       json.RawMessage `json:"resultToken"`
	InvokingEvent     json.RawMessage `json:"invokingEvent"`
	ConfigurationItem json.RawMessage `json:"configurationItem"`
	ConfigRuleID      json.RawMessage `json:"configRuleId"`
	ResourceType      json.RawMessage `json:"resourceType"`
}

// isRaw reports whether this is a record of ActionTrail or OSS without an envelope.
func (s *shape) isRaw() bool { return s.EventName != nil && (s.ServiceName != nil || s.OSS != nil) }

func (d *decoder) object(p []byte, depth int) {
	// Nearly every payload is a CloudEvent that the SDK takes as it is, so that
	// is tried before anything is parsed twice.
	if bytes.Contains(p, []byte(`"specversion"`)) && d.cloudEvent(p, depth) {
		return
	}
	var s shape
	if err := json.Unmarshal(p, &s); err != nil {
		d.reject(Header{}, "the payload is not a JSON object: "+strictjson.Where(err))
		return
	}
	switch {
	case s.SpecVersion != nil:
		d.repairedCloudEvent(p, depth)
	case s.ResponseContext != nil:
		d.ignore(Header{Type: "async destination record"}, "a record of an asynchronous invocation's destination; to replay it, send its requestPayload")
	case s.Events != nil:
		d.list(s.Events, depth)
	case s.ResultToken != nil && s.InvokingEvent != nil:
		d.reject(Header{Type: "cloud config rule"}, "a call of a Cloud Config rule is a payload of its own")
	case s.ConfigRuleID != nil && s.ResourceType != nil && s.EventName == nil:
		d.remediation(p)
	case s.ConfigurationItem != nil && s.EventName == nil:
		d.configNotification(p, Header{})
	case s.isRaw() && !d.Raw:
		d.reject(Header{}, "a record without an envelope (RawData) is read only with "+cmp.Or(d.RawSetting, "a setting")+"=true; let the trigger use the CloudEvents schema")
	case s.isRaw() && s.ServiceName != nil:
		d.record(p, Header{}, "")
	case s.isRaw():
		d.native(p, Header{}, "")
	default:
		d.reject(Header{}, "the payload is not an event that this function knows")
	}
}

// ignoreDuplicates finds what a batch delivers twice: the same event by CloudEvents
// 1.0, section "id" (source and id), for the same bucket. Only one source gets
// this far.
func (d *decoder) ignoreDuplicates() {
	if len(d.events) < 2 {
		return
	}
	type key struct{ id, kind, bucket string }
	seen := map[key]bool{}
	for i, e := range d.events {
		n, ok := e.(*Notice)
		if !ok || n.ID == "" {
			continue
		}
		k := key{n.ID, n.Type, n.Bucket.Name}
		if seen[k] {
			d.events[i] = &Ignored{n.Header, "a duplicate of an earlier element of this batch (same id)"}
		}
		seen[k] = true
	}
}
