package setupcheck

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

const root = "../.."

var module = filepath.Join(root, "docs/setup/terraform")

func schema(t *testing.T) Schema {
	t.Helper()
	s, err := ReadSchema("testdata/alicloud-1.289.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func texts(all ...string) cty.Value {
	values := []cty.Value{cty.StringVal("")}[:0]
	for _, s := range all {
		values = append(values, cty.StringVal(s))
	}
	return cty.SetVal(values)
}

// robots are the four addresses, invented.
var robots = map[string]string{
	"dingtalk": "https://oapi.dingtalk.example/robot/send?access_token=EXAMPLE",
	"feishu":   "https://open.feishu.example/open-apis/bot/v2/hook/EXAMPLE",
	"wecom":    "https://qyapi.weixin.example/cgi-bin/webhook/send?key=EXAMPLE",
	"slack":    "https://hooks.slack.example/services/T/B/EXAMPLE",
}

// everything is every variable that switches something on.
func everything() map[string]cty.Value {
	urls := map[string]cty.Value{}
	for name, url := range robots {
		urls[name] = cty.StringVal(url)
	}
	return map[string]cty.Value{
		"region":           cty.StringVal("ap-southeast-1"),
		"capabilities":     texts("accounts", "config", "continue", "directory", "keys", "remove", "tags", "trail"),
		"deploy_function":  cty.True,
		"settings":         cty.MapVal(map[string]cty.Value{"WARDEN_MODE": cty.StringVal("report")}),
		"log_prefix":       cty.StringVal("message."),
		"action_policy_id": cty.StringVal("on-call"),
		"contact_groups":   cty.ListVal([]cty.Value{cty.StringVal("on-call")}),
		"failures_to":      cty.StringVal("bus"),
		"robots":           texts(slices.Collect(maps.Keys(robots))...),
		"robot_urls":       cty.MapVal(urls),
		"dingtalk_secret":  cty.StringVal("EXAMPLE"),
		"mail":             cty.ObjectVal(map[string]cty.Value{"from": cty.StringVal("a@example.com"), "to": cty.StringVal("b@example.com")}),
	}
}

func evaluate(t *testing.T, vars map[string]cty.Value) *Module {
	t.Helper()
	m, err := Evaluate(module, schema(t), vars)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Problems {
		t.Error(p)
	}
	return m
}

// names are the resources of a module: type.name[key].
func (m *Module) names() []string {
	var all []string
	for _, r := range m.Resources {
		all = append(all, strings.TrimPrefix(r.Type, "alicloud_")+"."+r.Name+"["+r.Key+"]")
	}
	slices.Sort(all)
	return all
}

func (m *Module) find(t *testing.T, typ, name, key string) *Resource {
	t.Helper()
	for _, r := range m.Resources {
		if r.Type == "alicloud_"+typ && r.Name == name && r.Key == key {
			return r
		}
	}
	t.Fatalf("no %s.%s[%s] among %v", typ, name, key, m.names())
	return nil
}

// What each choice creates: by default nothing that Serverless Devs owns.
func TestWhatTerraformCreates(t *testing.T) {
	region := []string{
		"log_project.this[]", "log_store.function[]", "log_store_index.function[]", "message_service_queue.dead_letters[]",
	}
	home := append([]string{
		"ram_policy.function[bucketwarden]", "ram_role.function[0]", "ram_role_policy_attachment.function[bucketwarden]",
	}, region...)
	function := []string{
		"fcv3_async_invoke_config.this[bucketwarden]", "fcv3_function.this[bucketwarden]",
		"fcv3_trigger.this[bucket-calls]", "fcv3_trigger.this[bucket-created]", "fcv3_trigger.this[http]",
	}
	tests := []struct {
		name     string
		vars     map[string]cty.Value
		want     []string
		warnings int
	}{
		{"by default", nil, home, 0},
		{"in a further region", map[string]cty.Value{"home": cty.False}, region, 0},
		{"with the function", map[string]cty.Value{"deploy_function": cty.True}, slices.Concat(home, function, []string{"fcv3_trigger.this[nightly-sweep]"}), 1},
		{"with the function in a further region", map[string]cty.Value{"deploy_function": cty.True, "home": cty.False}, slices.Concat(region, function), 1},
		{"with robots that no bus feeds", map[string]cty.Value{"robots": texts("slack")}, home, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := evaluate(t, test.vars)
			slices.Sort(test.want)
			if got := m.names(); !slices.Equal(got, test.want) {
				t.Errorf("got  %v\nwant %v", got, test.want)
			}
			if len(m.Warnings) != test.warnings {
				t.Errorf("%d warnings, want %d: %v", len(m.Warnings), test.warnings, m.Warnings)
			}
		})
	}
}

