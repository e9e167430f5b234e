package policy_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

const company = `
version: 1
keys:
  payments: {cn-hangzhou: key-hz, cn-beijing: [key-bj, key-bj-old]}
accounts:
  - {id: "222", role_arn: "acs:ram::222:role/warden"}
max_changes: 10%
rules:
  - name: assets
    match: {buckets: ["assets-*"]}
    exempt: {reason: a reason, owner: somebody, until: 2027-03-31}
  - name: payments
    match: {buckets: ["pay-*"]}
    want: {algorithm: KMS, key: payments, kms_data_encryption: SM4}
    on_unusable_key: {fallback: {algorithm: KMS}}
  - name: subsidiary
    match: {accounts: ["222"]}
    want: {algorithm: KMS, kms_key_id: "acs:kms:cn-shanghai:222:key/key-sh"}
    compare: exact
  - name: tagged, for a while
    match: {tags: {pause: "*"}}
    exempt: {reason: r, owner: o, until: 2027-01-31}
  - name: tagged
    match: {buckets: ["crm*"], tags: {class: "p*", zone: eu}}
    want: {algorithm: SM4}
    mode: report
  - name: rest
    want: {algorithm: AES256}
`

func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

func tagged(tags map[string]string) func() (map[string]string, error) {
	return func() (map[string]string, error) { return tags, nil }
}

func want(r ossenc.Rule, c ossenc.Compare, report bool) ossenc.Desired {
	d := ossenc.Desired{Rule: r, Compare: c, Mode: ossenc.Enforce}
	if report {
		d.Mode = ossenc.ReportOnly
	}
	return d
}

var (
	kmsSM4 = ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-hz", KMSDataEncryption: ossenc.SM4}
	kms    = ossenc.Rule{Algorithm: ossenc.KMS}
	aes    = ossenc.Rule{Algorithm: ossenc.AES256}
)

func TestFor(t *testing.T) {
	assets := &ossenc.Exemption{Rule: "assets", Reason: "a reason", Owner: "somebody", Until: ossenc.Date{Time: day("2027-03-31")}, Line: 9}
	none := tagged(nil)
	tests := []struct {
		name  string
		facts policy.Facts
		on    time.Time
		want  ossenc.Requirement
	}{
		{"KeyOfTheRegion", policy.Facts{"111", "pay-eu", "cn-hangzhou", nil, nil}, day("2027-01-01"), ossenc.Requirement{Rule: "payments", Index: 1, Desired: want(kmsSM4, ossenc.Floor, false), Fallback: kms}},
		{"FirstOfSeveralKeys", policy.Facts{"111", "pay-eu", "cn-beijing", nil, nil}, day("2027-01-01"), ossenc.Requirement{Rule: "payments", Index: 1, Desired: want(ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-bj", KMSDataEncryption: "SM4"}, ossenc.Floor, false), Fallback: kms}},
		{"NoKeyInTheRegionBlocks", policy.Facts{"111", "pay-eu", "cn-shanghai", nil, nil}, day("2027-01-01"), ossenc.Requirement{Rule: "payments", Index: 1, Blocked: "the policy gives the key payments no ID in region cn-shanghai"}},
		{"FirstMatchDecides", policy.Facts{"222", "pay-eu", "cn-hangzhou", nil, nil}, day("2027-01-01"), ossenc.Requirement{Rule: "payments", Index: 1, Desired: want(kmsSM4, ossenc.Floor, false), Fallback: kms}},
		{"OtherAccountExact", policy.Facts{"222", "data", "cn-shanghai", nil, nil}, day("2027-01-01"), ossenc.Requirement{Rule: "subsidiary", Index: 2, Desired: want(ossenc.Rule{Algorithm: "KMS", KMSKeyID: "acs:kms:cn-shanghai:222:key/key-sh"}, ossenc.Exact, false)}},
		{"ARNOfAnotherRegionBlocks", policy.Facts{"222", "data", "cn-beijing", nil, nil}, day("2027-01-01"), ossenc.Requirement{Rule: "subsidiary", Index: 2, Blocked: "the key acs:kms:cn-shanghai:222:key/key-sh lives in another region than cn-beijing"}},
		{"ExemptOnTheFirstDays", policy.Facts{"111", "assets-x", "cn-beijing", nil, none}, day("2026-01-01"), ossenc.Requirement{Rule: "assets", Exempt: assets}},
		{"ExemptUntilTheEndOfTheLastDay", policy.Facts{"111", "assets-x", "cn-beijing", nil, none}, day("2027-04-01").Add(-1), ossenc.Requirement{Rule: "assets", Exempt: assets}},
		{"EndedInUTC", policy.Facts{"111", "assets-x", "cn-beijing", nil, none}, day("2027-04-01").In(time.FixedZone("", -8*3600)), ossenc.Requirement{Rule: "rest", Index: 5, Desired: want(aes, ossenc.Floor, false)}},
		{"AllTagsMatch", policy.Facts{"111", "crm", "cn-beijing", nil, tagged(map[string]string{"class": "personal", "zone": "eu"})}, day("2027-01-01"), ossenc.Requirement{Rule: "tagged", Index: 4, Desired: want(ossenc.Rule{Algorithm: "SM4"}, ossenc.Floor, true)}},
		{"OneTagDiffers", policy.Facts{"111", "crm", "cn-beijing", nil, tagged(map[string]string{"class": "personal", "zone": "us"})}, day("2027-01-01"), ossenc.Requirement{Rule: "rest", Index: 5, Desired: want(aes, ossenc.Floor, false)}},
		{"EmptyTagValueIsATag", policy.Facts{"111", "data", "cn-beijing", nil, tagged(map[string]string{"pause": ""})}, day("2027-01-01"), ossenc.Requirement{Rule: "tagged, for a while", Index: 3, Exempt: &ossenc.Exemption{Rule: "tagged, for a while", Reason: "r", Owner: "o", Until: ossenc.Date{Time: day("2027-01-31")}, Line: 20}}},
	}
	p := parse(t, company)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.For(tt.facts, tt.on)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("For = %+v\n  want %+v", got, tt.want)
			}
		})
	}
}

