package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"bucketwarden/handler/service"
	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// maxRule is the size of a rule's JSON, and more than enough.
const maxRule = 64 << 10

// showRule answers with the current rule and how it compares with the required one.
func (x *exchange) showRule() error {
	query, err := x.parameters("account", "region")
	if err != nil {
		return err
	}
	return x.one(query, service.BucketRequest{Action: service.Show})
}

// ensureRule brings the bucket to the rule in the body, or to the required one. It
// weakens nothing unless compare=exact says so.
func (x *exchange) ensureRule() error {
	query, err := x.parameters("account", "region", "dry_run", "compare", "override")
	if err != nil {
		return err
	}
	body, err := x.read(maxRule)
	if err != nil {
		return err
	}
	r := service.BucketRequest{Action: service.Ensure}
	if len(strictjson.TrimMark(body)) > 0 {
		rule, err := parseRule(body)
		if err != nil {
			return invalid(err)
		}
		r.Rule = &rule
	}
	if r.Compare, err = parseCompare(query["compare"]); err != nil {
		return err
	}
	return x.one(query, r)
}

// removeRule leaves the bucket without a rule.
func (x *exchange) removeRule() error {
	query, err := x.parameters("account", "region", "dry_run", "override")
	if err != nil {
		return err
	}
	return x.one(query, service.BucketRequest{Action: service.Remove})
}

// one answers with what becomes of the request for the bucket in the path.
func (x *exchange) one(query map[string]string, r service.BucketRequest) (err error) {
	if r.Action != service.Show {
		if r.PastPolicy, err = parseOverride(query["override"]); err != nil {
			return err
		}
		if r.DryRun, err = parseBool("dry_run", query["dry_run"]); err != nil {
			return err
		}
	}
	if r.Bucket, err = x.bucket(query["account"], query["region"]); err != nil {
		return err
	}
	r.Source = "http " + x.req.Method
	a := x.web.service.One(x.ctx(), r)
	if a.Verdict == ossenc.Gone || a.Verdict.Failed() {
		return resultProblem(a.Result)
	}
	return x.reply(a)
}

// bucket is the one that the path names, with what the query says of it.
func (x *exchange) bucket(account, region string) (ossenc.Bucket, error) {
	name := x.bucketName
	if !ossenc.ValidBucketName(name) {
		return ossenc.Bucket{}, problemf(ossenc.Invalid, "%.80q is not a bucket name: 3 to 63 characters a-z, 0-9 and -, no - at either end", name)
	}
	if region != "" && regionID(region) == "" {
		return ossenc.Bucket{}, problemf(ossenc.Invalid, "region=%.40q is not a region ID, such as cn-hangzhou", region)
	}
	if account != "" && !ossenc.ValidAccountID(account) {
		return ossenc.Bucket{}, problemf(ossenc.Invalid, "account=%.40q is not an account ID", account)
	}
	if account == ossenc.IdentityFrom(x.ctx()).AccountID {
		account = "" // the function's own
	}
	return ossenc.Bucket{Name: name, Account: account, Region: regionID(region)}, nil
}

func resultProblem(res ossenc.Result) *problem {
	code := res.Code
	if res.Verdict == ossenc.Gone { // a success for an event, but not for a caller who asks for the bucket
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

// parseOverride reads the parameter that lets a request go past the policy.
func parseOverride(value string) (bool, error) {
	if value != "" && value != "policy" {
		return false, problemf(ossenc.Invalid, "override=%.40q is not policy", value)
	}
	return value == "policy", nil
}

func parseCompare(value string) (ossenc.Compare, error) {
	switch c := ossenc.Compare(value); c {
	case "", ossenc.Floor, ossenc.Exact: // without it, the policy's own holds
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
