package web

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// bindingPolicy has a rule of each kind, by the beginning of the bucket's name.
const bindingPolicy = `version: 1
keys:
  pay: {cn-hangzhou: [key-pay, key-pay-old]}
max_changes: 1
rules:
  - {name: exempt, match: {buckets: [exempt-*]}, exempt: {reason: r, owner: o, until: 2099-01-01}}
  - {name: watch, match: {buckets: [watch-*]}, want: {algorithm: KMS}, mode: report}
  - {name: exactly, match: {buckets: [exact-*]}, want: {algorithm: AES256}, compare: exact}
  - {name: pay, match: {buckets: [pay-*]}, want: {algorithm: KMS, key: pay}}
  - {name: rest, want: {algorithm: AES256}}
`

// bound returns the routes under the policy, for a token with these scopes, over one
// bucket with the rule.
func bound(t *testing.T, p *policy.Policy, bucket string, present ossenc.Rule, scopes []Scope) (*Web, *memory.Account) {
	t.Helper()
	m := &memory.Account{Rules: map[string]ossenc.Rule{bucket: present}}
	w := &ossenc.Warden{Store: m, Lister: m, Policy: policy.Evaluator{Policy: p}}
	return New(&service.Service{Warden: always(w), Policy: p, Log: slog.New(slog.DiscardHandler)},
		Auth{Mode: AuthTokens, Tokens: []Token{{Name: "t", Scopes: scopes, Hash: sha256.Sum256([]byte("s3cr3t"))}}, Allow: []Scope{ScopeReport, ScopeApply, ScopeRemove}}), m
}

// Who may write what: scope, policy, rule and present rule, each with each. The table
// of what is expected is written without the product's own decisions.
func TestWeb_ThePolicyBindsEveryCaller(t *testing.T) {
	file, err := policy.Parse("p.yaml", []byte(bindingPolicy))
	if err != nil {
		t.Fatal(err)
	}
	simple := policy.Simple(ossenc.Desired{Rule: kmsKey("key-pay")})
	none := ossenc.Rule{}
	states := []struct {
		name   string
		policy *policy.Policy
		bucket string
		named  []string // keys that may be written
		known  []string // keys that may be current; nil for any
		closed bool     // exempt, or only reported
	}{
		{"NoFile", simple, "any-1", []string{"key-pay"}, nil, false},
		{"Ordinary", file, "pay-1", []string{"key-pay", "key-pay-old"}, []string{"key-pay", "key-pay-old"}, false},
		{"Exactly", file, "exact-1", []string{"key-pay", "key-pay-old"}, []string{"key-pay", "key-pay-old"}, false},
		{"Exempt", file, "exempt-1", []string{"key-pay", "key-pay-old"}, nil, true},
		{"Report", file, "watch-1", []string{"key-pay", "key-pay-old"}, nil, true},
	}
	presents := []ossenc.Rule{none, aes256, sm4, kms, kmsKey("key-pay"), kmsKey("key-pay-old"), kmsKey("evil")}
	bodies := []ossenc.Rule{aes256, sm4, kms, kmsKey("key-pay"), kmsKey("evil")}
	cases := 0
	for _, scopes := range [][]Scope{{ScopeReport}, {ScopeApply}, {ScopeRemove}, {ScopeApply, ScopeRemove}} {
		for _, s := range states {
			for _, query := range []string{"", "?compare=exact", "?override=policy", "?compare=exact&override=policy"} {
				for _, present := range presents {
					for _, body := range bodies {
						cases++
						web, m := bound(t, s.policy, s.bucket, present, scopes)
						exact, override := strings.Contains(query, "exact"), strings.Contains(query, "override")
						after, status := present, 200
						switch {
						case !slices.Contains(scopes, ScopeApply), (exact || override) && !slices.Contains(scopes, ScopeRemove):
							status = 403
						case !override && (s.closed || body.KMSKeyID != "" && !slices.Contains(s.named, body.KMSKeyID)):
							status = 409
						case exact:
							after = body
						case !override && s.known != nil && present.KMSKeyID != "" && !slices.Contains(s.known, present.KMSKeyID):
							status = 409
						case present.IsNone():
							after = body
						default:
							after = ossenc.Join(present, body)
						}
						rec := ask(t, web, "PUT", "/buckets/"+s.bucket+"/encryption"+query, ruleJSON(body), "Authorization", "Bearer s3cr3t")
						if rec.Code != status || m.Rules[s.bucket] != after || status != 200 && m.Writes != 0 {
							t.Errorf("%v, %s, PUT%s %s over %s: %d and %s, want %d and %s: %s", scopes, s.name, query, body, present, rec.Code, m.Rules[s.bucket], status, after, rec.Body)
						}
					}
				}
			}
		}
	}
	if cases < 2000 {
		t.Errorf("only %d cases", cases)
	}
}

