package policy

import (
	"strconv"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy/document"
)

// maxRules bounds the comparison of each rule with all before it.
const maxRules = 1000

// reader is a policy while it is being read: what later checks point at.
type reader struct {
	file   *document.File
	policy *Policy
	keyAt  map[string]document.Node // where each name under keys stands
	used   map[string]bool          // names of keys that rules use
	rules  []ruleAt                 // as the policy's rules
	// onFight is what rules that say nothing else do.
	onFight ossenc.OnFight
}

// ruleAt is where a rule stands.
type ruleAt struct {
	document.Object
	invalid bool // its match has problems, so what it matches is not known
}

// readPolicy reads the top of the file. What it returns is whole only if the
// file has no problems.
func readPolicy(f *document.File, top document.Node) *Policy {
	r := &reader{file: f, policy: &Policy{keys: keys{}, Source: Source{Lines: map[string]int{}}}, keyAt: map[string]document.Node{}, used: map[string]bool{}}
	o := top.Object("$schema", "version", "keys", "accounts", "resource_directory", "max_changes", "on_fight", "rules")
	o.Get("$schema").Text()
	if version := o.Require("version"); version.Exists() {
		if n, ok := version.Number(); !ok || n != 1 {
			version.Problem("is not the number 1, the only version there is")
		}
	}
	r.readKeys(o.Get("keys"))
	r.policy.Accounts = readAccounts(o.Get("accounts"))
	r.policy.Directory = readDirectory(o.Get("resource_directory"))
	r.policy.MaxChanges = readMaxChanges(o.Get("max_changes"))
	r.onFight = readOnFight(o.Get("on_fight"), "")
	r.readRules(o.Require("rules"))
	r.checkRules()
	r.checkKeysUsed()
	return r.policy
}

func (r *reader) readKeys(n document.Node) {
	for _, name := range n.Entries() {
		if strings.Trim(name.Name, keyNameCharacters) != "" || len(name.Name) > 64 {
			name.Key.Problem("the name of a key is up to 64 letters, digits and . _ -")
		}
		byRegion := map[string][]string{}
		for _, region := range name.Value.Entries() {
			checkRegion(region.Key, region.Name)
			byRegion[region.Name] = readKeyIDs(region)
		}
		r.policy.keys[name.Name], r.keyAt[name.Name] = byRegion, name.Key
	}
}

const keyNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// readKeyIDs reads one ID or a list of them.
func readKeyIDs(region document.Entry) []string {
	nodes := []document.Node{region.Value}
	if region.Value.IsList() {
		nodes = region.Value.Items()
	}
	var ids []string
	for _, n := range nodes {
		id := readKeyID(n)
		if !livesIn(id, region.Name) {
			n.Problem("this key lives in %s, not in %s", ossenc.RegionOfKey(id), region.Name)
		}
		ids = append(ids, id)
	}
	checkDistinct(nodes)
	return ids
}

// readKeyID reads the ID, alias or ARN of a named key.
func readKeyID(n document.Node) string {
	id := n.Text()
	if id == "" {
		return ""
	}
	rule, err := ossenc.NewRule(ossenc.KMS, id, "")
	switch {
	case err != nil:
		problems(n, err)
	case rule.KMSKeyID == "":
		n.Problem("is the key that OSS makes itself; to use it, want KMS without a key")
	}
	return id
}

func readAccounts(n document.Node) []ossenc.Account {
	var accounts []ossenc.Account
	var ids []document.Node
	for _, item := range n.Items() {
		o := item.Object("id", "role_arn")
		a := ossenc.Account{ID: o.Require("id").Text(), RoleARN: o.Require("role_arn").Text()}
		checkAccount(o.Get("id"), a.ID)
		if a.ID != "" && a.RoleARN != "" && !isRoleOf(a.RoleARN, a.ID) {
			o.Get("role_arn").Problem("is not a role of this account, such as acs:ram::%s:role/bucketwarden", a.ID)
		}
		accounts, ids = append(accounts, a), append(ids, o.Get("id"))
	}
	checkDistinct(ids)
	return accounts
}

// isRoleOf reports whether s is the ARN of a RAM role of the account.
func isRoleOf(s, account string) bool {
	owner, err := ossenc.RoleAccount(s)
	return err == nil && owner == account
}

func readMaxChanges(n document.Node) MaxChanges {
	if !n.Exists() {
		return MaxChanges{}
	}
	if count, ok := n.Number(); ok {
		if count < 0 {
			n.Problem("is less than 0")
		}
		return MaxChanges{Count: count, None: count == 0}
	}
	text, isPercent := strings.CutSuffix(n.Raw(), "%")
	percent, err := strconv.Atoi(text)
	if !isPercent || err != nil || strconv.Itoa(percent) != text || percent < 1 || percent > 100 {
		n.Problem("is neither a whole number from 0 nor a percentage from 1%% to 100%%")
	}
	return MaxChanges{Percent: percent}
}

// problems notes each line of an error.
func problems(n document.Node, err error) {
	for line := range strings.Lines(err.Error()) {
		n.Problem("%s", strings.TrimSpace(line))
	}
}

// checkDistinct refuses texts that are there twice.
func checkDistinct(nodes []document.Node) {
	lines := map[string]int{}
	for _, n := range nodes {
		text := n.Raw()
		if line, repeated := lines[text]; repeated && text != "" {
			n.Problem("%q is already in line %d", text, line)
			continue
		}
		lines[text] = n.Line()
	}
}
