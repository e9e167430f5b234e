package web

import (
	"context"
	"strings"
	"testing"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// ruling is a policy that says the same of every bucket.
type ruling ossenc.Requirement

func (r ruling) Exemption(context.Context, ossenc.Bucket, ossenc.FactsFunc) *ossenc.Exemption {
	return r.Exempt
}

func (r ruling) Evaluate(context.Context, ossenc.Bucket, ossenc.FactsFunc) (ossenc.Requirement, error) {
	return ossenc.Requirement(r), nil
}

// manyRules stands for a policy that requires no one thing of all buckets.
var manyRules = new(policy.Policy)

// policyWeb returns the routes where r decides.
func policyWeb(m *memory.Account, r ossenc.Requirement) *Web {
	web, _ := newWeb(m, everything)
	web.service.Policy = manyRules
	web.service.Warden = always(&ossenc.Warden{Store: m, Lister: m, Policy: ruling(r)})
	return web
}

// Without a body a PUT applies the policy's rule. It must never be taken for the
// wish to have none.
func TestWeb_PutAppliesThePolicysRule(t *testing.T) {
	wantsSM4 := ossenc.Requirement{Rule: "records", Desired: ossenc.Desired{Rule: sm4, Compare: ossenc.Floor}}
	tests := []struct {
		name, target, body string
		r                  ossenc.Requirement
		verdict            string
		after              ossenc.Rule
	}{
		{"Floor", "app-none/encryption", "", wantsSM4, "fixed", sm4},
		{"FloorKeepsStronger", "pay-key/encryption", "", wantsSM4, "fixed", ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-1", KMSDataEncryption: "SM4"}},
		{"Exact", "pay-key/encryption?compare=exact", "", wantsSM4, "fixed", sm4},
		{"ExactDryRun", "pay-key/encryption?compare=exact&dry_run=true", "", wantsSM4, "would_fix", kmsKey("key-1")},
		{"Exempt", "app-none/encryption", "", ossenc.Requirement{Rule: "assets", Exempt: &ossenc.Exemption{Reason: "no KMS rights yet"}}, "exempt", ossenc.Rule{}},
		{"OwnRule", "app-none/encryption", `{"algorithm":"AES256"}`, wantsSM4, "fixed", aes256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			rec := ask(t, policyWeb(m, tt.r), "PUT", "/buckets/"+tt.target, tt.body)
			answered(t, rec, 200, "", "")
			bucket, _, _ := strings.Cut(tt.target, "/")
			if got := decoded[ruleReply](t, rec); got.Verdict != tt.verdict || m.Rules[bucket] != tt.after {
				t.Errorf("%s with %s in force, want %s with %s", got.Verdict, m.Rules[bucket], tt.verdict, tt.after)
			}
		})
	}
}

func TestWeb_AnotherAccountIsNamedInTheQuery(t *testing.T) {
	for query, want := range map[string]string{"": "", "?account=1234": "", "?account=5678": "5678"} {
		web, _ := newWeb(account(), everything)
		others := account().Warden(ossenc.Desired{Rule: aes256})
		others.Accounts = &memory.Accounts{IDs: []string{"5678"}}
		web.service.Warden = always(others)
		var got ossenc.Bucket
		web.service.Warden = always(ensurer{web.service.Warden(), func(_ context.Context, task ossenc.Task) ossenc.Result {
			got = task.Bucket
			return ossenc.Result{Verdict: ossenc.Compliant}
		}})
		ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "1234"})
		if rec := askIn(ctx, web, "GET", "/buckets/app-aes/encryption"+query); rec.Code != 200 || got.Account != want {
			t.Errorf("%q: %d, %+v; want %q", query, rec.Code, got, want)
		}
	}
}

// An account that the policy does not have is a mistake of the caller: it must not stand
// for the function's own account, whether the policy has accounts or not.
func TestWeb_AnAccountThatThePolicyDoesNotHaveIsInvalid(t *testing.T) {
	for _, accounts := range [][]ossenc.Account{nil, {{ID: "5678"}}} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			m := account()
			web, _ := newWeb(m, everything)
			web.service.Policy = &policy.Policy{Accounts: accounts}
			ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "1234"})
			rec := askIn(ctx, web, method, "/buckets/app-none/encryption?account=9999")
			if rec.Code != 400 || !strings.Contains(rec.Body.String(), "neither the function's own") || m.Writes != 0 {
				t.Errorf("%s with accounts %v: %d after %d writes: %s", method, accounts, rec.Code, m.Writes, rec.Body)
			}
			for _, path := range []string{"/apply", "/restore"} {
				body := `{"results":[{"account":"9999","bucket":"app-none","verdict":"fixed","before":{"algorithm":"AES256"},"after":null}]}`
				if path == "/apply" {
					p, err := web.service.NewPlan("").With([]service.PlanRow{{Account: "9999", Bucket: "app-none", Target: aes256}})
					if err != nil {
						t.Fatal(err)
					}
					body = encoded(t, p)
				}
				if rec := askIn(ctx, web, "POST", path, body); rec.Code != 400 || m.Writes != 0 {
					t.Errorf("%s with accounts %v: %d after %d writes: %s", path, accounts, rec.Code, m.Writes, rec.Body)
				}
			}
		}
	}
}

