package ossenc

import (
	"context"
	"strings"
	"testing"
)

// exempting is a policy that exempts what could not be read where knows says so.
type exempting struct{ knows func(Bucket) bool }

func (e exempting) exemption() *Exemption {
	return &Exemption{Rule: "left alone", Reason: "r", Owner: "o"}
}

func (e exempting) Exemption(_ context.Context, b Bucket, _ FactsFunc) *Exemption {
	if e.knows(b) {
		return e.exemption()
	}
	return nil
}

func (e exempting) Evaluate(context.Context, Bucket, FactsFunc) (Requirement, error) {
	return Requirement{Rule: "left alone", Exempt: e.exemption()}, nil
}

func TestEnsure_ExemptIsExemptAlsoWhenItMayNotBeRead(t *testing.T) {
	always := func(Bucket) bool { return true }
	for _, code := range Codes() {
		store := &fakeStore{onGet: func(int) (Observation, error, bool) { return Observation{}, failing(code), true }}
		w := &Warden{Store: store, Policy: exempting{always}}
		res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
		applies := code == Denied || code == Unavailable
		switch {
		case applies && (res.Verdict != Exempt || res.Code != "" || res.OSSCode != "" || res.PolicyRule != "left alone" || !strings.Contains(res.Reason, "exempt until") || !strings.Contains(res.Reason, "could not be read")):
			t.Errorf("%s: %s %q %q (%s)", code, res.Verdict, res.Code, res.PolicyRule, res.Reason)
		case !applies && res.Verdict == Exempt:
			t.Errorf("%s: exempt (%s)", code, res.Reason)
		}
		if res.Observed || store.puts > 0 {
			t.Errorf("%s: observed %t, %d writes", code, res.Observed, store.puts)
		}
	}
}

// What an event says of the region is a hint: only what the list or OSS's answer named
// decides about an exemption.
func TestEnsure_AnExemptionByRegionNeedsANamedRegion(t *testing.T) {
	inBeijing := func(b Bucket) bool { return b.Region == "cn-beijing" }
	const host = "oss-cn-beijing.aliyuncs.com"
	for _, tt := range []struct {
		name    string
		bucket  Bucket
		answer  Observation
		verdict Verdict
	}{
		{"Hint", Bucket{Region: "cn-beijing"}, Observation{}, Unknown},
		{"HintThatWasAsked", Bucket{Region: "cn-beijing"}, Observation{Region: "cn-beijing"}, Unknown},
		{"List", Bucket{Region: "cn-beijing", Public: host}, Observation{Region: "cn-beijing", Public: host}, Exempt},
		{"ListAndNoAnswer", Bucket{Region: "cn-beijing", Public: host}, Observation{}, Exempt},
		{"Answer", Bucket{Region: "cn-hangzhou"}, Observation{Region: "cn-beijing", Public: host}, Exempt},
		{"AnswerAgainstTheHint", Bucket{Region: "cn-beijing"}, Observation{Region: "cn-hangzhou", Public: "oss-cn-hangzhou.aliyuncs.com"}, Unknown},
		{"AnswerAgainstTheList", Bucket{Region: "cn-beijing", Internal: host}, Observation{Region: "cn-hangzhou", Internal: "x"}, Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := &fakeStore{onGet: func(int) (Observation, error, bool) { return tt.answer, failing(Denied), true }}
			w := &Warden{Store: store, Policy: exempting{inBeijing}}
			if res := w.Ensure(t.Context(), Task{Bucket: tt.bucket}); res.Verdict != tt.verdict {
				t.Errorf("%s (%s), want %s", res.Verdict, res.Reason, tt.verdict)
			}
		})
	}
}

// Where no role leads into the account, the bucket may not be read either.
func TestEnsure_ExemptInAnAccountThatCannotBeEntered(t *testing.T) {
	w := &Warden{Store: &fakeStore{}, Accounts: noAccess{}, Policy: exempting{func(b Bucket) bool { return b.Account == "222" && b.Region == "" }}}
	for account, want := range map[string]Verdict{"222": Exempt, "333": Unknown} {
		if res := w.Ensure(t.Context(), Task{Bucket: Bucket{Account: account, Region: "cn-beijing"}}); res.Verdict != want || res.Account != account {
			t.Errorf("%s: %s of %q (%s)", account, res.Verdict, res.Account, res.Reason)
		}
	}
}

// noAccess are accounts without a way in.
type noAccess struct{ Accounts }

func (noAccess) Identity(context.Context, string) (Identity, error) {
	return Identity{}, failing(Denied)
}

// A rule that a caller sends is refused for an exempt bucket, read or not.
func TestEnsure_AnOverrideOfAnExemptionThatCouldNotBeRead(t *testing.T) {
	for _, tt := range []struct {
		waive   Waiver
		verdict Verdict
		code    Code
	}{{Waiver{}, Blocked, Refused}, {Waiver{Exemption: true}, Unknown, Denied}} {
		store := &fakeStore{onGet: func(int) (Observation, error, bool) { return Observation{}, failing(Denied), true }}
		w := &Warden{Store: store, Policy: exempting{func(Bucket) bool { return true }}}
		res := w.Ensure(t.Context(), Task{Override: new(aes(false)), Waive: tt.waive})
		if res.Verdict != tt.verdict || res.Code != tt.code || store.puts > 0 {
			t.Errorf("%+v: %s %q (%s)", tt.waive, res.Verdict, res.Code, res.Reason)
		}
	}
}
