package event

import (
	"bytes"
	"encoding/json"
	"strconv"

	"bucketwarden/handler/strictjson"
)

// tooMany is what a payload with more than maxEvents elements comes to: nothing of
// it is done, because what would be left out cannot be known.
var tooMany = "the payload has more than " + strconv.Itoa(maxEvents) + " elements, however they are nested; nothing of it was done"

// array reads a batch. Its elements are events, or strings that hold one as
// JSON text: what the streaming triggers of message queues send.
func (d *decoder) array(p []byte, depth int) {
	if !json.Valid(p) {
		var v any
		d.reject(Header{}, "the payload is not JSON: "+strictjson.Where(json.Unmarshal(p, &v)))
		return
	}
	before := len(d.events)
	eachElement(p, func(item json.RawMessage) bool {
		var text string
		if item[0] == '"' && json.Unmarshal(item, &text) == nil {
			item = []byte(text)
		}
		d.payload(item, depth+1)
		return !d.full
	})
	if depth > 0 && len(d.events) == before {
		d.reject(Header{}, "an element of the batch is an empty array")
	}
}

// eachElement calls do with each element of a JSON array, one at a time: a million
// elements must not be in memory before they are counted. It ends when do returns
// false, or at an element that is not JSON.
func eachElement(p []byte, do func(json.RawMessage) bool) {
	dec := json.NewDecoder(bytes.NewReader(p))
	if open, err := dec.Token(); err != nil || open != json.Delim('[') {
		return
	}
	for dec.More() {
		var item json.RawMessage
		if dec.Decode(&item) != nil || !do(item) {
			return
		}
	}
}

// isOfObject reports whether this is a record of OSS's or the CDN's own trigger: not
// one of ActionTrail, and not OSS's about a bucket, which are read or refused.
func (s *shape) isOfObject() bool {
	return s.EventName != nil && s.SpecVersion == nil && s.ServiceName == nil && !bytes.HasPrefix(s.EventName, []byte(`"Bucket`))
}

// list reads {"events":[...]}. OSS's and the CDN's own triggers send it, with records
// of objects; and some tools put events into it.
func (d *decoder) list(events json.RawMessage, depth int) {
	objects, others := 0, 0
	eachElement(events, func(item json.RawMessage) bool {
		var s shape
		if json.Unmarshal(item, &s) == nil && s.isOfObject() {
			objects++
		} else {
			others++
		}
		return others == 0
	})
	switch {
	case others > 0:
		d.payload(events, depth+1)
	case objects > 0:
		d.ignore(Header{Type: "oss trigger"}, "OSS's own trigger reports objects, never a bucket")
	default:
		d.reject(Header{}, "events holds no event")
	}
}