func TestFor_UnknownIsNotNoMatch(t *testing.T) {
	broken := errors.New("GetBucketTags: timeout")
	tests := []struct {
		name  string
		facts policy.Facts
		err   string
	}{
		{"NoAccount", policy.Facts{"", "data", "cn-hangzhou", nil, tagged(nil)}, "data: invalid: the policy needs the bucket's account, and nothing says it"},
		{"NoRegionForTheKey", policy.Facts{"111", "pay-eu", "", nil, nil}, "pay-eu: invalid: the policy needs the bucket's region, and nothing says it"},
		{"NoTags", policy.Facts{"111", "data", "cn-hangzhou", nil, nil}, "data: invalid: the policy needs the bucket's tags, and nothing says it"},
		{"TagsUnreadable", policy.Facts{"111", "data", "cn-hangzhou", nil, func() (map[string]string, error) { return nil, broken }}, "GetBucketTags: timeout"},
	}
	p := parse(t, company)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.For(tt.facts, day("2027-01-01"))
			if err == nil || err.Error() != tt.err || !reflect.DeepEqual(got, ossenc.Requirement{}) {
				t.Errorf("For = %+v, %v; want only the error %s", got, err, tt.err)
			}
		})
	}
}

// What is not known does not matter where another part of the match decides.
func TestFor_AnotherPartOfTheMatchDecides(t *testing.T) {
	p := parse(t, `
version: 1
rules:
  - {name: north, match: {regions: [cn-beijing], accounts: ["111"], buckets: [pay-*], tags: {a: b}}, want: {algorithm: KMS}, settle: 30s}
  - {name: logs, match: {buckets: [logs-*]}, exempt: {reason: r, owner: o, until: 2027-03-31}}
  - {name: rest, want: {algorithm: AES256}}
`)
	for bucket, want := range map[string]string{"logs-1": "logs", "other": "rest", "pay-1": ""} {
		got, err := p.For(policy.Facts{Bucket: bucket}, day("2027-01-01"))
		if got.Rule != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", bucket, got.Rule, err, want)
		}
	}
	got, err := p.For(policy.Facts{Account: "111", Bucket: "pay-1", Region: "cn-beijing", Tags: tagged(map[string]string{"a": "b"})}, day("2027-01-01"))
	if err != nil || got.Settle == nil || *got.Settle != 30*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
}

