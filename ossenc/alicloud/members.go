package alicloud

import (
	"bytes"
	"encoding/json"
	"unicode"
)

// maxJSONDepth is more than any answer has, and bounds the memory that the check of one takes.
const maxJSONDepth = 32

// IsAmbiguous reports whether an object in the JSON document has a member twice, by
// the names as encoding/json compares them: it takes the last of two, whatever the
// first one said. A document that is nested deeper than any answer counts as one.
func IsAmbiguous(document []byte) bool {
	d := json.NewDecoder(bytes.NewReader(document))
	var objects []map[string]bool // nil for a list
	isName := false
	for {
		token, err := d.Token()
		if err != nil {
			return false // the document's end, or json.Unmarshal's to refuse
		}
		if len(objects) > maxJSONDepth {
			return true
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				objects, isName = append(objects, map[string]bool{}), true
				continue
			case '[':
				objects, isName = append(objects, nil), false
				continue
			}
			objects = objects[:len(objects)-1]
		case string:
			if isName {
				members, name := objects[len(objects)-1], folded(token)
				if members[name] {
					return true
				}
				members[name], isName = true, false
				continue
			}
		}
		isName = len(objects) > 0 && objects[len(objects)-1] != nil
	}
}

// folded returns the name in the form in which names that encoding/json takes for the
// same are the same.
func folded(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		runes[i] = least
	}
	return string(runes)
}
