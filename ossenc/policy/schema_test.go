package policy_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"bucketwarden/internal/docs"
	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/policytest"
)

const (
	manuals      = "../../docs"
	policySchema = manuals + "/policy.schema.json"
	testSchema   = manuals + "/policy_test.schema.json"
)

// document is a text that is a policy or a file of expectations.
type document struct {
	name string
	data []byte
}

func (d document) isTests() bool { return bytes.Contains(d.data, []byte("tests")) }

// documented returns every YAML and JSON document in docs.
func documented(t *testing.T) []document {
	t.Helper()
	var all []document
	manual, err := os.ReadFile(manuals + "/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```(?:yaml|json)\n(.*?)```").FindAllSubmatch(manual, -1) {
		all = append(all, document{"policy.md", block[1]})
	}
	files, err := filepath.Glob(manuals + "/examples/policy*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, document{f, data})
	}
	if len(all) < 8 {
		t.Fatalf("only %d documents found", len(all))
	}
	return all
}

func TestEveryDocumentedExampleIsRight(t *testing.T) {
	bySchema := map[string][]document{}
	all := documented(t)
	for _, b := range docs.Blocks(t, "docs/policy.md") {
		if !slices.ContainsFunc(all, func(d document) bool { return string(d.data) == b.Text }) {
			t.Errorf("%s is not tested", b.Place())
		}
	}
	for _, d := range all {
		if d.isTests() {
			bySchema[testSchema] = append(bySchema[testSchema], d)
			_, err := policytest.Parse(d.name, d.data)
			if err != nil {
				t.Error(err)
			}
			continue
		}
		bySchema[policySchema] = append(bySchema[policySchema], d)
		if _, err := policy.Parse(d.name, d.data); err != nil {
			t.Error(err)
		}
	}
	for schema, ds := range bySchema {
		for i, answer := range schemaSays(t, schema, ds) {
			if answer != "" {
				t.Errorf("%s, beginning with %.60q: %s", ds[i].name, ds[i].data, answer)
			}
		}
	}
}

// The mistake in the manual is the one of the manual's policy with a key misspelt.
func TestDocs_TheMistake(t *testing.T) {
	manual := documented(t)[0].data
	misspelt := bytes.Replace(manual, []byte("key: payments}"), []byte("key: paymnts}"), 1)
	_, err := policy.Parse("policy.yaml", misspelt)
	if want := docs.Blocks(t, "docs/policy.md")[0].Text; err == nil || !strings.Contains(err.Error()+"\n", want) {
		t.Errorf("got %v, the manual says %s", err, want)
	}
}

func TestSchemaSeesWhatItCanSee(t *testing.T) {
	files, _ := problemCases(t)
	var ds []document
	var refuses []bool
	for _, f := range files {
		comment, _, _ := strings.Cut(string(f.Data), "\n")
		if verb, ok := strings.CutPrefix(comment, "# schema: "); ok {
			ds, refuses = append(ds, document{f.Name, f.Data}), append(refuses, verb == "refuses")
		}
	}
	for i, answer := range schemaSays(t, policySchema, ds) {
		if (answer != "") != refuses[i] {
			t.Errorf("%s: the schema refuses: %t, want %t; it says: %s", ds[i].name, answer != "", refuses[i], answer)
		}
	}
}

// schemaSays returns what a JSON Schema validator says about each document; the
// empty text is a yes.
func schemaSays(t *testing.T, schema string, ds []document) []string {
	t.Helper()
	values := make([]any, len(ds))
	for i, d := range ds {
		var n yaml.Node
		if err := yaml.Unmarshal(d.data, &n); err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		values[i] = asJSON(t, n.Content[0])
	}
	in, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(schema)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-C", "../../internal/schematest", ".", path)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(ds) {
		t.Fatalf("%d answers for %d documents: %v", len(answers), len(ds), err)
	}
	return answers
}