// The exemption of a bucket that could not be read depends on what is known without it.
func TestEvaluator_Exemption(t *testing.T) {
	p := parse(t, `
version: 1
accounts: [{id: "222", role_arn: "acs:ram::222:role/r"}]
rules:
  - {name: tagged, match: {buckets: [t-*], tags: {a: b}}, want: {algorithm: KMS}}
  - {name: by name, match: {buckets: [logs-*, t-*]}, exempt: {reason: r, owner: o, until: 2027-03-31}}
  - {name: by account, match: {accounts: ["222"], buckets: [data-*]}, exempt: {reason: r, owner: o, until: 2027-03-31}}
  - {name: by region, match: {regions: [cn-beijing], buckets: [cn-*]}, exempt: {reason: r, owner: o, until: 2027-03-31}}
  - {name: ended, match: {buckets: [old-*]}, exempt: {reason: r, owner: o, until: 2026-12-31}}
  - {name: rest, want: {algorithm: AES256}}
`)
	e := policy.Evaluator{Policy: p, Now: func() time.Time { return day("2027-01-01") }} // no Tags: none are read
	own := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "111"})
	for _, tt := range []struct {
		ctx    context.Context
		bucket ossenc.Bucket
		want   string
	}{
		{own, ossenc.Bucket{Name: "logs-1"}, "by name"},
		{t.Context(), ossenc.Bucket{Name: "logs-1"}, "by name"},
		{own, ossenc.Bucket{Name: "data-1"}, ""},
		{own, ossenc.Bucket{Name: "data-1", Account: "222"}, "by account"},
		{t.Context(), ossenc.Bucket{Name: "data-1"}, ""},
		{own, ossenc.Bucket{Name: "cn-1"}, ""},
		{own, ossenc.Bucket{Name: "cn-1", Region: "cn-beijing"}, "by region"},
		{own, ossenc.Bucket{Name: "cn-1", Region: "cn-hangzhou"}, ""},
		{own, ossenc.Bucket{Name: "t-1"}, ""},
		{own, ossenc.Bucket{Name: "old-1"}, ""},
		{own, ossenc.Bucket{Name: "other"}, ""},
	} {
		got := ""
		if x := e.Exemption(tt.ctx, tt.bucket, nil); x != nil {
			got = x.Rule
		}
		if got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.bucket, got, tt.want)
		}
	}
}

func TestFor_ReadsTagsOnceAndOnlyWhereNeeded(t *testing.T) {
	tests := []struct {
		name, bucket, on string
		calls            int
	}{
		{"RuleBeforeMatches", "pay-eu", "2027-01-01", 0},
		{"TwoRulesNeedThem", "crm", "2027-01-01", 1},
		{"OneRuleNeedsThem", "data", "2027-01-01", 1},
		{"OtherPartsDoNotMatch", "data", "2027-02-01", 0},
		{"ExemptionEnded", "crm", "2027-02-01", 1},
	}
	p := parse(t, company)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			tags := func() (map[string]string, error) { calls++; return nil, nil }
			if _, err := p.For(policy.Facts{"111", tt.bucket, "cn-hangzhou", nil, tags}, day(tt.on)); err != nil {
				t.Fatal(err)
			}
			if calls != tt.calls {
				t.Errorf("tags were read %d times, want %d", calls, tt.calls)
			}
		})
	}
}

