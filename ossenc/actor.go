package ossenc

import "strings"

// Actor is who made a change, as far as a record of the call says it and as far as it
// may be shown: no access key, address, principal or raw user agent. The caller
// chose the session's name and the user agent, so an actor is for people and
// never for a decision about a rule.
type Actor struct {
	// Kind is root-account, ram-user, assumed-role, system, or another word that the
	// record has; empty if it has none.
	Kind string `json:"kind,omitempty"`
	// Name is root, a RAM user, or role:session; characters that such names do not have
	// are shown as ?, and long ones are cut.
	Name string `json:"name,omitempty"`
	// Tool is the family of the client.
	Tool Tool `json:"tool,omitempty"`
	// OtherAccount means that the caller's account is not the bucket's.
	OtherAccount bool `json:"other_account,omitempty"`
}

// Tool is a family of clients, as the user agent names it.
type Tool string

// The families of clients. OpenTofu, Pulumi and Crossplane run Terraform's provider and
// look like it.
const (
	ToolTerraform         Tool = "terraform"          // the resource alicloud_oss_bucket
	ToolTerraformResource Tool = "terraform-resource" // alicloud_oss_bucket_server_side_encryption
	ToolConsole           Tool = "console"
	ToolOSSUtil           Tool = "ossutil"
	ToolCLI               Tool = "aliyun-cli"
	ToolFunction          Tool = "bucketwarden"         // says that it is this function
	ToolCommand           Tool = "bucketwarden-command" // a person's bucketwarden
	ToolSDK               Tool = "sdk"
	ToolService           Tool = "service" // a service of Alibaba Cloud, such as ROS or OOS
	ToolOther             Tool = "other"
)

const (
	maxKind    = 20
	maxName    = 64 // of a RAM user or role
	maxSession = 32
)

// Call is what a record of a call says of the caller, raw.
type Call struct {
	UserType  string // userIdentity.type
	UserName  string // userIdentity.userName: root, a user, or RoleName:SessionName
	AccountID string // userIdentity.accountId
	UserAgent string
	// Owner is the account of the bucket; empty if it is not known.
	Owner string
}

// Actor returns what of the caller may be shown.
func (c Call) Actor() Actor {
	role, session, assumed := strings.Cut(c.UserName, ":")
	name := plain(role, maxName)
	if assumed {
		name += ":" + plain(session, maxSession)
	}
	return Actor{
		Kind: plain(c.UserType, maxKind), Name: name, Tool: c.tool(role),
		OtherAccount: c.Owner != "" && c.AccountID != "" && c.Owner != c.AccountID,
	}
}

// HasRole reports whether the caller was a session of one of the RAM roles.
func (c Call) HasRole(roles ...string) bool {
	role, _, _ := strings.Cut(c.UserName, ":")
	if c.UserType != "assumed-role" || role == "" {
		return false
	}
	for _, own := range roles {
		if strings.EqualFold(own, role) {
			return true
		}
	}
	return false
}

// plain keeps the characters that names of RAM have, and cuts.
func plain(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > most {
			return b.String() + "..."
		}
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@=-", r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// agents name families by a part of the user agent. The order counts: more than one
// part may be there.
var agents = []struct {
	part string
	tool Tool
}{
	{"aliyun-oss-console", ToolConsole},
	{"bw-cli/", ToolCommand},
	{"ossutil", ToolOSSUtil},
	{"Aliyun-CLI/", ToolCLI},
	{"alibabacloud-", ToolSDK},
	{"aliyun-sdk-", ToolSDK},
	{"AlibabaCloud (", ToolSDK},
}

// tool finds the family: who called goes before what the call said of itself.
func (c Call) tool(role string) Tool {
	agent := c.UserAgent
	switch {
	case c.UserType == "system", strings.HasPrefix(role, "AliyunServiceRoleFor"), strings.HasPrefix(role, "AliyunOOS"):
		return ToolService
	case strings.Contains(agent, "HashiCorp-Terraform/") && strings.HasPrefix(agent, "AlibabaCloud "):
		return ToolTerraformResource
	case strings.Contains(agent, "HashiCorp-Terraform/"), strings.Contains(agent, "Terraform-Provider/"):
		return ToolTerraform
	case isProduct(agent, UserAgent):
		return ToolFunction
	}
	for _, a := range agents {
		if strings.Contains(agent, a.part) {
			return a.tool
		}
	}
	if agent == "" {
		return ""
	}
	return ToolOther
}

// isProduct reports whether a user agent has the word as a whole product token.
func isProduct(agent, word string) bool {
	for _, w := range strings.FieldsFunc(agent, func(r rune) bool { return strings.ContainsRune("/ ();,", r) }) {
		if w == word {
			return true
		}
	}
	return false
}

// String is the actor in one phrase, such as
//
//	ram-user ci-terraform with terraform
func (a Actor) String() string {
	text := strings.TrimSpace(a.Kind + " " + a.Name)
	if a.Kind == "root-account" {
		text = "root-account"
	}
	if text == "" {
		text = "a caller that the record does not name"
	}
	if a.OtherAccount {
		text += " of another account"
	}
	if a.Tool != "" {
		text += " with " + string(a.Tool)
	}
	return text
}
