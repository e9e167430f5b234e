package handler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// maxRule is the size of a rule's JSON, and more than enough.
const maxRule = 64 << 10

// ruleAnswer is the answer for one bucket.
type ruleAnswer struct {
	ossenc.Result
	// Rule is in force now.
	Rule ossenc.Rule `json:"rule"`
	// DryRun is set where a PUT or DELETE was only shown.
	DryRun bool `json:"dry_run,omitempty"`
}

// showRule tells what is in force and how that compares with the wanted rule.
func (x *exchange) showRule() error {
	query, err := x.parameters()
	if err != nil {
		return err
	}
	want := x.web.handler.Want
	want.Report = true
	return x.ensure(query, ossenc.Task{Desired: want})
}

// applyRule brings the bucket to the rule in the body, or to the wanted one. It
// weakens nothing unless compare=exact says so.
func (x *exchange) applyRule() error {
	query, err := x.parameters("account", "region", "dry_run", "compare")
	if err != nil {
		return err
	}
	body, err := x.read(maxRule)
	if err != nil {
		return err
	}
	task := ossenc.Task{Desired: ossenc.Desired{Rule: x.web.handler.Want.Rule}}
	if len(bytes.TrimSpace(body)) > 0 {
		if task.Desired.Rule, err = parseRule(body); err != nil {
			return problemf(ossenc.Invalid, "%s", err)
		}
	}
	compare, err := parseCompare(query["compare"])
	if err != nil {
		return err
	}
	if task.Desired.Rule.IsNone() { // the policy's own rule; with Exact here, "none" would mean to remove it
		task.Exactly = compare == ossenc.Exact
	} else {
		task.Desired.Compare = compare
	}
	return x.change(query, task)
}

// removeRule leaves the bucket without a rule.
func (x *exchange) removeRule() error {
	query, err := x.parameters("account", "region", "dry_run")
	if err != nil {
		return err
	}
	return x.change(query, ossenc.Task{Desired: ossenc.Desired{Compare: ossenc.Exact}})
}

// change does what the task says, unless the request or the function's own mode is
// to look only.
func (x *exchange) change(query map[string]string, task ossenc.Task) error {
	dryRun, err := parseBool("dry_run", query["dry_run"])
	if err != nil {
		return err
	}
	task.Desired.Report = dryRun || x.web.handler.Want.Report
	return x.ensure(query, task)
}

// ensure answers with what becomes of the task for the bucket in the path.
func (x *exchange) ensure(query map[string]string, task ossenc.Task) error {
	var err error
	if task.Bucket, err = x.bucket(query["account"], query["region"]); err != nil {
		return err
	}
	e := element{kind: "http " + x.req.Method, bucket: task.Bucket, task: &task}
	var got Result
	x.web.handler.run(x.req.Context(), x.log, &e, &got)
	res := got.Result
	if res.Verdict == ossenc.Gone || res.Verdict.Failed() {
		return resultProblem(res)
	}
	x.reply(ruleAnswer{Result: res, Rule: res.After, DryRun: task.Desired.Report && x.req.Method != http.MethodGet && x.req.Method != http.MethodHead})
	return nil
}

// bucket is the one that the path names, with what the query tells of it.
func (x *exchange) bucket(account, region string) (ossenc.Bucket, error) {
	name := x.req.PathValue("bucket")
	if !ossenc.ValidBucketName(name) {
		return ossenc.Bucket{}, problemf(ossenc.Invalid, "%.80q is no bucket name: 3 to 63 characters a-z, 0-9 and -, no - at either end", name)
	}
	if region != "" && regionID(region) == "" {
		return ossenc.Bucket{}, problemf(ossenc.Invalid, "region=%.40q is no region ID, such as cn-hangzhou", region)
	}
	if accountID(account) != account {
		return ossenc.Bucket{}, problemf(ossenc.Invalid, "account=%.40q is no account ID", account)
	}
	if account == ossenc.IdentityFrom(x.req.Context()).AccountID {
		account = "" // the function's own
	}
	return ossenc.Bucket{Name: name, Account: account, Region: regionID(region)}, nil
}

func resultProblem(res ossenc.Result) *problem {
	code := res.Code
	if res.Verdict == ossenc.Gone { // for an event a success, for who asks for the bucket not
		code = ossenc.NotFound
	}
	p := problemf(code, "%s", res.Reason)
	p.OSSCode, p.OSSRequestID, p.Result = res.OSSCode, res.OSSRequestID, &res
	return p
}

func parseBool(name, value string) (bool, error) {
	if value != "" && value != "true" && value != "false" {
		return false, problemf(ossenc.Invalid, "%s=%.40q is neither true nor false", name, value)
	}
	return value == "true", nil
}

func parseCompare(value string) (ossenc.Compare, error) {
	switch c := ossenc.Compare(value); c {
	case "":
		return ossenc.Floor, nil
	case ossenc.Floor, ossenc.Exact:
		return c, nil
	}
	return "", problemf(ossenc.Invalid, "compare=%.40q is neither floor nor exact", value)
}

// ruleMembers are the members of a rule, each with the spelling of OSS's own
// XML, which people copy.
var ruleMembers = [][]string{
	{"algorithm"},
	{"kms_key_id", "kmsMasterKeyId"},
	{"kms_data_encryption", "kmsDataEncryption"},
}

// parseRule reads {"algorithm":"KMS","kms_key_id":"...","kms_data_encryption":"SM4"}
// to the letter.
func parseRule(body []byte) (ossenc.Rule, error) {
	members, err := strictjson.Object(body)
	if err != nil {
		return ossenc.Rule{}, fmt.Errorf(`%w; a rule is a JSON object such as {"algorithm":"AES256"}`, err)
	}
	var values [3]string
	var given [3]bool
	for _, name := range slices.Sorted(maps.Keys(members)) {
		i := slices.IndexFunc(ruleMembers, func(names []string) bool { return slices.Contains(names, name) })
		switch {
		case i < 0:
			return ossenc.Rule{}, fmt.Errorf("a rule has no member %.40q; it has algorithm, kms_key_id, kms_data_encryption", name)
		case given[i]:
			return ossenc.Rule{}, errors.New(ruleMembers[i][0] + " is given twice")
		case members[name][0] != '"' || json.Unmarshal(members[name], &values[i]) != nil:
			return ossenc.Rule{}, errors.New(ruleMembers[i][0] + " is not a string")
		}
		given[i] = true
	}
	if !given[0] {
		return ossenc.Rule{}, errors.New("algorithm is missing")
	}
	return ossenc.NewRule(values[0], values[1], values[2])
}
