package e2e

import (
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"
)

// cut returns a member of a JSON object as it is.
func cut(ts *testscript.TestScript, object, name string) []byte {
	var members map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(object), &members))
	if members[name] == nil {
		ts.Fatalf("no member %s in %s", name, object)
	}
	return members[name]
}
