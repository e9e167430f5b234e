package ossenc

import "encoding/json"

// recordDepth is how deep a record is searched for a rule.
const recordDepth = 6

// RecordedRule returns the one rule that the parameters of a recorded PutBucketEncryption
// show, each an object or the JSON text of one; the first that shows any counts. Two rules,
// or one that OSS would not take as it stands, are as good as none. No source
// confirms that any record shows it.
func RecordedRule(parameters ...json.RawMessage) Rule {
	for _, p := range parameters {
		switch found := recordedRules(p, 0); len(found) {
		case 0:
			continue
		case 1:
			return found[0]
		}
		break
	}
	return Rule{}
}

func recordedRules(raw json.RawMessage, depth int) []Rule {
	var inside string
	if json.Unmarshal(raw, &inside) == nil {
		raw = json.RawMessage(inside)
	}
	var members map[string]json.RawMessage
	if depth > recordDepth || json.Unmarshal(raw, &members) != nil {
		return nil
	}
	if _, ok := members["SSEAlgorithm"]; ok {
		text := func(name string) string { return textOf(members[name]) }
		rule, err := NewRule(text("SSEAlgorithm"), text("KMSMasterKeyID"), text("KMSDataEncryption"))
		if err != nil {
			rule = Rule{}
		}
		return []Rule{rule}
	}
	var found []Rule
	for _, m := range members {
		found = append(found, recordedRules(m, depth+1)...)
	}
	return found
}

// textOf returns a string, or the digits of a number; anything else is empty.
func textOf(raw json.RawMessage) string {
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
