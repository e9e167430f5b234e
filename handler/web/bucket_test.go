package web

import (
	"net/http"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

// ruleReply is what the routes of one bucket answer, as a client reads it.
type ruleReply struct {
	Bucket, Region, Verdict, Reason string
	Rule, Before, Wanted            *ossenc.Rule
	RequestID                       string `json:"oss_request_id"`
	DryRun                          bool   `json:"dry_run"`
}

func TestWeb_ShowsARule(t *testing.T) {
	tests := []struct {
		bucket, region, verdict string
		rule                    ossenc.Rule
	}{
		{"app-aes", "cn-hangzhou", "compliant", aes256},
		{"app-none", "cn-shanghai", "would_fix", ossenc.Rule{}},
		{"pay-key", "cn-beijing", "compliant", kmsKey("key-1")},
	}
	for _, tt := range tests {
		t.Run(tt.bucket, func(t *testing.T) {
			m := account()
			web, _ := newWeb(m, everything)
			rec := ask(t, web, "GET", "/buckets/"+tt.bucket+"/encryption?region=cn-hangzhou", "")
			answered(t, rec, 200, "", "")
			got := decoded[ruleReply](t, rec)
			if got.Bucket != tt.bucket || got.Region != tt.region || got.Verdict != tt.verdict || got.RequestID != "REQ-"+tt.bucket || *got.Wanted != aes256 {
				t.Errorf("%+v", got)
			}
			if (got.Rule == nil) != tt.rule.IsNone() || got.Rule != nil && *got.Rule != tt.rule {
				t.Errorf("rule %v, want %v", got.Rule, tt.rule)
			}
			if m.Writes != 0 {
				t.Errorf("%d writes", m.Writes)
			}
		})
	}
}

func TestWeb_ChangesARule(t *testing.T) {
	tests := []struct {
		name, method, target, body string
		verdict                    string
		after                      ossenc.Rule
		writes                     int
	}{
		{"PutWanted", "PUT", "app-none/encryption", "", "fixed", aes256, 1},
		{"PutBlankBody", "PUT", "app-none/encryption", " \n", "fixed", aes256, 1},
		{"PutMarkAlone", "PUT", "app-none/encryption", "\ufeff", "fixed", aes256, 1},
		{"PutRuleBehindAMark", "PUT", "app-aes/encryption", "\ufeff{\"algorithm\":\"SM4\"}", "fixed", sm4, 1},
		{"PutAgain", "PUT", "app-aes/encryption", "", "compliant", aes256, 0},
		{"PutRule", "PUT", "app-aes/encryption", `{"algorithm":"SM4"}`, "fixed", sm4, 1},
		{"PutKey", "PUT", "app-none/encryption?override=policy", `{"algorithm":"KMS","kms_key_id":"key-2","kms_data_encryption":"SM4"}`, "fixed", ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-2", KMSDataEncryption: "SM4"}, 1},
		{"PutInOSSsSpelling", "PUT", "app-none/encryption?override=policy", `{"algorithm":"KMS","kmsMasterKeyId":"key-2","kmsDataEncryption":"SM4"}`, "fixed", ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-2", KMSDataEncryption: "SM4"}, 1},
		{"FloorNeverWeakens", "PUT", "pay-key/encryption", `{"algorithm":"AES256"}`, "compliant", kmsKey("key-1"), 0},
		{"FloorJoins", "PUT", "pay-key/encryption", `{"algorithm":"SM4"}`, "fixed", ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-1", KMSDataEncryption: "SM4"}, 1},
		{"FloorOnRequest", "PUT", "pay-key/encryption?compare=floor", ``, "compliant", kmsKey("key-1"), 0},
		{"Exact", "PUT", "pay-key/encryption?compare=exact", `{"algorithm":"AES256"}`, "fixed", aes256, 1},
		{"DryRun", "PUT", "app-none/encryption?dry_run=true", "", "would_fix", ossenc.Rule{}, 0},
		{"NoDryRun", "PUT", "app-none/encryption?dry_run=false&region=cn-shanghai", "", "fixed", aes256, 1},
		{"Delete", "DELETE", "pay-key/encryption", "", "fixed", ossenc.Rule{}, 1},
		{"DeleteNothing", "DELETE", "app-none/encryption", "", "compliant", ossenc.Rule{}, 0},
		{"DeleteDryRun", "DELETE", "pay-key/encryption?dry_run=true", "", "would_fix", kmsKey("key-1"), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			web, _ := newWeb(m, everything)
			rec := ask(t, web, tt.method, "/buckets/"+tt.target, tt.body)
			answered(t, rec, 200, "", "")
			got := decoded[ruleReply](t, rec)
			name, _, _ := strings.Cut(tt.target, "/")
			if got.Verdict != tt.verdict || m.Rules[name] != tt.after || m.Writes != tt.writes {
				t.Errorf("%s with %s in force after %d writes, want %s, %s, %d", got.Verdict, m.Rules[name], m.Writes, tt.verdict, tt.after, tt.writes)
			}
			if dry := strings.Contains(tt.target, "dry_run=true"); got.DryRun != dry {
				t.Errorf("dry_run = %t", got.DryRun)
			}
		})
	}
}

func TestWeb_ReportModeWritesNothingAndSaysSo(t *testing.T) {
	m := account()
	web, _ := newWeb(m, everything)
	warden := m.Warden(ossenc.Desired{Rule: aes256})
	warden.Mode = ossenc.ReportOnly
	web.service.Warden = always(warden)
	for _, r := range []struct{ method, bucket string }{{"PUT", "app-none"}, {"DELETE", "app-aes"}} {
		got := decoded[ruleReply](t, ask(t, web, r.method, "/buckets/"+r.bucket+"/encryption?dry_run=false", ""))
		if got.Verdict != "would_fix" || !got.DryRun || !strings.Contains(got.Reason, "report mode") {
			t.Errorf("%s: %+v", r.method, got)
		}
	}
	if m.Writes != 0 {
		t.Errorf("%d writes", m.Writes)
	}
}

func TestWeb_WhatMakesNoSenseIsABadRequest(t *testing.T) {
	tests := []struct{ name, method, target, body, detail string }{
		{"ShortName", "GET", "/buckets/ab/encryption", "", "is not a bucket name"},
		{"UpperCase", "PUT", "/buckets/App-AES/encryption", "", "is not a bucket name"},
		{"Region", "GET", "/buckets/app-aes/encryption?region=moon", "", "is not a region ID"},
		{"Account", "GET", "/buckets/app-aes/encryption?account=me", "", "is not an account ID"},
		{"MisspeltDryRun", "PUT", "/buckets/app-none/encryption?dryrun=true", "", `no parameter "dryrun" here; there are account, region, dry_run, compare, override`},
		{"MisspeltRegion", "GET", "/buckets/app-aes/encryption?regoin=cn-hangzhou", "", `no parameter "regoin" here; there are account, region`},
		{"DryRunOnGet", "GET", "/buckets/app-aes/encryption?dry_run=true", "", "no parameter"},
		{"MisspeltRegionOfReport", "GET", "/report?regoin=cn-hangzhou", "", "no parameter"},
		{"ModeOfSweepInTheQuery", "POST", "/sweep?mode=report", "", "no parameter \"mode\" here; there are none"},
		{"DigestOfRestore", "POST", "/restore?digest=x", "", "no parameter"},
		{"CompareOnDelete", "DELETE", "/buckets/app-aes/encryption?compare=exact", "", "no parameter"},
		{"DryRunYes", "PUT", "/buckets/app-none/encryption?dry_run=yes", "", "neither true nor false"},
		{"DryRunAsAFlag", "PUT", "/buckets/app-none/encryption?dry_run", "", "dry_run has no value"},
		{"DryRunOfAnEmptyVariable", "DELETE", "/buckets/app-aes/encryption?dry_run=", "", "dry_run has no value"},
		{"CompareWithoutValue", "PUT", "/buckets/app-none/encryption?compare=", "", "compare has no value"},
		{"AccountWithoutValue", "PUT", "/buckets/app-none/encryption?account=", "", "account has no value"},
		{"DigestWithoutValue", "POST", "/apply?digest=", "", "digest has no value"},
		{"DryRunTwice", "PUT", "/buckets/app-none/encryption?dry_run=true&dry_run=false", "", "neither"},
		{"Compare", "PUT", "/buckets/app-none/encryption?compare=weak", "", "neither floor nor exact"},
		{"Override", "PUT", "/buckets/app-none/encryption?override=true", "", "is not policy"},
		{"OverrideOfARemoval", "DELETE", "/buckets/app-none/encryption?override=yes", "", "is not policy"},
		{"Query", "PUT", "/buckets/app-none/encryption?dry_run=%zz", "", "query is not well-formed"},
		{"SemicolonInQuery", "PUT", "/buckets/app-none/encryption?a=1;dry_run=true", "", "query is not well-formed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			web, _ := newWeb(m, everything)
			answered(t, ask(t, web, tt.method, tt.target, tt.body), 400, ossenc.Invalid, tt.detail)
			if m.Writes != 0 {
				t.Errorf("%d writes", m.Writes)
			}
		})
	}
}

func TestParseRule_TakesARuleToTheLetter(t *testing.T) {
	tests := []struct{ name, body, problem string }{
		{"Null", `null`, "a rule is a JSON object"},
		{"Array", `[]`, "a rule is a JSON object"},
		{"Text", `AES256`, "a rule is a JSON object"},
		{"Empty", `{}`, "algorithm is missing"},
		{"Unknown", `{"algorithm":"AES256","kms_key":"k"}`, `no member "kms_key"`},
		{"OtherCase", `{"Algorithm":"AES256"}`, `no member "Algorithm"`},
		{"Twice", `{"algorithm":"AES256","algorithm":"SM4"}`, `member "algorithm" is given twice`},
		{"TwiceByAlias", `{"algorithm":"KMS","kms_key_id":"a","kmsMasterKeyId":"b"}`, "kms_key_id is given twice"},
		{"Number", `{"algorithm":1}`, "algorithm is not a string"},
		{"NullMember", `{"algorithm":"KMS","kms_key_id":null}`, "kms_key_id is not a string"},
		{"Object", `{"algorithm":{"a":"AES256"}}`, "algorithm is not a string"},
		{"Trailing", `{"algorithm":"AES256"} x`, "something behind"},
		{"TwoRules", `{"algorithm":"AES256"}{"algorithm":"SM4"}`, "something behind"},
		{"Broken", `{"algorithm":"AES256"`, "not well-formed"},
		{"BrokenMember", `{"algorithm"`, "not well-formed"},
		{"Algorithm", `{"algorithm":"DES"}`, "none of AES256, KMS, SM4"},
		{"KeyWithAES", `{"algorithm":"AES256","kms_key_id":"k"}`, "goes with algorithm KMS only"},
		{"KeyOfOtherCharacters", `{"algorithm":"KMS","kms_key_id":"k\u202e"}`, "characters that no key ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if r, err := parseRule([]byte(tt.body)); err == nil || !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%v, %v; want an error with %q", r, err, tt.problem)
			}
			m := account()
			web, _ := newWeb(m, everything)
			answered(t, ask(t, web, "PUT", "/buckets/app-none/encryption", tt.body), 400, ossenc.Invalid, tt.problem)
			if m.Writes != 0 {
				t.Error("it was written all the same")
			}
		})
	}
}

