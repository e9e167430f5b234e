package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// planOf returns a plan of now of these rows, as s would make it.
func planOf(s *Service, rows ...PlanRow) *Plan {
	p, _ := s.NewPlan("").With(rows)
	return p
}

func TestPlan_Check(t *testing.T) {
	s := serving(&memory.Account{})
	good := PlanRow{Bucket: "b-1", Region: "cn-hangzhou", Target: aes256}
	if err := planOf(s, good).Check(""); err != nil {
		t.Fatal(err)
	}
	changed := func(change func(*Plan)) *Plan {
		p := planOf(s, good)
		change(p)
		return p
	}
	tests := []struct {
		name     string
		plan     *Plan
		approved string
		want     string
	}{
		{"OtherRows", changed(func(p *Plan) { p.Rows[0].Target = ossenc.Rule{} }), "", "do not match its digest"},
		{"OtherTime", changed(func(p *Plan) { p.Time = p.Time.Add(time.Hour) }), "", "do not match its digest"},
		{"OtherPolicy", changed(func(p *Plan) { p.PolicySHA256 = strings.Repeat("0", 64) }), "", "do not match its digest"},
		{"OtherAccount", changed(func(p *Plan) { p.Account = "1234567890123456" }), "", "do not match its digest"},
		{"BadOwnAccount", changed(func(p *Plan) { p.Account = "x" }), "", "is not an account ID"},
		{"NoTime", changed(func(p *Plan) { p.Time = time.Time{} }), "", "does not say when"},
		{"NoPolicy", changed(func(p *Plan) { p.PolicySHA256 = "" }), "", "with which policy"},
		{"EarlierFormat", &Plan{Rows: []PlanRow{good}, Digest: "sha256:00"}, "", "is of an earlier version"},
		{"LaterFormat", changed(func(p *Plan) { p.Version = 3 }), "", "has version 3 of the format"},
		{"OtherDigestApproved", planOf(s, good), "sha256:00", "another digest"},
		{"BadBucket", planOf(s, PlanRow{Bucket: "B", Target: aes256}), "", "is not a bucket"},
		{"BadAccount", planOf(s, PlanRow{Account: "x", Bucket: "b-1", Target: aes256}), "", "is not a bucket"},
		{"BadRegion", planOf(s, PlanRow{Bucket: "b-1", Region: "http://evil", Target: aes256}), "", "not a region ID"},
		{"BadRule", planOf(s, PlanRow{Bucket: "b-1", Target: ossenc.Rule{Algorithm: "DES"}}), "", "is not a rule"},
		{"Twice", planOf(s, good, good), "", "there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.plan.Check(tt.approved); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

// A plan has no row that no plan can write; where the settings only report, it is for
// later and has them all.
func TestSweep_APlanLeavesOutWhatThePolicyOnlyReports(t *testing.T) {
	p, err := policy.Parse("policy.yaml", []byte(`
version: 1
rules:
  - {name: watched, match: {buckets: [a*]}, mode: report, want: {algorithm: AES256}}
  - {name: approved, match: {buckets: [b*]}, mode: approve, want: {algorithm: AES256}}
  - {name: rest, want: {algorithm: AES256}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[ossenc.Mode]string{ossenc.Enforce: "[b-1 c-1]", ossenc.Approve: "[b-1 c-1]", ossenc.ReportOnly: "[a-1 b-1 c-1]"} {
		m := &memory.Account{Rules: map[string]ossenc.Rule{"a-1": {}, "b-1": {}, "c-1": {}}}
		s := servingBy(&ossenc.Warden{Store: m, Lister: m, Policy: policy.Evaluator{Policy: p}, Mode: mode})
		res, err := s.Sweep(t.Context(), &SweepRequest{Action: ActionSweep, Mode: ossenc.ReportOnly})
		if err != nil || res.Plan == nil || res.Totals[ossenc.WouldFix] != 3 {
			t.Fatalf("%s: %+v, %v", mode, res, err)
		}
		var got []string
		for _, r := range res.Plan.Rows {
			got = append(got, r.Bucket)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: rows %v, want %s", mode, got, want)
		}
	}
}

// The digest is of the rows whatever their order, and of every part of the plan.
func TestPlan_DigestIsOfEveryPart(t *testing.T) {
	made := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	plan := Plan{
		Version: PlanVersion, Time: made, Account: "11", PolicySHA256: "ab",
		Rows: []PlanRow{{Bucket: "b-1", Region: "cn-hangzhou", Target: aes256}, {Account: "22", Bucket: "b-2", Before: aes256, Target: kms}},
	}
	want := plan.digest()
	same := plan
	same.Rows = slices.Clone(plan.Rows)
	slices.Reverse(same.Rows)
	same.Time = made.In(time.FixedZone("", 8*60*60))
	if same.digest() != want {
		t.Error("the order or the zone changes the digest")
	}
	seen := map[string]int{want: -1}
	for i, change := range []func(*Plan){
		func(p *Plan) { p.Version++ },
		func(p *Plan) { p.Time = p.Time.Add(time.Second) },
		func(p *Plan) { p.Account = "12" },
		func(p *Plan) { p.PolicySHA256 = "abc" },
		func(p *Plan) { p.Rows = p.Rows[:1] },
		func(p *Plan) { p.Rows[1].Account = "33" },
		func(p *Plan) { p.Rows[1].Bucket = "b-3" },
		func(p *Plan) { p.Rows[1].Region = "cn-beijing" },
		func(p *Plan) { p.Rows[1].Before = kms },
		func(p *Plan) { p.Rows[1].Before.KMSDataEncryption = "SM4" },
		func(p *Plan) { p.Rows[1].Target.KMSKeyID = "key-1" },
	} {
		changed := plan
		changed.Rows = slices.Clone(plan.Rows)
		change(&changed)
		got := changed.digest()
		if other, known := seen[got]; known {
			t.Errorf("change %d has the digest of change %d", i, other)
		}
		seen[got] = i
	}
}

// A plan that went through JSON is the same plan, and a cut one has another digest.
func TestPlan_CutAndRead(t *testing.T) {
	s := serving(&memory.Account{})
	whole := planOf(s, PlanRow{Bucket: "b-1", Target: aes256}, PlanRow{Bucket: "b-2", Target: aes256})
	cut, err := whole.Only([]string{"b-2"})
	if err != nil || len(cut.Rows) != 1 || cut.Digest == whole.Digest || cut.Time != whole.Time || cut.PolicySHA256 != whole.PolicySHA256 || len(whole.Rows) != 2 {
		t.Fatalf("%+v of %+v: %v", cut, whole, err)
	}
	if _, err := whole.Only([]string{"b-3"}); err == nil {
		t.Error("a bucket that is not in the plan was cut out of it")
	}
	for _, p := range []*Plan{whole, cut} {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParsePlan(text)
		if err != nil || read.Check(p.Digest) != nil {
			t.Errorf("%s: %v, %v", text, err, read.Check(p.Digest))
		}
	}
	if _, err := ParsePlan([]byte(`{"version":2,"rows":[],"digst":""}`)); err == nil {
		t.Error("a member that there is not was read")
	}
}

// What was approved holds for a day, and for the policy and the account that it was
// made with.
func TestApply_RefusesWhatIsNotCurrent(t *testing.T) {
	at := time.Date(2026, 11, 26, 8, 0, 0, 0, time.UTC)
	other := policy.Simple(ossenc.Desired{Rule: kms})
	tests := []struct {
		name  string
		after time.Duration
		s     Service
		own   string
		want  string // of the refusal; empty for none
	}{
		{"Now", 0, Service{}, "11", ""},
		{"AtTheEnd", 24 * time.Hour, Service{}, "11", ""},
		{"TooOld", 24*time.Hour + time.Second, Service{}, "11", "2026-11-26T08:00:00Z, more than 24h0m0s ago"},
		{"ShorterAge", 2 * time.Hour, Service{PlanAge: time.Hour}, "11", "more than 1h0m0s ago"},
		{"LongerAge", 40 * time.Hour, Service{PlanAge: 48 * time.Hour}, "11", ""},
		{"ClockBehind", -5 * time.Minute, Service{}, "11", ""},
		{"FromTheFuture", -6 * time.Minute, Service{}, "11", "in the future"},
		{"OtherPolicy", 0, Service{Policy: other}, "11", "another policy"},
		{"OtherAccount", 0, Service{}, "22", "of account 11, and this is account 22"},
		{"UnknownAccount", 0, Service{}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, dry := range []bool{false, true} {
				m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
				s := serving(m)
				s.Now = func() time.Time { return at }
				plan, err := s.NewPlan("11").With([]PlanRow{{Bucket: "b-1", Region: "cn-hangzhou", Target: aes256}})
				if err != nil {
					t.Fatal(err)
				}
				s.Now = func() time.Time { return at.Add(tt.after) }
				s.PlanAge = tt.s.PlanAge
				if tt.s.Policy != nil {
					s.Policy = tt.s.Policy
				}
				ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: tt.own})
				results, err := s.Apply(ctx, plan, plan.Digest, ChangeOptions{DryRun: dry, MayApprove: true})
				if tt.want == "" {
					if err != nil || len(results.Results) != 1 || (m.Writes == 1) == dry {
						t.Errorf("dry %t: %+v after %d writes, %v", dry, results, m.Writes, err)
					}
					continue
				}
				refused, ok := errors.AsType[*ossenc.Error](err)
				if !ok || refused.Code != ossenc.Refused || !strings.Contains(refused.Message, tt.want) || m.Writes != 0 {
					t.Errorf("dry %t: %v after %d writes, want %q", dry, err, m.Writes, tt.want)
				}
			}
		})
	}
}

// A plan cannot be a way to weaken a rule: what may be written is decided anew.
func TestApply_AForgedPlanWeakensNothing(t *testing.T) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": kms}}
	s := serving(m)
	forged := planOf(s, PlanRow{Bucket: "b-1", Before: kms, Target: aes256})
	if _, err := s.Apply(t.Context(), forged, forged.Digest, ChangeOptions{MayApprove: true}); err != nil {
		t.Fatal(err)
	}
	if m.Rules["b-1"] != kms || m.Writes != 0 {
		t.Errorf("%s after %d writes", m.Rules["b-1"], m.Writes)
	}
}

func TestApplyAndRestore_RefuseWhatMakesNoSense(t *testing.T) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
	if _, err := serving(m).Apply(t.Context(), &Plan{Rows: []PlanRow{{Bucket: "b-1", Target: aes256}}}, "", ChangeOptions{}); err == nil {
		t.Error("a plan without its digest was applied")
	}
	twice := []ossenc.Result{{Bucket: "b-1", Verdict: ossenc.Fixed, After: aes256}, {Bucket: "b-1", Verdict: ossenc.Fixed, After: aes256}}
	if _, err := serving(m).Restore(t.Context(), twice, ChangeOptions{}); err == nil {
		t.Error("one bucket was restored twice")
	}
	if m.Writes != 0 {
		t.Errorf("%d writes", m.Writes)
	}
}

// The policy that decides is known by its bytes, or by what the settings require.
func TestPolicy_SHA256(t *testing.T) {
	file := []byte("version: 1\nrules: [{name: all, want: {algorithm: AES256}}]\n")
	p, err := policy.Parse("p.yaml", file)
	if err != nil {
		t.Fatal(err)
	}
	if p.SHA256() != p.Source.SHA256 || len(p.SHA256()) != 64 {
		t.Errorf("%q, the file's is %q", p.SHA256(), p.Source.SHA256)
	}
	seen := map[string]bool{p.SHA256(): true}
	for _, d := range []ossenc.Desired{{Rule: aes256}, {Rule: kms}, {Rule: aes256, Compare: ossenc.Exact}, {Rule: ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}}} {
		sum := policy.Simple(d).SHA256()
		if seen[sum] {
			t.Errorf("%+v has the SHA-256 of another policy", d)
		}
		seen[sum] = true
	}
	if policy.Simple(ossenc.Desired{Rule: aes256}).SHA256() != policy.Simple(ossenc.Desired{Rule: aes256, Compare: ossenc.Floor, Mode: ossenc.Enforce}).SHA256() {
		t.Error("a default that is written out makes another policy")
	}
}

// A sweep can name its buckets, and one that is not there is a mistake.
func TestSweep_OfNamedBuckets(t *testing.T) {
	for _, tt := range []struct {
		body    string
		buckets int
		missing string
	}{
		{`{"mode":"report","buckets":["b-1","b-3"]}`, 2, ""},
		{`{"mode":"report","buckets":["b-1","b-1"]}`, 1, ""},
		{`{"mode":"report","buckets":["b-1","b-4"]}`, 1, "1 of the buckets that were named are not there: b-4"},
		{`{"mode":"report","buckets":["b-1"],"region":"cn-beijing"}`, 0, "no bucket matches"},
	} {
		m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}, "b-2": {}, "b-3": {}}}
		r, err := ParseSweep([]byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := serving(m).Sweep(t.Context(), r)
		if err != nil || res.Buckets != tt.buckets || len(res.Plan.Rows) != tt.buckets || res.Complete != (tt.missing == "") || !strings.Contains(strings.Join(res.Errors, "\n"), tt.missing) {
			t.Errorf("%s: %+v, %v", tt.body, res, err)
		}
	}
	for _, body := range []string{`{"buckets":[]}`, `{"buckets":["B"]}`, `{"buckets":["b-1"],"continue":true}`, `{"buckets":"b-1"}`} {
		if _, err := ParseSweep([]byte(body)); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}

// Whatever passes the checks of a plan is the same plan when it is written and read
// again.
func FuzzParsePlan(f *testing.F) {
	s := serving(&memory.Account{})
	for _, p := range []*Plan{planOf(s), planOf(s, PlanRow{Bucket: "b-1", Region: "cn-hangzhou", Before: aes256, Target: kmsKey})} {
		text, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"rows":[],"digest":"sha256:0"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePlan(data)
		if err != nil || p.Check("") != nil {
			return
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Skip("a time that JSON cannot hold")
		}
		again, err := ParsePlan(text)
		if err != nil || again.Check(p.Digest) != nil {
			t.Errorf("%s: %v", text, err)
		}
	})
}