func ruleJSON(r ossenc.Rule) string {
	return fmt.Sprintf(`{"algorithm":%q,"kms_key_id":%q,"kms_data_encryption":%q}`, r.Algorithm, r.KMSKeyID, r.KMSDataEncryption)
}

// The other ways to change one bucket: without a body, removal, undo.
func TestWeb_ThePolicyBindsRemovalAndUndo(t *testing.T) {
	file, err := policy.Parse("p.yaml", []byte(bindingPolicy))
	if err != nil {
		t.Fatal(err)
	}
	none := ossenc.Rule{}
	undo := func(bucket string, before, after ossenc.Rule) string {
		return fmt.Sprintf(`{"results":[{"bucket":%q,"region":"cn-hangzhou","verdict":"fixed","before":%s,"after":%s}]}`, bucket, orNull(before), orNull(after))
	}
	tests := []struct {
		name, method, target, body, bucket string
		scopes                             []Scope
		present                            ossenc.Rule
		status                             int
		after                              ossenc.Rule
	}{
		{"PutExempt", "PUT", "/buckets/exempt-1/encryption", "", "exempt-1", []Scope{ScopeApply}, none, 200, none},
		{"PutReported", "PUT", "/buckets/watch-1/encryption", "", "watch-1", []Scope{ScopeApply}, none, 200, none},
		{"PutWhatThePolicySaysExactly", "PUT", "/buckets/exact-1/encryption", "", "exact-1", []Scope{ScopeApply}, sm4, 200, aes256},
		{"PutExactNeedsRemove", "PUT", "/buckets/pay-1/encryption?compare=exact", "", "pay-1", []Scope{ScopeApply}, sm4, 403, sm4},
		{"PutExact", "PUT", "/buckets/any-1/encryption?compare=exact", "", "any-1", []Scope{ScopeApply, ScopeRemove}, sm4, 200, aes256},
		{"Delete", "DELETE", "/buckets/any-1/encryption", "", "any-1", []Scope{ScopeRemove}, aes256, 200, none},
		{"DeleteNeedsRemove", "DELETE", "/buckets/any-1/encryption", "", "any-1", []Scope{ScopeApply}, aes256, 403, aes256},
		{"DeleteExempt", "DELETE", "/buckets/exempt-1/encryption", "", "exempt-1", []Scope{ScopeRemove}, aes256, 409, aes256},
		{"DeleteReported", "DELETE", "/buckets/watch-1/encryption", "", "watch-1", []Scope{ScopeRemove}, aes256, 409, aes256},
		{"DeleteExemptOverride", "DELETE", "/buckets/exempt-1/encryption?override=policy", "", "exempt-1", []Scope{ScopeRemove}, aes256, 200, none},
		{"DeleteReportedOverride", "DELETE", "/buckets/watch-1/encryption?override=policy", "", "watch-1", []Scope{ScopeRemove}, aes256, 200, none},
		{"Undo", "POST", "/restore", undo("any-1", none, aes256), "any-1", []Scope{ScopeRemove}, aes256, 200, none},
		{"UndoNeedsRemove", "POST", "/restore", undo("any-1", none, aes256), "any-1", []Scope{ScopeApply}, aes256, 403, aes256},
		{"UndoSetsAKeyAgain", "POST", "/restore", undo("any-1", kmsKey("old"), aes256), "any-1", []Scope{ScopeRemove}, aes256, 200, kmsKey("old")},
		{"UndoExempt", "POST", "/restore", undo("exempt-1", none, aes256), "exempt-1", []Scope{ScopeRemove}, aes256, 409, aes256},
		{"UndoExemptOverride", "POST", "/restore?override=policy", undo("exempt-1", none, aes256), "exempt-1", []Scope{ScopeRemove}, aes256, 409, aes256},
		{"UndoReported", "POST", "/restore", undo("watch-1", none, aes256), "watch-1", []Scope{ScopeRemove}, aes256, 409, aes256},
		{"UndoReportedOverride", "POST", "/restore?override=policy", undo("watch-1", none, aes256), "watch-1", []Scope{ScopeRemove}, aes256, 200, none},
		{"ApplyOverrideNeedsRemove", "POST", "/apply?override=policy", `{}`, "any-1", []Scope{ScopeApply}, aes256, 403, aes256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			web, m := bound(t, file, tt.bucket, tt.present, tt.scopes)
			rec := ask(t, web, tt.method, tt.target, tt.body, "Authorization", "Bearer s3cr3t")
			if rec.Code != tt.status || m.Rules[tt.bucket] != tt.after || tt.present == tt.after && m.Writes != 0 {
				t.Errorf("%d and %s after %d writes, want %d and %s: %s", rec.Code, m.Rules[tt.bucket], m.Writes, tt.status, tt.after, rec.Body)
			}
			if tt.status == 409 && !strings.Contains(rec.Body.String(), `"code":"refused"`) {
				t.Errorf("not refused: %s", rec.Body)
			}
		})
	}
}

