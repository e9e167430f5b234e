package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// maxEvents is the size of a delivery. EventBridge's events have 256 KB at most.
const maxEvents = 8 << 20

// receiveEvents takes CloudEvents in the structured, binary and batched content
// mode of the HTTP protocol binding, and plain JSON as EventBridge pushes it,
// and answers as the function does for an event trigger. Where one failed the
// status makes the sender send again.
//
// The modes are read here and not by the SDK's protocol/http: that brings zap
// with it, which alone takes 460 KB of heap and 1.1 MB of the binary at every
// start, and it refuses what EventBridge sends.
func (x *exchange) receiveEvents() error {
	body, err := x.read(maxEvents)
	if err != nil {
		return err
	}
	header := x.req.Header
	if x.caller == callerEventBridge { // its signature covers the body and no Ce- header
		header = http.Header{"Content-Type": header.Values("Content-Type")}
	}
	payload, err := payloadOf(header, body)
	if err != nil {
		return err
	}
	return x.results(x.web.service.Batch(x.ctx(), payload), "event")
}

// The media types of the structured and the batched mode. They are known by their
// beginning (HTTP protocol binding 1.0, section 3).
const (
	mediaEvent = "application/cloudevents"
	mediaBatch = "application/cloudevents-batch"
)

// payloadOf returns the delivery as it would arrive at the function by itself.
func payloadOf(h http.Header, body []byte) ([]byte, error) {
	contentType := strings.ToLower(h.Get("Content-Type"))
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return nil, problemf(codeMediaType, "Content-Type is not well-formed")
	}
	switch charset := parameters["charset"]; {
	case charset != "" && charset != "utf-8" && charset != "us-ascii":
		return nil, problemf(codeMediaType, "charset=%.40q: send UTF-8", charset)
	case strings.HasPrefix(media, mediaBatch):
		return body, checkShape(media, body, mediaBatch, '[')
	case strings.HasPrefix(media, mediaEvent):
		return body, checkShape(media, body, mediaEvent, '{')
	case h.Get("Ce-Specversion") != "":
		return binaryEvent(h, media, body)
	}
	return body, nil
}

// checkShape refuses other formats than JSON, and a body that is not what its
// mode says.
func checkShape(media string, body []byte, base string, first byte) error {
	if format := strings.TrimPrefix(media, base); format != "" && format != "+json" {
		return problemf(codeMediaType, "events in %.80q are not read; send %s+json", media, base)
	}
	if !bytes.HasPrefix(strictjson.TrimMark(body), []byte{first}) {
		return problemf(ossenc.Invalid, "the body does not begin with %q, as %s+json does", string(first), base)
	}
	return nil
}

// binaryEvent puts the attributes in the headers and the data in the body into
// one JSON event, so that there is one way to read events.
func binaryEvent(h http.Header, media string, body []byte) ([]byte, error) {
	attributes := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok {
			continue
		}
		value, err := headerValue(h[name])
		if err != nil || slices.Contains([]string{"data", "data_base64", "datacontenttype"}, attribute) {
			return nil, problemf(ossenc.Invalid, "the header %.60q is not one of an event", name)
		}
		attributes[attribute] = value
	}
	if t := h.Get("Content-Type"); t != "" {
		attributes["datacontenttype"] = t
	}
	switch {
	case len(body) == 0:
	case media == "" || media == "application/json" || strings.HasSuffix(media, "+json"):
		attributes["data"] = json.RawMessage(strictjson.TrimMark(body))
	default:
		attributes["data_base64"] = body
	}
	event, err := json.Marshal(attributes)
	if err != nil {
		return nil, problemf(ossenc.Invalid, "the event's data is not JSON: %s", strictjson.Where(err))
	}
	return event, nil
}

var errHeaderValue = errors.New("not the value of an attribute")

// headerValue decodes an attribute (HTTP protocol binding 1.0, section 3.1.3.2):
// a quoted string loses its quotes, and %XX stands for a byte of UTF-8.
func headerValue(values []string) (string, error) {
	if len(values) != 1 {
		return "", errHeaderValue
	}
	s := values[0]
	if n := len(s); n > 1 && s[0] == '"' && s[n-1] == '"' {
		s = unquoted(s[1 : n-1])
	}
	s, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(s) {
		return "", errHeaderValue
	}
	return s, nil
}

// unquoted drops the backslash of each pair.
func unquoted(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
