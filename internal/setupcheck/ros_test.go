package setupcheck

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	ctyyaml "github.com/zclconf/go-cty-yaml"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// What the classes of ROS's own CDK know of each type; a * marks what is required.
// npm: @alicloud/ros-cdk-ros 1.11.0, @alicloud/ros-cdk-core 1.12.0.
var rosProperties = map[string]string{
	"ALIYUN::ROS::StackGroup": "StackGroupName* AdministrationRoleName AutoDeployment Description DynamicTemplateBody ExecutionRoleName Parameters " +
		"PermissionModel ResourceGroupId TemplateBody TemplateId TemplateUrl TemplateVersion",
	"ALIYUN::ROS::StackInstances": "StackGroupName* RegionIds* AccountIds DeploymentTargets DisableRollback OperationDescription OperationPreferences " +
		"ParameterOverrides RetainStacks TimeoutInMinutes",
	// No class on npm: from ROS's documents.
	"ALIYUN::RAM::Role": "RoleName* AssumeRolePolicyDocument* Policies Description MaxSessionDuration DeletionForce PolicyAttachments",
}

type template struct {
	Version    string `json:"ROSTemplateFormatVersion"`
	Parameters map[string]any
	Resources  map[string]struct {
		Type       string
		DependsOn  string
		Properties map[string]any
	}
}

func ros(t *testing.T, name string) template {
	t.Helper()
	text := []byte(read(t, "docs/setup/ros/"+name))
	typ, err := ctyyaml.Standard.ImpliedType(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	v, err := ctyyaml.Standard.Unmarshal(text, typ)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	b, err := ctyjson.Marshal(v, typ)
	if err != nil {
		t.Fatal(err)
	}
	return decodeTemplate(t, b)
}

func decodeTemplate(t *testing.T, b []byte) template {
	t.Helper()
	var out template
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// check is everything that is known to be wrong with a template.
func (r template) check() []string {
	var problems []string
	if r.Version != "2015-09-01" {
		problems = append(problems, "the version is "+r.Version)
	}
	for name, res := range r.Resources {
		known, ok := rosProperties[res.Type]
		if !ok {
			problems = append(problems, name+": unknown type "+res.Type)
			continue
		}
		for _, p := range strings.Fields(known) {
			if p, required := strings.CutSuffix(p, "*"); required && res.Properties[p] == nil {
				problems = append(problems, name+": "+p+" is missing")
			}
		}
		for p := range res.Properties {
			if !slices.Contains(strings.Fields(strings.ReplaceAll(known, "*", "")), p) {
				problems = append(problems, name+": no property "+p)
			}
		}
		if res.DependsOn != "" && r.Resources[res.DependsOn].Type == "" {
			problems = append(problems, name+": depends on "+res.DependsOn)
		}
		b, _ := json.Marshal(res.Properties)
		for _, part := range strings.Split(string(b), `{"Ref":"`)[1:] {
			if ref, _, _ := strings.Cut(part, `"`); r.Parameters[ref] == nil {
				problems = append(problems, name+": no parameter "+ref)
			}
		}
	}
	return problems
}

func TestROSTemplates(t *testing.T) {
	member, group := ros(t, "member.yaml"), ros(t, "stack-group.yaml")
	for name, r := range map[string]template{"member.yaml": member, "stack-group.yaml": group} {
		for _, p := range r.check() {
			t.Errorf("%s: %s", name, p)
		}
	}
	properties := group.Resources["Group"].Properties
	b, err := json.Marshal(properties["TemplateBody"])
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(decodeTemplate(t, b), member) {
		t.Error("the template in stack-group.yaml is not member.yaml")
	}
	for p := range properties["Parameters"].(map[string]any) {
		if member.Parameters[p] == nil {
			t.Errorf("the inner template has no parameter %s", p)
		}
	}
	if group.Resources["Instances"].Properties["StackGroupName"] != properties["StackGroupName"] {
		t.Error("the instances are of another group")
	}
}

// The role is the one of docs/ram.
func TestROSRoleIsThatOfTheFiles(t *testing.T) {
	role := ros(t, "member.yaml").Resources["Role"].Properties
	var trust, policy any
	readJSON(t, "docs/ram/trust-member.json", &trust)
	readJSON(t, "docs/ram/policy-member.json", &policy)
	b, err := json.Marshal(role["AssumeRolePolicyDocument"])
	if err != nil {
		t.Fatal(err)
	}
	joined := `{"Fn::Join":["",["acs:ram::",{"Ref":"FunctionAccountId"},":role/bucketwarden"]]}`
	if !strings.Contains(string(b), joined) {
		t.Fatalf("the trust is %s", b)
	}
	var got any
	if err := json.Unmarshal([]byte(strings.Replace(string(b), joined, `"acs:ram::1234567890123456:role/bucketwarden"`, 1)), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, trust) {
		t.Errorf("the trust is %v, want %v", got, trust)
	}
	inline := role["Policies"].([]any)[0].(map[string]any)["PolicyDocument"]
	if !reflect.DeepEqual(inline, policy) {
		t.Errorf("the policy is %v, want %v", inline, policy)
	}
}

func TestMistakesInROSAreFound(t *testing.T) {
	text := `{"ROSTemplateFormatVersion":"2015-09-01","Parameters":{"A":{}},"Resources":{"G":{"Type":"ALIYUN::ROS::StackGroup","DependsOn":"X",` +
		`"Properties":{"StackGroupNmae":{"Ref":"B"}}},"Y":{"Type":"ALIYUN::ROS::Stacks"}}}`
	got := strings.Join(decodeTemplate(t, []byte(text)).check(), "\n")
	for _, want := range []string{"StackGroupName is missing", "no property StackGroupNmae", "depends on X", "no parameter B", "unknown type ALIYUN::ROS::Stacks"} {
		if !strings.Contains(got, want) {
			t.Errorf("not found: %s\n%s", want, got)
		}
	}
}
