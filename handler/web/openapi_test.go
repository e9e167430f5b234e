package web

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

func TestOpenAPI_SaysWhatThereIs(t *testing.T) {
	web, _ := newWeb(account(), everything)
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage
				Enum       []string
			}
		}
	}
	if err := json.Unmarshal(ask(t, web, "GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for path, methods := range doc.Paths {
		for method := range methods {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range routes {
		real = append(real, r.pattern())
	}
	slices.Sort(documented)
	slices.Sort(real)
	if !slices.Equal(documented, real) {
		t.Errorf("documented %q\nreal %q", documented, real)
	}
	for _, code := range append(ossenc.Codes(), codeUnauthorized, codeForbidden, codeNoRoute, codeMethod, codeAcceptable, codeTooLarge, codeMediaType) {
		if !slices.Contains(doc.Components.Schemas["Code"].Enum, string(code)) {
			t.Errorf("the code %s is not documented", code)
		}
	}
	for schema, target := range map[string]string{"Result": "/buckets/zz-secret/encryption", "Problem": "/buckets/zz-secret/encryption", "Report": "/report?limit=1"} {
		members := decoded[map[string]json.RawMessage](t, ask(t, web, "GET", target, ""))
		if schema == "Result" {
			members = decoded[struct{ Result map[string]json.RawMessage }](t, ask(t, web, "GET", target, "")).Result
		}
		for name := range members {
			if doc.Components.Schemas[schema].Properties[name] == nil {
				t.Errorf("%s has %s, which is not documented", schema, name)
			}
		}
	}
}
