package web

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// Every member that a request may have and an answer can have is documented, and none
// besides.
func TestOpenAPI_HasEveryMember(t *testing.T) {
	type schema struct {
		Properties map[string]schema
		Items      *schema
		AllOf      []schema
	}
	var doc struct {
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal([]byte(openAPIDocument), &doc); err != nil {
		t.Fatal(err)
	}
	all := doc.Components.Schemas
	for name, c := range map[string]struct {
		documented schema
		real       reflect.Type
		not        []string // taken by an invocation only, or of the schema that it extends
	}{
		"SweepCommand": {all["SweepCommand"], reflect.TypeFor[service.SweepRequest](), []string{"continue", "fan_out", "run_id", "run"}},
		"Sweep":        {all["Sweep"], reflect.TypeFor[service.SweepResult](), nil},
		"Result":       {all["Result"], reflect.TypeFor[ossenc.Result](), nil},
		"Results":      {all["Results"].Properties["results"].Items.AllOf[1], reflect.TypeFor[service.Result](), nil},
		"Plan":         {all["Plan"], reflect.TypeFor[service.Plan](), nil},
		"Row":          {*all["Plan"].Properties["rows"].Items, reflect.TypeFor[service.PlanRow](), nil},
	} {
		var members []string
		for i := range c.real.NumField() {
			member, _, _ := strings.Cut(c.real.Field(i).Tag.Get("json"), ",")
			if member != "" && member != "-" && !slices.Contains(c.not, member) {
				members = append(members, member)
			}
		}
		slices.Sort(members)
		if documented := slices.Sorted(maps.Keys(c.documented.Properties)); !slices.Equal(documented, members) {
			t.Errorf("%s is documented with\n%q\nand has\n%q", name, documented, members)
		}
	}
}

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
