package report

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Provenance says where a report comes from, so that it can be evidence: when it was
// made, of what, as whom, and with which version and policy. It never holds a key.
type Provenance struct {
	// Time is when the report was made, in UTC.
	Time time.Time `json:"time"`
	// Tool is function or command.
	Tool string `json:"tool,omitempty"`
	// Version is that of Bucketwarden.
	Version string `json:"version,omitempty"`
	// Account is the ID of the account that rows without one belong to, and Identity
	// the ARN that read the buckets; empty if unknown.
	Account  string `json:"account,omitempty"`
	Identity string `json:"identity,omitempty"`
	// IdentityError is why the identity is unknown, where it was asked for.
	IdentityError string `json:"identity_error,omitempty"`
	Scope         Scope  `json:"scope"`
	// Policy is the file that decided; nil where the settings require the same of
	// all buckets.
	Policy *PolicyFile `json:"policy,omitempty"`
	// Via is the function that the report was collected from; nil for none.
	Via *Via `json:"via,omitempty"`
}

// identity is the ARN, or why it is unknown.
func (p Provenance) identity() string {
	if p.IdentityError != "" {
		return "unknown (" + p.IdentityError + ")"
	}
	return p.Identity
}

// Scope is what was asked for. What is empty did not select.
type Scope struct {
	Accounts []string `json:"accounts,omitempty"`
	Regions  []string `json:"regions,omitempty"`
	Buckets  []string `json:"buckets,omitempty"`
	Prefix   string   `json:"prefix,omitempty"`
	After    string   `json:"after,omitempty"`
	Limit    int      `json:"limit,omitempty"`
}

// String says the scope in a few words for people.
func (s Scope) String() string {
	var parts []string
	add := func(name string, values ...string) {
		if text := strings.Join(values, " "); text != "" {
			parts = append(parts, name+" "+text)
		}
	}
	add("accounts", s.Accounts...)
	add("regions", s.Regions...)
	add("buckets", s.Buckets...)
	add("prefix", s.Prefix)
	add("after", s.After)
	return cmp.Or(strings.Join(parts, "; "), "all buckets")
}

// narrows reports whether the scope leaves buckets out, other than those that an
// earlier part of the report has.
func (s Scope) narrows() bool {
	return len(s.Regions)+len(s.Buckets)+len(s.Accounts) > 0 || s.Prefix != ""
}

// PolicyFile identifies a policy.
type PolicyFile struct {
	// Name is the file's name.
	Name string `json:"name"`
	// SHA256 is the hash of its bytes, as sha256sum prints it.
	SHA256 string `json:"sha256"`
	// Lines are the lines of the file where its rules begin, by the rule's name, from 1.
	Lines map[string]int `json:"-"`
}

// Origin is who makes a report: what a [View] knows of its [Provenance] besides what
// was asked for.
type Origin struct {
	// Tool is function or command, and Version that of Bucketwarden.
	Tool, Version string
	// Identity is the ARN that reads the buckets; empty if unknown. IdentityError says
	// why, where it was asked for, in the same words every time.
	Identity, IdentityError string
	// Policy is nil where the settings require the same of all buckets.
	Policy *PolicyFile
	// Via is the function that the report was collected from; nil for none.
	Via *Via
}

// FileOf returns a policy file; nil without a name. The name of a file below the
// working folder keeps its folders, as a repository names it; any other loses them,
// because they would say where a person works.
func FileOf(name, sha256 string, lines map[string]int) *PolicyFile {
	if name == "" {
		return nil
	}
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	if path.IsAbs(name) || strings.HasPrefix(name, "..") || strings.Contains(name, ":") {
		name = path.Base(name)
	}
	return &PolicyFile{Name: name, SHA256: sha256, Lines: lines}
}

// RoleARN returns the ARN of a role of an account; empty if either is unknown.
func RoleARN(account, role string) string {
	if account == "" || role == "" {
		return ""
	}
	return "acs:ram::" + account + ":role/" + role
}

func provenanceOf(v View) Provenance {
	scope := v.Scope
	scope.Prefix, scope.After, scope.Limit = cmp.Or(scope.Prefix, v.Prefix), v.After, v.Limit
	if v.RegionFilter != "" {
		scope.Regions = []string{v.RegionFilter}
	}
	return Provenance{
		Time: v.Now.UTC(), Tool: v.Origin.Tool, Version: v.Origin.Version,
		Account: v.Account, Identity: v.Origin.Identity, IdentityError: v.Origin.IdentityError, Scope: scope, Policy: v.Origin.Policy, Via: v.Origin.Via,
	}
}

// facts are what the forms without nested values repeat of the provenance and the
// summary: names and values in turn, the empty ones left out.
func (s *Summary) facts() []string {
	p := s.Provenance
	policy := PolicyFile{}
	if p.Policy != nil {
		policy = *p.Policy
	}
	via, viaVersion, askedBy := p.Via.facts()
	changes := ""
	if s.Changes != nil {
		changes = s.Changes.String()
	}
	all := []string{
		"time", p.Time.Format(time.RFC3339), "tool", p.Tool, "version", p.Version, "account", p.Account, "identity", p.identity(),
		"via", via, "via_version", viaVersion, "asked_by", askedBy,
		"scope", p.Scope.String(), "policy", policy.Name, "policy_sha256", policy.SHA256, "required", s.required(),
		"complete", yesNo(s.Complete), "missing", s.Missing, "buckets", strconv.Itoa(s.Rows), "changes", changes, "digest", s.Digest,
	}
	var facts []string
	for i := 0; i < len(all); i += 2 {
		if all[i+1] != "" {
			facts = append(facts, all[i], all[i+1])
		}
	}
	return facts
}

// lasting are the facts that stay as they are until something changes.
func (s *Summary) lasting() []string {
	var facts []string
	for fact := range slices.Chunk(s.facts(), 2) {
		if !slices.Contains([]string{"time", "complete", "missing", "buckets", "changes"}, fact[0]) {
			facts = append(facts, fact...)
		}
	}
	return facts
}

// required says what is required of every bucket; empty where a policy decides.
func (s *Summary) required() string {
	if s.Wanted.IsNone() {
		return ""
	}
	return s.Wanted.String() + " (" + string(s.Compare) + ")"
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