func TestExplain_SaysWhyEachRuleBeforeDidNotMatch(t *testing.T) {
	p := parse(t, company)
	tags := tagged(map[string]string{"class": "secret"})
	ruling, skipped, err := p.Explain(policy.Facts{"111", "crm", "cn-hangzhou", nil, tags}, day("2027-02-01"))
	if err != nil || ruling.Rule != "rest" {
		t.Fatalf("Explain = %+v, %v", ruling, err)
	}
	want := []policy.Skipped{
		{"assets", `bucket "crm" is not assets-*`},
		{"payments", `bucket "crm" is not pay-*`},
		{"subsidiary", `account "111" is not 222`},
		{"tagged, for a while", "the exemption ended with 2027-01-31"},
		{"tagged", `tag class "secret" is not p*`},
	}
	if !slices.Equal(skipped, want) {
		t.Errorf("skipped = %q\n    want %q", skipped, want)
	}
}

func TestKeysIn(t *testing.T) {
	p := parse(t, company)
	for region, want := range map[string][]string{
		"cn-hangzhou": {"key-hz"},
		"cn-beijing":  {"key-bj", "key-bj-old"},
		"cn-shanghai": {"acs:kms:cn-shanghai:222:key/key-sh"},
		"cn-shenzhen": nil,
	} {
		if got := p.KeysIn(region); !slices.Equal(got, want) {
			t.Errorf("KeysIn(%s) = %v, want %v", region, got, want)
		}
	}
}

func TestEndingSoon(t *testing.T) {
	p := parse(t, company)
	const within = 14 * 24 * time.Hour
	for on, want := range map[string]struct{ soon, ended string }{
		"2027-01-17": {"", ""},
		"2027-01-18": {"tagged, for a while", ""}, // ended 14 days later
		"2027-01-31": {"tagged, for a while", ""},
		"2027-02-01": {"", "tagged, for a while"},
		"2027-03-20": {"assets", "tagged, for a while"},
		"2027-04-01": {"", "tagged, for a while assets"},
	} {
		if got := names(p.EndingSoon(day(on), within)); got != want.soon {
			t.Errorf("%s: EndingSoon = %q, want %q", on, got, want.soon)
		}
		if got := names(p.Ended(day(on))); got != want.ended {
			t.Errorf("%s: Ended = %q, want %q", on, got, want.ended)
		}
	}
}

func names(es []ossenc.Exemption) string {
	var all []string
	for _, e := range es {
		all = append(all, e.Rule)
	}
	return strings.Join(all, " ")
}

func TestSimple_IsTheSameForAll(t *testing.T) {
	w := want(kmsSM4, ossenc.Exact, true)
	p := policy.Simple(w)
	got, err := p.For(policy.Facts{Bucket: "data"}, day("2027-01-01"))
	if err != nil || !reflect.DeepEqual(got, ossenc.Requirement{Rule: policy.SimpleRule, Desired: w}) {
		t.Errorf("For = %+v, %v", got, err)
	}
	if keys := p.KeysIn("cn-beijing"); !slices.Equal(keys, []string{"key-hz"}) {
		t.Errorf("KeysIn = %v", keys)
	}
	if p.MaxChanges.Of(7) != 7 || len(p.Exemptions()) != 0 {
		t.Errorf("a simple policy has a cap or exemptions")
	}
}

func TestParse_ReadsAccountsAndCap(t *testing.T) {
	p := parse(t, company)
	if want := []ossenc.Account{{ID: "222", RoleARN: "acs:ram::222:role/warden"}}; !slices.Equal(p.Accounts, want) {
		t.Errorf("Accounts = %v", p.Accounts)
	}
	if p.MaxChanges != (policy.MaxChanges{Percent: 10}) {
		t.Errorf("MaxChanges = %+v", p.MaxChanges)
	}
}

func TestMaxChanges_Of(t *testing.T) {
	for _, tt := range []struct {
		cap           policy.MaxChanges
		buckets, want int
	}{
		{policy.MaxChanges{}, 100, 100},
		{policy.MaxChanges{None: true}, 100, 0},
		{policy.MaxChanges{Count: 50}, 100, 50},
		{policy.MaxChanges{Count: 50}, 10, 10},
		{policy.MaxChanges{Percent: 10}, 100, 10},
		{policy.MaxChanges{Percent: 10}, 101, 11},
		{policy.MaxChanges{Percent: 1}, 1, 1},
		{policy.MaxChanges{Percent: 100}, 7, 7},
		{policy.MaxChanges{Percent: 10}, 0, 0},
	} {
		if got := tt.cap.Of(tt.buckets); got != tt.want {
			t.Errorf("%+v.Of(%d) = %d, want %d", tt.cap, tt.buckets, got, tt.want)
		}
	}
}