// With everything on, every block of the files was evaluated, so that none can
// hide a mistake.
func TestEverything(t *testing.T) {
	m := evaluate(t, everything())
	blocks, err := parse(module)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		if b.Type == "resource" && !slices.ContainsFunc(m.Resources, func(r *Resource) bool { return r.Type == b.Labels[0] && r.Name == b.Labels[1] }) {
			t.Errorf("%v was not evaluated", b.Labels)
		}
	}
	policies, err := filepath.Glob(filepath.Join(root, "docs/ram/policy-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range policies {
		key := "bucketwarden-" + strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "policy-"), ".json")
		if key == "bucketwarden-member" {
			continue // the role in another account
		}
		p := m.find(t, "ram_policy", "function", key)
		want, err := os.ReadFile(name)
		if err != nil || p.Text("policy_document") != string(want) {
			t.Errorf("%s is not the document of %s: %v", name, key, err)
		}
	}
}

// The function is what s.yaml says, with the variables put in.
func TestFunctionIsThatOfServerlessDevs(t *testing.T) {
	m := evaluate(t, everything())
	f := m.find(t, "fcv3_function", "this", "bucketwarden")
	for name, want := range map[string]string{
		"runtime": "go1", "handler": "main", "cpu": "0.1", "memory_size": "128", "timeout": "300", "role": "acs:ram::" + Account + ":role/bucketwarden",
	} {
		if got := f.Text(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	env := f.Attrs["environment_variables"].AsValueMap()
	if env["WARDEN_MODE"].AsString() != "report" || env["WARDEN_ROLE_NAME"].AsString() != "bucketwarden" {
		t.Errorf("settings are %v", env)
	}
	a := m.find(t, "fcv3_async_invoke_config", "this", "bucketwarden")
	got := a.Blocks["destination_config"][0].Blocks["on_failure"][0].Text("destination")
	if want := "acs:eventbridge:ap-southeast-1:" + Account + ":eventbus/bucketwarden"; got != want || m.Outputs["destination"].AsString() != want {
		t.Errorf("failures go to %s (output %v), want %s", got, m.Outputs["destination"], want)
	}
	trigger := m.find(t, "fcv3_trigger", "this", "bucket-calls")
	var config struct {
		EventRuleFilterPattern string
		RunOptions             struct{ DeadLetterQueue struct{ Arn string } }
	}
	if err := json.Unmarshal([]byte(trigger.Text("trigger_config")), &config); err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(config.EventRuleFilterPattern)) || config.RunOptions.DeadLetterQueue.Arn != "acs:mns:ap-southeast-1:"+Account+":/queues/bucketwarden-dead-letters" {
		t.Errorf("the trigger is %s", trigger.Text("trigger_config"))
	}
	for _, r := range m.Resources {
		for name := range r.Attrs {
			if strings.Contains(r.Text(name), "${vars") {
				t.Errorf("%s.%s: %s has a variable of Serverless Devs left", r.Type, r.Name, name)
			}
		}
	}
	// Without a bus, failures go where s.yaml sends them.
	m = evaluate(t, map[string]cty.Value{"deploy_function": cty.True})
	s, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	want := strings.NewReplacer("cn-hangzhou", "${vars.region}", Account, "${vars.account}").Replace(m.Outputs["destination"].AsString())
	if err != nil || !strings.Contains(string(s), "destination: "+want) {
		t.Errorf("s.yaml does not send failures to %s: %v", want, err)
	}
}

// Each kind of mistake is found, so that the absence of problems means something.
func TestMistakesAreFound(t *testing.T) {
	tests := []struct{ name, file, from, to, want string }{
		{"a misspelt argument", "main.tf", "queue_name ", "queue_nmae ", `main.tf:\d+: the provider has no argument queue_nmae`},
		{"a missing argument", "alarms.tf", "  project_name      = alicloud_log_project.this.project_name\n", "", `alarms.tf:\d+: project_name is missing`},
		{"a deprecated argument", "main.tf", `  role_name                   = "b`, `  name = "b`, `main.tf:\d+: name is deprecated`},
		{"an argument that the provider sets", "main.tf", "shard_count      = 1", `create_time = "1"`, `create_time is set by the provider`},
		{"a misspelt nested argument", "notify.tf", "resource_key", "resource_keys", `no argument resource_keys`},
		{"a misspelt block", "function.tf", "on_failure {", "on_failures {", `no argument on_failures`},
		{"a block in place of an argument", "main.tf", "shard_count      = 1", "shard_count {}", `shard_count is an argument, not a block`},
		{"a wrong type", "alarms.tf", "auto_annotation   = true", `auto_annotation = "yes please"`, `auto_annotation: a bool is required`},
		{"an unknown resource type", "main.tf", `"alicloud_log_store" "function"`, `"alicloud_log_shop" "function"`, `no resource alicloud_log_shop`},
		{"an unknown variable", "main.tf", "var.log_days", "var.log_day", `Unsupported attribute`},
		{"an unknown local", "notify.tf", "local.robots :", "local.robot :", `does not exist`},
		{"a reference to a resource that is not there", "alarms.tf", "alicloud_log_store_index.function", "alicloud_log_store_index.functions", `does not exist`},
		{"a circle", "main.tf", `queue = "bucketwarden-dead-letters"`, `queue = local.destination`, `or to itself`},
		{"an unknown function", "main.tf", "jsondecode(", "jsondecodes(", `unknown function`},
		{"a file that is not there", "main.tf", "trust.json", "trusts.json", `no such file`},
		{"a sensitive for_each", "notify.tf", `if robot == "dingtalk"`, `if robot == "dingtalk" && var.robot_urls != {}`, `must not depend on the sensitive var.robot_urls`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := copyTree(t, test.file, test.from, test.to)
			m, err := Evaluate(dir, schema(t), everything())
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(test.want).MatchString(strings.Join(m.Problems, "\n")) {
				t.Errorf("want %s, found %q", test.want, m.Problems)
			}
		})
	}
}

func TestWrongVariablesAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		value cty.Value
		want  string
	}{
		{"capabilities", texts("everything"), "A capability is one of"},
		{"robots", texts("telegram"), "A robot is one of"},
		{"failures_to", cty.StringVal("nowhere"), "failures_to is queue or bus"},
		{"log_prefix", cty.StringVal("msg."), "log_prefix is empty or message"},
		{"home", cty.StringVal("perhaps"), "a bool is required"},
		{"regoin", cty.StringVal("cn-hangzhou"), "no variable regoin"},
	}
	for _, test := range tests {
		m, err := Evaluate(module, schema(t), map[string]cty.Value{test.name: test.value})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(m.Problems, "\n"), test.want) {
			t.Errorf("%s: want %q, found %q", test.name, test.want, m.Problems)
		}
	}
}

// The capabilities that the variable allows are the files that there are.
func TestCapabilitiesAreThePolicies(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(module, "variables.tf"))
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`setsubtract\(var.capabilities, \[([^\]]*)\]`).FindStringSubmatch(string(b))[1]
	files, err := filepath.Glob(filepath.Join(root, "docs/ram/policy-*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		name = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "policy-"), ".json")
		if name != "member" && !strings.Contains(list, `"`+name+`"`) {
			t.Errorf("var.capabilities does not allow %s: %s", name, list)
		}
	}
	if n := strings.Count(list, ",") + 1; n != len(files)-1 {
		t.Errorf("%d capabilities, %d files", n, len(files)-1)
	}
}

// copyTree copies what the module reads and changes one file of it.
func copyTree(t *testing.T, file, from, to string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"docs/setup", "docs/ram"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))); err != nil {
			t.Fatal(err)
		}
	}
	s, err := fs.ReadFile(os.DirFS(root), "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), s, 0o600); err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(dir, "docs/setup/terraform")
	name := filepath.Join(module, file)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(b), from, to)
	if changed == string(b) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(name, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return module
}
