package event

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"bucketwarden/handler/strictjson"
)

// maxRepaired is how many names of repaired attributes a log line lists.
const maxRepaired = 10

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
