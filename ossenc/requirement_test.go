package ossenc

import (
	"context"
	"strings"
	"testing"
)

// policyFunc is a policy in a test.
type policyFunc func(Bucket) (Requirement, error)

func (f policyFunc) Evaluate(_ context.Context, b Bucket, _ FactsFunc) (Requirement, error) {
	return f(b)
}

func (f policyFunc) Exemption(_ context.Context, b Bucket, _ FactsFunc) *Exemption {
	r, _ := f(b)
	return r.Exempt
}

// fakeKeys knows keys by every name they have.
type fakeKeys map[string]Key

func (f fakeKeys) Describe(_ context.Context, _, keyID string) (Key, error) {
	k, ok := f[keyID]
	switch {
	case !ok:
		return Key{Reason: "there is no such key"}, nil
	case k.Reason == "denied":
		return Key{}, &Error{Op: "DescribeKey", Code: Denied, Message: "Forbidden.NoPermission"}
	}
	return k, nil
}

func ruled(r Requirement) Policy {
	return policyFunc(func(Bucket) (Requirement, error) { return r, nil })
}

func wantKMS(key string, compare Compare) Desired {
	return Desired{Rule: Rule{Algorithm: KMS, KMSKeyID: key}, Compare: compare}
}

func TestEnsure_ByPolicy(t *testing.T) {
	keys := fakeKeys{
		"key-1":                           {ID: "key-1", Usable: true},
		"alias/pay":                       {ID: "key-1", Usable: true},
		"acs:kms:cn-hangzhou:1:key/key-1": {ID: "key-1", Usable: true},
		"key-2":                           {ID: "key-2", Usable: true},
		"key-off":                         {ID: "key-off", Reason: "it is disabled"},
		"key-secret":                      {Reason: "denied"},
	}
	none, aes256, kms1 := Rule{}, Rule{Algorithm: AES256}, Rule{Algorithm: KMS, KMSKeyID: "key-1"}
	tests := []struct {
		name    string
		present Rule
		ruling  Requirement
		err     error
		task    Task
		verdict Verdict
		code    Code
		after   Rule
		reason  string
	}{
		{name: "Exempt", ruling: Requirement{Exempt: &Exemption{Reason: "public assets", Owner: "web team"}}, verdict: Exempt, reason: "web team"},
		{name: "BlockedByThePolicy", ruling: Requirement{Blocked: "the policy names no key for cn-hangzhou"}, verdict: Blocked, code: Refused, reason: "no key for"},
		{name: "PolicyFails", err: &Error{Op: "GetBucketTags", Code: Throttled, Message: "m"}, verdict: Unknown, code: Throttled, reason: "policy could not be applied"},
		{name: "WritesWhatThePolicyWants", ruling: Requirement{Desired: wantKMS("key-1", Floor)}, verdict: Fixed, after: kms1},
		{name: "AliasIsWrittenAsTheID", ruling: Requirement{Desired: wantKMS("alias/pay", Floor)}, verdict: Fixed, after: kms1},
		{name: "AliasOfThePresentKey", present: kms1, ruling: Requirement{Desired: wantKMS("alias/pay", Exact)}, verdict: Compliant, after: kms1},
		{name: "ARNOfThePresentKey", present: kms1, ruling: Requirement{Desired: wantKMS("acs:kms:cn-hangzhou:1:key/key-1", Exact)}, verdict: Compliant, after: kms1},
		{name: "DisabledKey", ruling: Requirement{Desired: wantKMS("key-off", Floor)}, verdict: Blocked, code: Refused, reason: "it is disabled; nothing was written"},
		{name: "NoSuchKey", ruling: Requirement{Desired: wantKMS("key-typo", Floor)}, verdict: Blocked, code: Refused, reason: "no such key"},
		{name: "KeyThatCannotBeChecked", ruling: Requirement{Desired: wantKMS("key-secret", Floor)}, verdict: Blocked, code: Denied, reason: "could not be checked"},
		{name: "DisabledKeyInReportMode", ruling: Requirement{Desired: Desired{Rule: Rule{Algorithm: KMS, KMSKeyID: "key-off"}, Mode: ReportOnly}}, verdict: Blocked, code: Refused},
		{name: "Fallback", ruling: Requirement{Desired: wantKMS("key-off", Floor), Fallback: aes256}, verdict: Fixed, after: aes256, reason: "fallback"},
		{name: "FallbackNeverWeakens", present: Rule{Algorithm: KMS}, ruling: Requirement{Desired: wantKMS("key-off", Exact), Fallback: aes256}, verdict: Compliant, after: Rule{Algorithm: KMS}, reason: "kept KMS"},
		{name: "FallbackWithAnAlias", ruling: Requirement{Desired: wantKMS("key-off", Floor), Fallback: Rule{Algorithm: KMS, KMSKeyID: "alias/pay"}}, verdict: Fixed, after: kms1, reason: "fallback"},
		{name: "FallbackWithADisabledKey", ruling: Requirement{Desired: wantKMS("key-typo", Floor), Fallback: Rule{Algorithm: KMS, KMSKeyID: "key-off"}}, verdict: Blocked, code: Refused, reason: "key-off is not usable: it is disabled"},
		{name: "FallbackWithAKeyThatIsNotThere", ruling: Requirement{Desired: wantKMS("key-off", Floor), Fallback: Rule{Algorithm: KMS, KMSKeyID: "key-typo"}}, verdict: Blocked, code: Refused, reason: "no such key"},
		{name: "FallbackWithAKeyThatCannotBeChecked", ruling: Requirement{Desired: wantKMS("key-off", Floor), Fallback: Rule{Algorithm: KMS, KMSKeyID: "key-secret"}}, verdict: Blocked, code: Denied, reason: "could not be checked"},
		{name: "FallbackThatWouldRaiseADisabledKey", present: Rule{Algorithm: KMS, KMSKeyID: "key-off"}, ruling: Requirement{Desired: wantKMS("key-typo", Exact), Fallback: Rule{Algorithm: SM4}}, verdict: Blocked, code: Refused, after: Rule{Algorithm: KMS, KMSKeyID: "key-off"}, reason: "key-off is not usable"},
		{name: "FallbackThatKeepsAForeignKey", present: kms1, ruling: Requirement{Desired: wantKMS("key-off", Exact), Fallback: aes256, Keys: []string{"key-off"}}, verdict: Blocked, code: ForeignKey, after: kms1, reason: "does not name this key"},
		{name: "FallbackThatIsCurrentByAnotherName", present: kms1, ruling: Requirement{Desired: wantKMS("key-off", Exact), Fallback: Rule{Algorithm: KMS, KMSKeyID: "alias/pay"}}, verdict: Compliant, after: kms1, reason: "fallback"},
		{name: "ForeignKey", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}, Keys: []string{"key-2"}}, verdict: Blocked, code: ForeignKey, after: kms1, reason: "does not name this key; nothing was written"},
		{name: "ForeignKeyIsNotRaised", present: kms1, ruling: Requirement{Desired: Desired{Rule: Rule{Algorithm: SM4}}, Keys: []string{"key-2"}}, verdict: Blocked, code: ForeignKey, after: kms1},
		{name: "ForeignKeyReplacedInExactMode", present: kms1, ruling: Requirement{Desired: wantKMS("key-2", Exact), Keys: []string{"key-2"}}, verdict: Fixed, after: Rule{Algorithm: KMS, KMSKeyID: "key-2"}},
		{name: "KnownKey", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}, Keys: []string{"key-1"}}, verdict: Compliant, after: kms1},
		{name: "KnownKeyByItsAlias", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}, Keys: []string{"key-2", "alias/pay"}}, verdict: Compliant, after: kms1},
		{name: "AnyKeyWithoutAList", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}}, verdict: Compliant, after: kms1},
		{name: "ExemptBindsTheTask", ruling: Requirement{Exempt: &Exemption{}}, task: Task{Override: &Desired{Rule: aes256}}, verdict: Blocked, code: Refused, reason: "leaves this bucket alone"},
		{name: "ExemptBindsARemoval", present: kms1, ruling: Requirement{Exempt: &Exemption{}}, task: Task{Override: &Desired{Remove: true}}, verdict: Blocked, code: Refused, after: kms1},
		{name: "ExemptIsNotWaivedByOthers", ruling: Requirement{Exempt: &Exemption{}}, task: Task{Override: &Desired{Rule: aes256}, Waive: Waiver{Keys: true, Mode: true}}, verdict: Blocked, code: Refused},
		{name: "TaskKnowsBetter", ruling: Requirement{Exempt: &Exemption{}}, task: Task{Override: &Desired{Rule: aes256}, Waive: Waiver{Exemption: true}}, verdict: Fixed, after: aes256},
		{name: "ReportModeBindsTheTask", ruling: Requirement{Rule: "watch", Desired: Desired{Rule: aes256, Mode: ReportOnly}}, task: Task{Override: &Desired{Rule: aes256}}, verdict: Blocked, code: Refused, reason: `rule "watch" only reports`},
		{name: "ReportModeIsNotWaivedByOthers", ruling: Requirement{Desired: Desired{Rule: aes256, Mode: ReportOnly}}, task: Task{Override: &Desired{Rule: aes256}, Waive: Waiver{Keys: true, Exemption: true}}, verdict: Blocked, code: Refused},
		{name: "ReportModeIsWaived", ruling: Requirement{Desired: Desired{Rule: aes256, Mode: ReportOnly}}, task: Task{Override: &Desired{Rule: aes256}, Waive: Waiver{Mode: true}}, verdict: Fixed, after: aes256},
		{name: "BlockedBindsTheTask", ruling: Requirement{Blocked: "no key here"}, task: Task{Override: &Desired{Rule: aes256}}, verdict: Blocked, code: Refused, reason: "no key here"},
		{name: "UnnamedKey", ruling: Requirement{Desired: Desired{Rule: aes256}, Named: []string{"key-2"}}, task: Task{Override: new(wantKMS("key-1", Floor))}, verdict: Blocked, code: Refused, reason: "does not name the key key-1"},
		{name: "UnnamedKeyWhereNoneIsNamed", ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Override: new(wantKMS("key-1", Exact))}, verdict: Blocked, code: Refused},
		{name: "UnnamedKeyThatIsThere", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Override: new(wantKMS("key-1", Floor))}, verdict: Blocked, code: Refused, after: kms1},
		{name: "UnnamedKeyIsWaived", ruling: Requirement{Desired: Desired{Rule: aes256}, Keys: []string{}}, task: Task{Override: new(wantKMS("key-1", Floor)), Waive: Waiver{Keys: true}}, verdict: Fixed, after: kms1},
		{name: "UnusableKeyIsNeverWaived", ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Override: new(wantKMS("key-off", Floor)), Waive: Waiver{Keys: true, Mode: true, Exemption: true}}, verdict: Blocked, code: Refused},
		{name: "NamedKey", ruling: Requirement{Desired: Desired{Rule: aes256}, Named: []string{"key-1"}}, task: Task{Override: new(wantKMS("key-1", Floor))}, verdict: Fixed, after: kms1},
		{name: "NamedKeyByItsAlias", ruling: Requirement{Desired: Desired{Rule: aes256}, Named: []string{"alias/pay"}}, task: Task{Override: new(wantKMS("key-1", Floor))}, verdict: Fixed, after: kms1},
		{name: "ForeignKeyBindsTheTask", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}, Keys: []string{"key-2"}, Named: []string{"key-2"}}, task: Task{Override: &Desired{Rule: Rule{Algorithm: SM4}}}, verdict: Blocked, code: ForeignKey, after: kms1},
		{name: "PolicyFailsForATask", err: &Error{Op: "GetBucketTags", Code: Throttled, Message: "m"}, task: Task{Override: &Desired{Rule: aes256}}, verdict: Unknown, code: Throttled},
		{name: "TaskOnlyLooks", ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Mode: ReportOnly}, verdict: WouldFix},
		{name: "TaskWantsItExactly", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Compare: Exact}, verdict: Fixed, after: aes256},
		{name: "TaskRemoves", present: kms1, ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Override: &Desired{Remove: true}}, verdict: Fixed, after: none},
		{name: "PlanWouldWriteSomethingElse", ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Precondition: Precondition{Target: &kms1}}, verdict: Blocked, code: Refused, reason: "the plan would write KMS(key-1)"},
		{name: "PlanIsStillRight", ruling: Requirement{Desired: Desired{Rule: aes256}}, task: Task{Precondition: Precondition{Before: &none, Target: &aes256}}, verdict: Fixed, after: aes256},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			store := &fakeStoreWithDelete{fakeStore{rule: tt.present}}
			w := &Warden{Store: store, Keys: keys, Policy: policyFunc(func(Bucket) (Requirement, error) { return tt.ruling, tt.err })}
			tt.task.Bucket = Bucket{Name: "b-1"}
			res := w.Ensure(t.Context(), tt.task)
			if res.Verdict != tt.verdict || res.Code != tt.code {
				t.Fatalf("%s %q, want %s %q (%s)", res.Verdict, res.Code, tt.verdict, tt.code, res.Reason)
			}
			if store.rule != tt.after && (tt.after != Rule{} || tt.verdict == Fixed) {
				t.Errorf("%s in force, want %s", store.rule, tt.after)
			}
			if tt.verdict != Fixed && store.rule != tt.present {
				t.Errorf("%s in force, and nothing was to be written over %s", store.rule, tt.present)
			}
			if !strings.Contains(res.Reason, tt.reason) {
				t.Errorf("reason = %q, want %q in it", res.Reason, tt.reason)
			}
		})
	}
}

// fakeStoreWithDelete can remove the rule too.
type fakeStoreWithDelete struct{ fakeStore }

func (f *fakeStoreWithDelete) Delete(ctx context.Context, b Bucket) (Observation, error) {
	return f.Put(ctx, b, Rule{})
}

func TestEnsure_AsksThePolicyAboutWhereTheBucketIs(t *testing.T) {
	var asked Bucket
	w := &Warden{Store: &fakeStore{}, Policy: policyFunc(func(b Bucket) (Requirement, error) {
		asked = b
		return Requirement{Exempt: &Exemption{}}, nil
	})}
	w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1", Region: "cn-beijing"}}) // the fake answers from cn-hangzhou
	if asked.Region != "cn-hangzhou" {
		t.Errorf("asked about %+v", asked)
	}
}