func TestParse_RefusesWhatIsNoText(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"TooLarge":       {strings.Repeat("#", 1<<20) + "#", "p:1:1: the file has 1048577 bytes; 1048576 are allowed"},
		"ByteOrderMark":  {"\ufeffversion: 1", "p:1:1: the file starts with a byte order mark; save it as UTF-8 without one"},
		"UTF16":          {"\xff\xfev\x00", "p:1:1: the file is UTF-16; save it as UTF-8"},
		"NotUTF8":        {"version: 1\nü: \xff", "p:2:4: the byte 0xff is not UTF-8"},
		"Control":        {"version: \x01", "p:1:10: the invisible character U+0001 has no place here"},
		"Empty":          {"", "p:1:1: the file is empty"},
		"Null":           {"~", "p:1:1: the file is empty"},
		"Deep":           {strings.Repeat("[", 20_000), "p:1:1: not YAML: exceeded max depth of 10000"},
		"AliasOfItself":  {"version: 1\nrules: &r [*r]", "p:2:8: rules[0]: is a list; an object is expected"},
		"TwoRootsInJSON": {`{"version": 1, "rules": [{"name": "a", "want": {"algorithm": "AES256"}}]} {}`, "p:1:76: not YAML: did not find expected <document start>"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := policy.Parse("p", []byte(tt.text)); err == nil || err.Error() != tt.want {
				t.Errorf("Parse = %v\n   want %s", err, tt.want)
			}
		})
	}
}

// Written out, this file of 40 KB has five million values.
func TestParse_BoundsAliases(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nrules:\n  - &r\n    name: a\n    match: {buckets: [")
	for i := range 5_000 {
		fmt.Fprintf(&b, "b-%d,", i)
	}
	b.WriteString("]}\n    want: {algorithm: AES256}\n")
	b.WriteString(strings.Repeat("  - *r\n", 999))
	_, err := policy.Parse("p", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "with its aliases written out, the file has more than 100000 values") {
		t.Errorf("Parse = %.300v", err)
	}
}

func TestParse_BoundsRules(t *testing.T) {
	text := "version: 1\nrules:\n" + strings.Repeat("  - {name: a}\n", 1001)
	if _, err := policy.Parse("p", []byte(text)); err == nil || err.Error() != "p:3:3: rules: 1001 rules; at most 1000 are allowed" {
		t.Errorf("Parse = %.300v", err)
	}
}

func TestParse_TakesJSONAndAliases(t *testing.T) {
	asJSON := parse(t, "{\n\t\"version\": 1,\n\t\"max_changes\": 5,\n\t\"rules\": [{\"name\": \"all\", \"want\": {\"algorithm\": \"KMS\"}}]\n}")
	if r, err := asJSON.For(policy.Facts{Bucket: "data"}, time.Time{}); err != nil || r.Desired.Rule != kms || asJSON.MaxChanges.Count != 5 {
		t.Errorf("For = %+v, %v", r, err)
	}
	aliased := parse(t, "version: 1\nrules:\n  - {name: a, match: {buckets: [a-*]}, want: &w {algorithm: KMS}}\n  - {name: b, want: *w}\n")
	if r, err := aliased.For(policy.Facts{Bucket: "data"}, time.Time{}); err != nil || r.Desired.Rule != kms {
		t.Errorf("For = %+v, %v", r, err)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Parse("p", []byte(company)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFor(b *testing.B) {
	p, now := parse(b, company), day("2027-01-01")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.For(policy.Facts{Account: "111", Bucket: "pay-eu-2027", Region: "cn-hangzhou"}, now); err != nil {
			b.Fatal(err)
		}
	}
}