func orNull(r ossenc.Rule) string {
	if r.IsNone() {
		return "null"
	}
	return ruleJSON(r)
}

// max_changes is counted before the first write; an approved plan or an undo may
// exceed it with the override.
func TestWeb_MaxChangesBindsPlansAndUndo(t *testing.T) {
	file, err := policy.Parse("p.yaml", []byte(bindingPolicy))
	if err != nil {
		t.Fatal(err)
	}
	share, err := policy.Parse("p.yaml", []byte(strings.Replace(bindingPolicy, "max_changes: 1", "max_changes: 34%", 1)))
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := policy.Parse("p.yaml", []byte(strings.Replace(bindingPolicy, "max_changes: 1", "max_changes: 0", 1)))
	if err != nil {
		t.Fatal(err)
	}
	rows := func(n int) []service.PlanRow {
		return []service.PlanRow{{Bucket: "a-1", Target: aes256}, {Bucket: "a-2", Target: aes256}, {Bucket: "a-3", Target: aes256}}[:n]
	}
	tests := []struct {
		name   string
		policy *policy.Policy
		query  string
		rows   int
		status int
		writes int
	}{
		{"One", file, "", 1, 200, 1},
		{"TooMany", file, "", 2, 409, 0},
		{"TooManyInADryRun", file, "?dry_run=true", 2, 200, 0},
		{"Override", file, "?override=policy", 3, 200, 3},
		{"Share", share, "", 2, 200, 2},
		{"MoreThanAShare", share, "", 3, 409, 0},
		{"None", nothing, "", 1, 409, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			web, m := bound(t, tt.policy, "a-1", ossenc.Rule{}, []Scope{ScopeApply, ScopeRemove})
			m.Rules["a-2"], m.Rules["a-3"] = ossenc.Rule{}, ossenc.Rule{}
			plan, err := web.service.NewPlan("").With(rows(tt.rows))
			if err != nil {
				t.Fatal(err)
			}
			rec := ask(t, web, "POST", "/apply"+tt.query, encoded(t, plan), "Authorization", "Bearer s3cr3t")
			if rec.Code != tt.status || m.Writes != tt.writes {
				t.Errorf("/apply: %d after %d writes, want %d after %d: %s", rec.Code, m.Writes, tt.status, tt.writes, rec.Body)
			}
			var done []ossenc.Result
			for _, r := range rows(tt.rows) {
				m.Rules[r.Bucket] = aes256
				done = append(done, ossenc.Result{Bucket: r.Bucket, Verdict: ossenc.Fixed, After: aes256})
			}
			m.Writes = 0
			rec = ask(t, web, "POST", "/restore"+tt.query, encoded(t, map[string]any{"results": done}), "Authorization", "Bearer s3cr3t")
			if rec.Code != tt.status || m.Writes != tt.writes {
				t.Errorf("/restore: %d after %d writes, want %d after %d: %s", rec.Code, m.Writes, tt.status, tt.writes, rec.Body)
			}
		})
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