// variety is a report of many accounts under a policy.
func variety() *Web {
	web, _ := newWeb(account(), everything)
	web.service.Policy = manyRules
	web.service.Warden = always(sweeper{web.service.Warden(), func(_ ossenc.SweepOptions, each func(ossenc.Result) bool) error {
		for _, res := range []ossenc.Result{
			{Bucket: "assets", Region: "cn-hangzhou", Verdict: ossenc.Exempt, Observed: true, PolicyRule: "public assets", Reason: "no KMS rights yet"},
			{Bucket: "pay", Region: "cn-hangzhou", Verdict: ossenc.Blocked, Code: ossenc.ForeignKey, Observed: true, Before: kmsKey("k"), After: kmsKey("k"), Wanted: kmsKey("other"), PolicyRule: "payments", Reason: "foreign"},
			{Bucket: "none", Region: "cn-hangzhou", Verdict: ossenc.Blocked, Code: ossenc.Refused, Observed: true, Wanted: kmsKey("other"), PolicyRule: "payments", Reason: "the key is disabled"},
			{Bucket: "gone", Region: "cn-hangzhou", Verdict: ossenc.Gone, Reason: "gone"},
			{Account: "5678", Bucket: "theirs", Region: "cn-beijing", Verdict: ossenc.Compliant, Observed: true, Before: aes256, After: aes256, Wanted: aes256, Target: aes256, PolicyRule: "everything else", Reason: "good"},
		} {
			if !each(res) {
				return nil
			}
		}
		return nil
	}})
	return web
}

func TestReport_ManyAccountsUnderAPolicy(t *testing.T) {
	for format, lines := range map[string][]string{
		"csv": {
			",assets,cn-hangzhou,exempt,,none,,public assets,no KMS rights yet,,",
			",pay,cn-hangzhou,blocked,foreign_key,KMS(k),KMS(other),payments,foreign,,encrypted kms kms_key",
			",gone,cn-hangzhou,gone,,,,,gone,,",
			"5678,theirs,cn-beijing,compliant,,AES256,AES256,everything else,good,,encrypted",
		},
		"prometheus": {
			`bucketwarden_bucket_compliant{bucket="assets",region="cn-hangzhou"} 1`,
			`bucketwarden_bucket_compliant{bucket="pay",region="cn-hangzhou"} 0`,
			`bucketwarden_bucket_compliant{bucket="gone",region="cn-hangzhou"} 1`,
			`bucketwarden_bucket_compliant{account="5678",bucket="theirs",region="cn-beijing"} 1`,
			`bucketwarden_bucket_info{bucket="assets",region="cn-hangzhou",algorithm="none",verdict="exempt",rule="none",policy_rule="public assets"} 1`,
			`bucketwarden_bucket_info{bucket="pay",region="cn-hangzhou",algorithm="KMS",verdict="blocked",code="foreign_key",rule="KMS(k)",required="KMS(other)",policy_rule="payments"} 1`,
			`bucketwarden_bucket_info{bucket="gone",region="cn-hangzhou",algorithm="gone",verdict="gone"} 1`,
			"bucketwarden_report_complete 1",
		},
		"html": {
			"<title>1 with a foreign key, 1 not encrypted of 4 buckets · Bucketwarden</title>", "what the policy says",
			`<tr id="b-assets" data-g="exempt"><th scope="row">assets</th><td>cn-hangzhou</td><td>none</td><td></td><td>public assets</td><td><b>Exempt</b></td><td>no KMS rights yet</td></tr>`,
			`<tr id="b-pay" data-g="foreign" data-c="foreign_key"><th scope="row">pay</th><td>cn-hangzhou</td><td>KMS(k)</td><td>KMS(other)</td><td>payments</td><td><b>Foreign key</b></td><td>The key k is not one of the policy&#39;s<small>foreign</small>`,
			`<tr id="b-none" data-g="none" data-c="refused"><th scope="row">none</th>`,
			`<tr id="b-gone" data-g="gone"><th scope="row">gone</th>`,
			`<tr id="b-theirs" data-g="ok" data-o="5678"><th scope="row">theirs</th><td>cn-beijing</td><td>AES256</td><td>AES256</td><td>everything else</td>`,
		},
	} {
		body := ask(t, variety(), "GET", "/report?format="+format, "").Body.String()
		for _, line := range lines {
			if !strings.Contains(body, line) {
				t.Errorf("%s has no %s:\n%s", format, line, body)
			}
		}
	}
	got := decoded[reportReply](t, ask(t, variety(), "GET", "/report?limit=5", ""))
	if !got.Complete || got.Totals.Verdict["exempt"] != 1 || got.Totals.Algorithm["none"] != 2 || got.Totals.Algorithm["gone"] != 1 {
		t.Errorf("%+v", got)
	}
}

// In another account what is missing may lie before the last row, so going on
// behind it would leave it out.
func TestReport_AFailedListOfOneOfManyAccountsHasNoNext(t *testing.T) {
	web := variety()
	inner := web.service.Warden()
	web.service.Warden = always(sweeper{inner, func(s ossenc.SweepOptions, each func(ossenc.Result) bool) error {
		if _, err := inner.Sweep(t.Context(), s, each); err != nil {
			return err
		}
		return &ossenc.Error{Op: "ListBuckets", Code: ossenc.Denied, Message: "no right to list"}
	}})
	got := decoded[reportReply](t, ask(t, web, "GET", "/report", ""))
	if got.Complete || got.Next != "" || got.Error == nil || got.Error.Code != "denied" {
		t.Errorf("%+v %+v", got, got.Error)
	}
}
