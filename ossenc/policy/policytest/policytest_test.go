package policytest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc/policy"
)

const company = `
version: 1
keys: {k: {cn-hangzhou: key-hz}}
rules:
  - name: assets
    match: {buckets: ["assets-*"]}
    exempt: {reason: r, owner: o, until: 2027-03-31}
  - name: payments
    match: {tags: {class: payment}}
    want: {algorithm: KMS, key: k, kms_data_encryption: SM4}
    on_unusable_key: {fallback: {algorithm: KMS}}
  - name: subsidiary
    match: {accounts: ["222"]}
    want: {algorithm: SM4}
    compare: exact
    mode: report
    settle: 60s
  - name: rest
    want: {algorithm: AES256}
`

var today = time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)

func ask(t *testing.T, tests string) (*policy.Policy, []Outcome) {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(company))
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse("policy_test.yaml", []byte("tests:\n"+tests))
	if err != nil {
		t.Fatal(err)
	}
	return p, Run(p, read, today)
}

func TestRun(t *testing.T) {
	tests := []struct {
		name, test string
		failures   []string
	}{
		{"EveryField", `{bucket: pay, region: cn-hangzhou, account: "1", tags: {class: payment}, expect: {rule: payments, algorithm: KMS, kms_key_id: key-hz, kms_data_encryption: SM4, compare: floor, mode: enforce, fallback: KMS, settle: none, exempt: false, blocked: false}}`, nil},
		{"Nothing", `{bucket: pay, region: cn-hangzhou, account: "222", expect: {kms_key_id: none, kms_data_encryption: none, fallback: none, mode: report, compare: exact, settle: 1m}}`, nil},
		{"EveryFieldDiffers", `{bucket: pay, region: cn-hangzhou, account: "1", expect: {rule: payments, algorithm: KMS, kms_key_id: key-hz, kms_data_encryption: SM4, compare: exact, mode: report, settle: 5s, fallback: KMS, exempt: true, blocked: true}}`, []string{
			"rule: want payments, got rest", "algorithm: want KMS, got AES256", "kms_key_id: want key-hz, got none", "kms_data_encryption: want SM4, got none",
			"compare: want exact, got floor", "mode: want report, got enforce", "settle: want 5s, got none", "fallback: want KMS, got none", "exempt: want true, got false", "blocked: want true, got false",
		}},
		{"ExemptByChance", `{bucket: assets-1, region: cn-hangzhou, expect: {rule: assets}}`, []string{"exempt: want false, got true"}},
		{"NothingIsWantedOfTheExempt", `{bucket: assets-1, region: cn-hangzhou, expect: {algorithm: AES256, exempt: true}}`, []string{"algorithm: want AES256, got none"}},
		{"BlockedByChance", `{bucket: pay, region: cn-beijing, tags: {class: payment}, expect: {rule: payments}}`, []string{"blocked: want false, got true"}},
		{"LastDay", `{bucket: assets-1, region: cn-hangzhou, on: 2027-03-31, expect: {exempt: true}}`, nil},
		{"DayAfter", `{bucket: assets-1, region: cn-hangzhou, account: "1", on: 2027-04-01, expect: {rule: rest}}`, nil},
		{"AccountNeeded", `{bucket: pay, region: cn-hangzhou, expect: {rule: rest}}`, []string{"pay: invalid: the policy needs the bucket's account, and nothing says it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, outcomes := ask(t, "  - "+tt.test)
			if got := outcomes[0].Failures; !slices.Equal(got, tt.failures) {
				t.Errorf("Failures = %q\n     want %q", got, tt.failures)
			}
		})
	}
}

func TestParse_TellsEveryProblem(t *testing.T) {
	_, err := Parse("t", []byte(`test: 1
tests:
  - {bucket: A, region: hangzhou, accounts: "1", on: soon, expect: {}}
  - {expect: {algorithm: AES, exempt: "yes", keyid: x}}
  - {bucket: pay, region: cn-hangzhou, account: 1}
`))
	want := `t:1:1: test: unknown field (did you mean tests?); the fields here are $schema, tests
t:3:14: tests[0].bucket: "A" is not a bucket name, which is 3 to 63 characters a-z, 0-9 and -
t:3:25: tests[0].region: "hangzhou" is not a region ID, such as cn-hangzhou
t:3:35: tests[0].accounts: unknown field (did you mean account?); the fields here are bucket, region, account, account_name, account_tags, tags, on, expect
t:3:54: tests[0].on: "soon" is not a date; write the last day like 2027-03-31
t:3:68: tests[0].expect: is an empty object
t:4:5: tests[1]: bucket is missing
t:4:5: tests[1]: region is missing
t:4:26: tests[1].expect.algorithm: "AES" is none of AES256, KMS, SM4 (did you mean AES256?)
t:4:39: tests[1].expect.exempt: is text; true or false is expected
t:4:46: tests[1].expect.keyid: unknown field (did you mean kms_key_id?); the fields here are rule, algorithm, kms_key_id, kms_data_encryption, compare, mode, settle, fallback, exempt, blocked
t:5:5: tests[2]: expect is missing
t:5:49: tests[2].account: is a number; put it in quotes to make it text: "1"`
	if err == nil || err.Error() != want {
		t.Errorf("Parse =\n%v\nwant\n%s", err, want)
	}
}

func TestPrint(t *testing.T) {
	p, outcomes := ask(t, `
  - {bucket: assets-1, region: cn-hangzhou, expect: {exempt: true}}
  - {bucket: pay, region: cn-hangzhou, account: "1", tags: {class: card}, on: 2027-04-01, expect: {algorithm: KMS}}
  - {bucket: pay, region: cn-beijing, tags: {class: payment}, expect: {blocked: true}}
  - {bucket: pay, region: cn-beijing, expect: {algorithm: KMS}}
`)
	var out strings.Builder
	failed := Print(&out, "policy_test.yaml", p, outcomes, false)
	want := `ok   policy_test.yaml:3: assets-1 in cn-hangzhou: rule "assets", exempt until 2027-03-31
FAIL policy_test.yaml:4: pay in cn-hangzhou of 1 on 2027-04-01: rule "rest", AES256, floor, enforce
       algorithm: want KMS, got AES256
       not "assets": the exemption ended with 2027-03-31
       not "payments": tag class "card" is not payment
       not "subsidiary": account "1" is not 222
ok   policy_test.yaml:5: pay in cn-beijing: rule "payments", blocked: the policy gives the key k no ID in region cn-beijing
FAIL policy_test.yaml:6: pay in cn-beijing: no requirement
       pay: invalid: the policy needs the bucket's account, and nothing says it
       not "assets": bucket "pay" is not assets-*
       not "payments": there is no tag class
4 tests, 2 failed
no test reaches: subsidiary
`
	if out.String() != want || failed != 2 {
		t.Errorf("Print = %d,\n%s\nwant\n%s", failed, out.String(), want)
	}
	out.Reset()
	Print(&out, "policy_test.yaml", p, outcomes[2:3], true)
	if !strings.Contains(out.String(), `       not "assets": bucket "pay" is not assets-*`) {
		t.Errorf("verbose, it does not say why rules were skipped:\n%s", out.String())
	}
}