func TestWeb_BodiesAreCapped(t *testing.T) {
	web, _ := newWeb(account(), everything)
	answered(t, ask(t, web, "PUT", "/buckets/app-none/encryption", `{"algorithm":"`+strings.Repeat("x", maxRule)+`"}`), 413, codeTooLarge, "65536")
	answered(t, ask(t, web, "POST", "/events", "["+strings.Repeat(" ", maxEvents)+"]"), 413, codeTooLarge, "8388608")
	answered(t, ask(t, web, "PUT", "/buckets/app-none/encryption", "x", "Content-Encoding", "gzip"), 415, codeMediaType, "gzip")
}

func TestWeb_FailuresCarryTheirCodeAndTheResult(t *testing.T) {
	for _, code := range ossenc.Codes() {
		t.Run(string(code), func(t *testing.T) {
			m := account()
			m.Errs["app-aes"] = &ossenc.Error{Op: "GetBucketEncryption", Bucket: "app-aes", Code: code, OSSCode: "SomeCode", RequestID: "REQ-X", Message: "because"}
			web, _ := newWeb(m, everything)
			rec := ask(t, web, "GET", "/buckets/app-aes/encryption", "")
			answered(t, rec, statusOf(code), code, "")
			p := decoded[problem](t, rec)
			if p.OSSRequestID != "REQ-X" || p.Result == nil || p.Result.Bucket != "app-aes" {
				t.Errorf("%s", rec.Body)
			}
			if again := rec.Header().Get("Retry-After"); (again != "") != (code == ossenc.Throttled) {
				t.Errorf("Retry-After %q", again)
			}
		})
	}
}

func TestWeb_ABucketThatIsNotThereIsNotFound(t *testing.T) {
	web, _ := newWeb(account(), everything)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
		answered(t, ask(t, web, method, "/buckets/no-such-bucket/encryption", ""), 404, ossenc.NotFound, "does not exist")
	}
}
