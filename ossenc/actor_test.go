package ossenc

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestActor(t *testing.T) {
	for _, c := range []struct {
		name string
		call Call
		want Actor
		text string
	}{
		{
			"TerraformInline",
			Call{UserType: "ram-user", UserName: "ci-terraform", UserAgent: "HashiCorp-Terraform/1.9.5 Terraform-Provider/1.289.0 Terraform-Module/ TerraformTraceId/0"},
			Actor{Kind: "ram-user", Name: "ci-terraform", Tool: ToolTerraform},
			"ram-user ci-terraform with terraform",
		},
		{
			"TerraformResource",
			Call{UserType: "assumed-role", UserName: "deploy:ci", UserAgent: "AlibabaCloud (linux; amd64) Golang/1.24.1 Core/0.01 TeaDSL/1 HashiCorp-Terraform/1.9.5 Terraform-Provider/1.289.0"},
			Actor{Kind: "assumed-role", Name: "deploy:ci", Tool: ToolTerraformResource},
			"assumed-role deploy:ci with terraform-resource",
		},
		{"Console", Call{UserType: "root-account", UserName: "root", UserAgent: "aliyun-oss-console"}, Actor{Kind: "root-account", Name: "root", Tool: ToolConsole}, "root-account with console"},
		{"ossutil1", Call{UserType: "ram-user", UserName: "a", UserAgent: "aliyun-sdk-go/3.0.2 (Linux/5;go1.20)/ossutil-v1.7.19"}, Actor{Kind: "ram-user", Name: "a", Tool: ToolOSSUtil}, "ram-user a with ossutil"},
		{"CLI", Call{UserType: "ram-user", UserName: "a", UserAgent: "AlibabaCloud (x) Aliyun-CLI/3.0.1"}, Actor{Kind: "ram-user", Name: "a", Tool: ToolCLI}, "ram-user a with aliyun-cli"},
		{"SDK1", Call{UserName: "a", UserAgent: "aliyun-sdk-go/1.6.1 (linux/amd64;go1.26)"}, Actor{Name: "a", Tool: ToolSDK}, "a with sdk"},
		{"SDK2", Call{UserName: "a", UserAgent: "alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26.8)"}, Actor{Name: "a", Tool: ToolSDK}, "a with sdk"},
		{"Ours", Call{UserName: "a", UserAgent: "alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26.8)/bucketwarden"}, Actor{Name: "a", Tool: ToolFunction}, "a with bucketwarden"},
		{"Command", Call{UserName: "a", UserAgent: "alibabacloud-go-sdk-v2/1.6.1 (x)/bw-cli/1.0"}, Actor{Name: "a", Tool: ToolCommand}, "a with bucketwarden-command"},
		{"Service", Call{UserType: "system", UserName: "actiontrail.aliyuncs.com", UserAgent: "actiontrail.aliyuncs.com"}, Actor{Kind: "system", Name: "actiontrail.aliyuncs.com", Tool: ToolService}, "system actiontrail.aliyuncs.com with service"},
		{"ServiceRole", Call{UserType: "assumed-role", UserName: "AliyunServiceRoleForROS:x", UserAgent: "aliyun-oss-console"}, Actor{Kind: "assumed-role", Name: "AliyunServiceRoleForROS:x", Tool: ToolService}, "assumed-role AliyunServiceRoleForROS:x with service"},
		{"OtherAccount", Call{UserType: "ram-user", UserName: "a", AccountID: "2", Owner: "1", UserAgent: "curl/8"}, Actor{Kind: "ram-user", Name: "a", Tool: ToolOther, OtherAccount: true}, "ram-user a of another account with other"},
		{"Nothing", Call{Owner: "1"}, Actor{}, "a caller that the record does not name"},
		{
			"Hostile",
			Call{UserType: "<b>x", UserName: "a\"><script>\n:" + strings.Repeat("s", 40) + "\x00", UserAgent: "<img src=x>"},
			Actor{Kind: "?b?x", Name: "a???script??:" + strings.Repeat("s", 32) + "...", Tool: ToolOther},
			"?b?x a???script??:" + strings.Repeat("s", 32) + "... with other",
		},
		{"Bytes", Call{UserName: "\xff\xfe中文" + strings.Repeat("n", 200)}, Actor{Name: "????" + strings.Repeat("n", 60) + "..."}, "????" + strings.Repeat("n", 60) + "..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.call.Actor(); got != c.want || got.String() != c.text {
				t.Errorf("%+v %q, want %+v %q", got, got, c.want, c.text)
			}
		})
	}
}

func FuzzActor(f *testing.F) {
	f.Add("ram-user", "alice:x", "aliyun-oss-console")
	f.Fuzz(func(t *testing.T, kind, name, agent string) {
		a := Call{UserType: kind, UserName: name, UserAgent: agent, AccountID: "1", Owner: "2"}.Actor()
		b, err := json.Marshal(a)
		if err != nil || len(b) > 256 {
			t.Fatalf("%s, %v", b, err)
		}
		for _, r := range a.Kind + a.Name {
			if r < 0x20 || r > 0x7e || strings.ContainsRune(`<>"'&\`+"`", r) {
				t.Fatalf("%q", a)
			}
		}
	})
}

func TestHasRole(t *testing.T) {
	for _, c := range []struct {
		call Call
		want bool
	}{
		{Call{UserType: "assumed-role", UserName: "guard:fc"}, true},
		{Call{UserType: "assumed-role", UserName: "GUARD:other"}, true},
		{Call{UserType: "assumed-role", UserName: "other:guard"}, false},
		{Call{UserType: "ram-user", UserName: "guard"}, false},
		{Call{UserType: "assumed-role", UserName: ":x"}, false},
	} {
		if got := c.call.HasRole("member", "guard", ""); got != c.want {
			t.Errorf("%+v: %t", c.call, got)
		}
	}
}