// asJSON returns the value as an editor sees it: YAML 1.2, in which a date is text.
func asJSON(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.AliasNode:
		return asJSON(t, n.Alias)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = asJSON(t, c)
		}
		return list
	case yaml.MappingNode:
		object := map[string]any{}
		for pair := range slices.Chunk(n.Content, 2) {
			object[pair[0].Value] = asJSON(t, pair[1])
		}
		return object
	}
	if n.ShortTag() == "!!timestamp" {
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Each object gets a field that nobody knows, and the message about it lists the
// fields that the parser knows. They must be those of the schema.
func TestSchemaAndParserKnowTheSameFields(t *testing.T) {
	const everyObject = `
version: 1
zz: 1
accounts: [{zz: 1}]
resource_directory: {zz: 1}
rules:
  - zz: 1
    match: {zz: 1}
    want: {zz: 1}
    on_unusable_key: {zz: 1, fallback: {zz: 1}}
  - exempt: {zz: 1}
`
	const everyExpectation = "zz: 1\ntests: [{zz: 1, expect: {zz: 1}}]\n"
	_, policyErr := policy.Parse("p", []byte(everyObject))
	_, testErr := policytest.Parse("t", []byte(everyExpectation))
	encryption := "$defs/encryption"
	for _, tt := range []struct {
		schema string
		err    error
		where  map[string]string // path in the file: path in the schema
	}{
		{policySchema, policyErr, map[string]string{
			"zz": "", "accounts[0].zz": "properties/accounts/items", "resource_directory.zz": "properties/resource_directory", "rules[0].zz": "$defs/rule", "rules[0].match.zz": "$defs/match",
			"rules[0].want.zz": encryption, "rules[0].on_unusable_key.zz": "$defs/rule/properties/on_unusable_key",
			"rules[0].on_unusable_key.fallback.zz": encryption, "rules[1].exempt.zz": "$defs/rule/properties/exempt",
		}},
		{testSchema, testErr, map[string]string{"zz": "", "tests[0].zz": "$defs/test", "tests[0].expect.zz": "$defs/expect"}},
	} {
		known := map[string][]string{}
		for _, p := range tt.err.(policy.Problems) {
			if _, list, ok := strings.Cut(p.Message, "the fields here are "); ok {
				known[p.Path] = slices.Sorted(strings.SplitSeq(list, ", "))
			}
		}
		want := map[string][]string{}
		for path, place := range tt.where {
			want[path] = propertiesAt(t, tt.schema, place)
		}
		if !maps.EqualFunc(known, want, slices.Equal) {
			t.Errorf("%s: the parser knows\n%v\nthe schema\n%v", tt.schema, known, want)
		}
	}
}

func propertiesAt(t *testing.T, schema, place string) []string {
	t.Helper()
	data, err := os.ReadFile(schema)
	if err != nil {
		t.Fatal(err)
	}
	var at map[string]any
	if err := json.Unmarshal(data, &at); err != nil {
		t.Fatal(err)
	}
	for step := range strings.SplitSeq(place, "/") {
		if step != "" {
			at = at[step].(map[string]any)
		}
	}
	if at["additionalProperties"] != false {
		t.Errorf("%s: %s takes unknown fields", schema, place)
	}
	return slices.Sorted(maps.Keys(at["properties"].(map[string]any)))
}

func TestEveryFieldOfTheSchemasIsDescribed(t *testing.T) {
	for _, schema := range []string{policySchema, testSchema} {
		data, err := os.ReadFile(schema)
		if err != nil {
			t.Fatal(err)
		}
		var top map[string]any
		if err := json.Unmarshal(data, &top); err != nil {
			t.Fatal(err)
		}
		if n := describe(t, top, top); n < 10 {
			t.Errorf("%s: only %d fields found", schema, n)
		}
	}
}

// describe reports fields without a description, and returns how many there are.
func describe(t *testing.T, top, at map[string]any) int {
	t.Helper()
	count := 0
	properties, _ := at["properties"].(map[string]any)
	for name, v := range properties {
		field, ok := v.(map[string]any)
		if !ok {
			continue // false: not allowed here
		}
		count++
		target, _ := field["$ref"].(string)
		referred, _ := top["$defs"].(map[string]any)[strings.TrimPrefix(target, "#/$defs/")].(map[string]any)
		if field["description"] == nil && referred["description"] == nil {
			t.Errorf("%s has no description", name)
		}
	}
	for key, v := range at {
		if child, ok := v.(map[string]any); ok && key != "then" && key != "if" {
			count += describe(t, top, child)
		}
	}
	return count
}
