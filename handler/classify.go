package handler

import (
	"bytes"
	"encoding/json"
	"time"

	"bucketwarden/handler/service"
)

// kind is what a payload is.
type kind int

const (
	events       kind = iota // one or more events, or something unreadable
	httpRequest              // the event of an HTTP trigger
	sweepRequest             // a request for a sweep, by a timer or a person
	configRule               // a call of a Cloud Config rule
)

// class is a payload's kind, and for a sweep the request.
type class struct {
	kind    kind
	sweep   []byte
	byTimer bool
	runID   string // of a timer's sweep, made of the trigger and its time
}

// markers are the members that distinguish the payloads.
type markers struct {
	SpecVersion    json.RawMessage `json:"specversion"` // of CloudEvents
	Version        json.RawMessage `json:"version"`
	RequestContext json.RawMessage `json:"requestContext"`
	TriggerName    json.RawMessage `json:"triggerName"`
	TriggerTime    json.RawMessage `json:"triggerTime"`
	Payload        json.RawMessage `json:"payload"`
	Action         json.RawMessage `json:"action"`
	ResultToken    json.RawMessage `json:"resultToken"`
	InvokingEvent  json.RawMessage `json:"invokingEvent"`
}

// classify says what a payload is. What it does not know is for package event to
// reject.
func classify(payload []byte) class {
	payload = bytes.TrimSpace(payload)
	if len(payload) == 0 || payload[0] != '{' || mustBeEvents(payload) {
		return class{}
	}
	var m markers
	switch {
	case json.Unmarshal(payload, &m) != nil:
		return class{}
	case m.SpecVersion != nil: // whatever else it says: its publisher must not choose what it is
		return class{}
	case m.isHTTP():
		return class{kind: httpRequest}
	case isText(m.ResultToken) && m.InvokingEvent != nil:
		return class{kind: configRule}
	case m.isTimer():
		var body string
		_ = json.Unmarshal(m.Payload, &body) // isTimer has looked
		return class{kind: sweepRequest, sweep: []byte(body), byTimer: true, runID: m.runID()}
	case isText(m.Action):
		return class{kind: sweepRequest, sweep: payload}
	}
	return class{}
}

// mustBeEvents finds a CloudEvent without parsing it: nearly every payload is one.
// What it takes for one by mistake is left to package event, which rejects it.
func mustBeEvents(payload []byte) bool {
	return bytes.Contains(payload, []byte(`"specversion"`)) && !bytes.Contains(payload, []byte(`"requestContext"`))
}

// isHTTP reports whether this is the event of an HTTP trigger, version v1.
func (m *markers) isHTTP() bool {
	var version string
	var request struct {
		HTTP json.RawMessage `json:"http"`
	}
	return json.Unmarshal(m.Version, &version) == nil && version == "v1" &&
		json.Unmarshal(m.RequestContext, &request) == nil && len(request.HTTP) > 0 && request.HTTP[0] == '{'
}

// isTimer reports whether this is the event of a timer trigger.
func (m *markers) isTimer() bool {
	return isText(m.TriggerName) && isText(m.TriggerTime) && // empty in test events
		(len(m.Payload) == 0 || isText(m.Payload) || string(m.Payload) == "null")
}

// runID names the run that a timer starts: one for each time that it fires. Where
// the time cannot be read there is none.
func (m *markers) runID() string {
	var name string
	var at time.Time
	if json.Unmarshal(m.TriggerName, &name) != nil || json.Unmarshal(m.TriggerTime, &at) != nil {
		return ""
	}
	return service.RunID(name, at)
}

func isText(value json.RawMessage) bool { return len(value) > 0 && value[0] == '"' }
