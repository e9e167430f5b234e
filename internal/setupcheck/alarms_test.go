package setupcheck

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

type alarm struct{ ID, Title, Query, Every, Over, Condition string }

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, name)), v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func alarms(t *testing.T) []alarm {
	t.Helper()
	var all []alarm
	readJSON(t, "docs/setup/alarms.json", &all)
	return all
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// docs/operations.md and docs/setup/alarms.json have the same alarms.
func TestAlarmsAreThoseOfTheDocs(t *testing.T) {
	doc := read(t, "docs/operations.md")
	minutes := strings.NewReplacer("m", " min", "h", " h")
	for _, a := range alarms(t) {
		every := minutes.Replace(a.Every)
		if a.Over != a.Every {
			every += " over " + minutes.Replace(a.Over)
		}
		query := strings.ReplaceAll(placeholder.ReplaceAllString(a.Query, "$1"), "|", `\|`)
		if row := "| " + a.Title + " | `" + query + "` | " + every + " | "; !strings.Contains(doc, row) {
			t.Errorf("docs/operations.md has no row %s", row)
		}
	}
	_, section, _ := strings.Cut(doc, "\n## Alarms\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if rows := strings.Count(section, "\n| ") - 1; rows != len(alarms(t))+1 { // the queue's alarm is not one of the log
		t.Errorf("docs/operations.md has %d alarms, want %d", rows, len(alarms(t))+1)
	}
}

// Terraform makes each alarm with its query, with or without the prefix.
func TestAlarmsOfTerraform(t *testing.T) {
	for _, prefix := range []string{"", "message."} {
		m := evaluate(t, map[string]cty.Value{"action_policy_id": cty.StringVal("x"), "log_prefix": cty.StringVal(prefix)})
		for _, a := range alarms(t) {
			search, sql, _ := strings.Cut(a.Query, "|")
			quote := ""
			if prefix != "" {
				quote = `"`
			}
			want := placeholder.ReplaceAllString(search, prefix+"$1") + "|" + placeholder.ReplaceAllString(sql, quote+prefix+"${1}"+quote)
			r := m.find(t, "log_alert", "this", a.ID)
			list := r.Blocks["query_list"][0]
			if got := list.Text("query"); got != want {
				t.Errorf("%s: %s\nwant %s", a.ID, got, want)
			}
			eval := r.Blocks["severity_configurations"][0].Attrs["eval_condition"].AsValueMap()
			if list.Text("start") != "-"+a.Over || r.Blocks["schedule"][0].Text("interval") != a.Every || eval["condition"].AsString() != a.Condition {
				t.Errorf("%s: %v", a.ID, r.Block)
			}
		}
	}
}

// One run of an alarm is one message, whatever the number of buckets, and the alarm itself
// holds no address: robots and recipients are in the action policy. So DingTalk, which takes 20
// messages a minute, is not flooded by a hundred contested buckets.
func TestAlarmsAreOneMessageARun(t *testing.T) {
	m := evaluate(t, map[string]cty.Value{"action_policy_id": cty.StringVal("to-robots")})
	for _, id := range []string{"contested", "overwrote", "fight", "not-protected"} {
		r := m.find(t, "log_alert", "this", id)
		if got := r.Blocks["group_configuration"][0].Text("type"); got != "no_group" {
			t.Errorf("%s: groups %s", id, got)
		}
		p := r.Blocks["policy_configuration"][0]
		if p.Text("action_policy_id") != "to-robots" || p.Text("repeat_interval") == "" || len(r.Blocks["notification_list"]) != 0 {
			t.Errorf("%s: %v", id, r.Block)
		}
	}
}

// The template of the messages is made once for the account, in the main region. What it makes of
// the rows of each alarm is tested with the function's own log (internal/e2e).
func TestMessageOfAlarms(t *testing.T) {
	on := map[string]cty.Value{"action_policy_id": cty.StringVal("to-robots")}
	r := evaluate(t, on).find(t, "log_resource_record", "message", "0")
	var got, want any
	readJSON(t, "docs/setup/notify/alarm.json", &want)
	if err := json.Unmarshal([]byte(r.Text("value")), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v", r.Text("value"), err)
	}
	if r.Text("resource_name") != "sls.alert.content_template" || r.Text("record_id") != "bucketwarden" || r.Text("tag") != "Bucketwarden" {
		t.Errorf("%v", r.Attrs)
	}
	on["home"] = cty.False
	for _, vars := range []map[string]cty.Value{on, nil} {
		if names := strings.Join(evaluate(t, vars).names(), " "); strings.Contains(names, "log_resource_record") {
			t.Errorf("%v: %s", vars, names)
		}
	}
}

// An alarm compares a column that its query has.
func TestConditionsNameColumns(t *testing.T) {
	for _, a := range alarms(t) {
		column, _, _ := strings.Cut(a.Condition, " ")
		if !strings.Contains(a.Query, " as "+column) {
			t.Errorf("%s: the query has no column %s", a.ID, column)
		}
		if strings.Count(a.Query, "|") != 1 {
			t.Errorf("%s: a query is a search, one |, and SQL", a.ID)
		}
	}
}

type field struct {
	Type     string
	DocValue bool             `json:"doc_value"`
	JSONKeys map[string]field `json:"json_keys"`
}

// The index has every field of the log, both ways, so that no query fails for a
// field that is not indexed.
func TestIndexHasEveryField(t *testing.T) {
	var index struct{ Keys map[string]field }
	readJSON(t, "docs/setup/index.json", &index)
	inMessage := index.Keys["message"].JSONKeys
	delete(index.Keys, "message")
	for name, f := range index.Keys {
		if !f.DocValue || (f.Type == "long") != strings.HasSuffix(name, "_ms") {
			t.Errorf("%s is %+v", name, f)
		}
		if inMessage[name].Type != f.Type || !inMessage[name].DocValue {
			t.Errorf("message.%s is %+v, want as %+v", name, inMessage[name], f)
		}
	}
	if len(inMessage) != len(index.Keys) {
		t.Errorf("message has %v", slices.Sorted(maps.Keys(inMessage)))
	}
	_, section, _ := strings.Cut(read(t, "docs/operations.md"), "\n## Fields\n")
	for line := range strings.Lines(section) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(first, -1) {
			if _, ok := index.Keys[m[1]]; !ok && strings.HasPrefix(line, "| `") {
				t.Errorf("the index has no %s", m[1])
			}
		}
	}
	for _, a := range alarms(t) {
		for _, m := range placeholder.FindAllStringSubmatch(a.Query, -1) {
			if _, ok := index.Keys[m[1]]; !ok {
				t.Errorf("%s: the index has no %s", a.ID, m[1])
			}
		}
	}
	fields := evaluate(t, nil).find(t, "log_store_index", "function", "").Blocks["field_search"]
	if len(fields) != len(index.Keys)+1 {
		t.Errorf("Terraform indexes %d fields, want %d", len(fields), len(index.Keys)+1)
	}
}
