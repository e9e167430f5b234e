package event

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"bucketwarden/handler/strictjson"
)

// queueMembers are the members of data that hold the message of a queue's event,
// whichever queue it is: SMQ and MNS, RocketMQ, RabbitMQ, Kafka, MQTT.
var queueMembers = []string{"body", "messageBody", "value", "message", "payload"}

// isQueued reports whether an event of this type is a message that EventBridge
// routed through a queue, such as mns:Queue:SendMessage or alikafka:Topic:Message.
func isQueued(kind string) bool {
	return strings.HasSuffix(kind, ":SendMessage") || strings.HasSuffix(kind, ":Message")
}

// queued reads the event that a message queue carries. EventBridge's sources deliver
// a message as text, as the JSON that it is, or where decoding is off as Base64.
func (d *decoder) queued(data []byte, outer Header, depth int) {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(data, &fields) // no fields: no message
	for _, m := range queueMembers {
		switch value := fields[m]; {
		case len(value) == 0 || string(value) == "null" || string(value) == `""`:
		case value[0] == '{' || value[0] == '[':
			d.payload(value, depth+1)
			return
		case value[0] == '"':
			var text string
			_ = json.Unmarshal(value, &text) // it was read once
			d.message(text, outer, depth)
			return
		default:
			d.reject(outer, "the queue's message, "+m+", is a JSON "+kindOf(value)+" and not an event")
			return
		}
	}
	d.reject(outer, "a queue's event without a message in it")
}

// message reads the text of a queue's message.
func (d *decoder) message(text string, outer Header, depth int) {
	if isJSONText(text) {
		d.payload([]byte(text), depth+1)
		return
	}
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "").Replace(text), "=")
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || !isJSONText(string(decoded)) {
		d.reject(outer, "the queue's message is neither JSON nor Base64 of it; check the body's format in the event source")
		return
	}
	d.payload(decoded, depth+1)
}

// isJSONText reports whether s begins as an object or an array does.
func isJSONText(s string) bool {
	s = string(strictjson.TrimMark([]byte(s)))
	return s != "" && (s[0] == '{' || s[0] == '[')
}

func kindOf(value json.RawMessage) string {
	switch value[0] {
	case 't', 'f':
		return "boolean"
	}
	return "number"
}
