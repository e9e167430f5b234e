// Package policytest checks a policy against expectations that are kept beside it:
// "bucket pay-eu in cn-beijing with this tag gets that rule".
//
// [Parse] reads the file of expectations, [Run] asks the policy and tells for
// each what differs. docs/policy.md describes the file.
package policytest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
	"bucketwarden/ossenc/policy/document"
)

// Test is one bucket and what the policy should say about it.
type Test struct {
	Line    int // of the file
	Account string
	// AccountFacts are the account's name and tags.
	AccountFacts ossenc.AccountFacts
	Bucket       string
	Region       string
	Tags         map[string]string
	On           time.Time // the day; zero for today
	Expect       []Field
}

// Field is one expectation: a field of the ruling, as the file names it, and
// its value as text.
type Field struct{ Name, Value string }

// FileBeside returns the name of the file with a policy's expectations:
// policy_test.yaml for policy.yaml.
func FileBeside(policy string) string {
	extension := filepath.Ext(policy)
	return strings.TrimSuffix(policy, extension) + "_test" + extension
}

// Parse reads a file of expectations. The error is [policy.Problems].
func Parse(file string, data []byte) ([]Test, error) {
	f, top := document.Read(file, data)
	o := top.Object("$schema", "tests")
	o.Get("$schema").Text()
	var tests []Test
	for _, item := range o.Require("tests").Items() {
		tests = append(tests, readTest(item))
	}
	return tests, f.Err()
}

func readTest(n document.Node) Test {
	o := n.Object("bucket", "region", "account", "account_name", "account_tags", "tags", "on", "expect")
	t := Test{
		Line:         n.Line(),
		Account:      o.Get("account").Text(),
		Bucket:       o.Require("bucket").Text(),
		Region:       o.Require("region").Text(),
		Tags:         readTags(o.Get("tags")),
		AccountFacts: ossenc.AccountFacts{Name: o.Get("account_name").Text(), Tags: readTags(o.Get("account_tags"))},
		On:           o.Get("on").Date(),
	}
	if t.Bucket != "" && !ossenc.ValidBucketName(t.Bucket) {
		o.Get("bucket").Problem("%q is not a bucket name, which is 3 to 63 characters a-z, 0-9 and -", t.Bucket)
	}
	if t.Region != "" && !ossenc.ValidRegion(t.Region) {
		o.Get("region").Problem("%q is not a region ID, such as cn-hangzhou", t.Region)
	}
	t.Expect = readExpectations(o.Require("expect"))
	return t
}

func readTags(n document.Node) map[string]string {
	tags := map[string]string{}
	for _, e := range n.Entries() {
		tags[e.Name] = e.Value.Text()
	}
	return tags
}

func readExpectations(n document.Node) []Field {
	o := n.Object("rule", "algorithm", "kms_key_id", "kms_data_encryption", "compare", "mode", "settle", "fallback", "exempt", "blocked")
	text := func(name string) string { return o.Get(name).Text() }
	choice := func(name string, allowed ...string) string {
		if !o.Has(name) {
			return ""
		}
		return o.Get(name).Choice(allowed...)
	}
	values := []Field{
		{"rule", text("rule")},
		{"algorithm", choice("algorithm", ossenc.AES256, ossenc.KMS, ossenc.SM4)},
		{"kms_key_id", text("kms_key_id")},
		{"kms_data_encryption", choice("kms_data_encryption", ossenc.SM4, "none")},
		{"compare", choice("compare", string(ossenc.Floor), string(ossenc.Exact))},
		{"mode", choice("mode", "enforce", "approve", "report")},
		{"settle", settle(o.Get("settle"))},
		{"fallback", text("fallback")},
	}
	// These two count also where the test does not name them: a bucket that is
	// exempt or blocked must not pass for one that a rule is for.
	return append(slices.DeleteFunc(values, func(f Field) bool { return f.Value == "" }),
		Field{"exempt", yesNo(o.Get("exempt").Bool())}, Field{"blocked", yesNo(o.Get("blocked").Bool())})
}

// settle returns the time as [values] writes it.
func settle(n document.Node) string {
	text := n.Text()
	if text == "" || text == "none" {
		return text
	}
	d, err := ossenc.ParseSettle(text)
	if err != nil {
		n.Problem("%v", err)
	}
	return d.String()
}

// Outcome is what came of one test.
type Outcome struct {
	Test        Test
	Requirement ossenc.Requirement
	Skipped     []policy.Skipped // the rules before the one that decided
	// Failures has one line for each expectation that is not met.
	Failures []string
}

// Run asks the policy for each test. now is the day for tests that have none.
func Run(p *policy.Policy, tests []Test, now time.Time) []Outcome {
	outcomes := make([]Outcome, len(tests))
	for i, t := range tests {
		outcomes[i] = run(p, t, now)
	}
	return outcomes
}

func run(p *policy.Policy, t Test, now time.Time) Outcome {
	if !t.On.IsZero() {
		now = t.On
	}
	o := Outcome{Test: t}
	facts := policy.Facts{
		Account: t.Account, Bucket: t.Bucket, Region: t.Region,
		AccountFacts: func() (ossenc.AccountFacts, error) { return t.AccountFacts, nil },
		Tags:         func() (map[string]string, error) { return t.Tags, nil },
	}
	var err error
	o.Requirement, o.Skipped, err = p.Explain(facts, now)
	if err != nil {
		o.Failures = []string{err.Error()}
		return o
	}
	got := values(o.Requirement)
	for _, e := range t.Expect {
		if got[e.Name] != e.Value {
			o.Failures = append(o.Failures, fmt.Sprintf("%s: want %s, got %s", e.Name, e.Value, orNone(got[e.Name])))
		}
	}
	return o
}

// values returns the fields of a requirement as the file names and writes them.
func values(r ossenc.Requirement) map[string]string {
	v := map[string]string{"rule": r.Rule, "exempt": yesNo(r.Exempt != nil), "blocked": yesNo(r.Blocked != "")}
	if r.Exempt != nil || r.Blocked != "" {
		return v
	}
	v["algorithm"] = r.Desired.Rule.Algorithm
	v["kms_key_id"] = orNone(r.Desired.Rule.KMSKeyID)
	v["kms_data_encryption"] = orNone(r.Desired.Rule.KMSDataEncryption)
	v["compare"] = string(r.Desired.Compare)
	v["mode"] = string(r.Desired.Mode)
	v["settle"] = "none"
	if r.Settle != nil {
		v["settle"] = r.Settle.String()
	}
	v["fallback"] = r.Fallback.String()
	return v
}

func yesNo(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// String says in one line which rule decided and what it wants.
func (o Outcome) String() string {
	if o.Requirement.Rule == "" {
		return "no requirement"
	}
	parts := []string{fmt.Sprintf("rule %q", o.Requirement.Rule)}
	switch r := o.Requirement; {
	case r.Exempt != nil:
		parts = append(parts, "exempt until "+r.Exempt.Until.Format(time.DateOnly))
	case r.Blocked != "":
		parts = append(parts, "blocked: "+r.Blocked)
	default:
		parts = append(parts, r.Desired.Rule.String(), string(r.Desired.Compare), string(r.Desired.Mode))
	}
	return strings.Join(parts, ", ")
}
