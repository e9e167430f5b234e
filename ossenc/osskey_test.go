package ossenc

import (
	"strings"
	"testing"
)

// The key that OSS made counts as the KMS default key: by its alias and that alias's
// ARN always, by its ID where KMS says so.
func TestEnsure_TheKeyThatOSSMade(t *testing.T) {
	const arn = "acs:kms:cn-hangzhou:1:key/"
	creator := fakeKeys{
		"key-oss":  {ID: "key-oss", ARN: arn + "key-oss", Usable: true, MadeByOSS: true},
		"key-mine": {ID: "key-mine", ARN: arn + "key-mine", Usable: true},
		"key-old":  {ID: "key-old", ARN: arn + "key-old", Usable: true},
	}
	alias := fakeKeys{
		"key-oss":       {ID: "key-oss", Usable: true},
		"alias/acs/oss": {ID: "key-oss", Usable: true},
		"key-mine":      {ID: "key-mine", Usable: true},
		"key-old":       {ID: "key-old", Usable: true},
	}
	denied := fakeKeys{"key-oss": {Reason: "denied"}, "key-mine": {ID: "key-mine", Usable: true}, "alias/acs/oss": {Reason: "denied"}}
	half := fakeKeys{"key-oss": {ID: "key-oss", Usable: true}, "alias/acs/oss": {Reason: "denied"}, "key-mine": {ID: "key-mine", Usable: true}}
	named := func(key string) Rule { return Rule{Algorithm: KMS, KMSKeyID: key} }
	withSM4 := Rule{Algorithm: KMS, KMSDataEncryption: SM4}
	policyKeys := []string{"key-mine"}
	for _, tt := range []struct {
		name    string
		keys    Keys
		present Rule
		desired Desired
		known   []string
		verdict Verdict
		code    Code
		after   Rule
		reason  string
	}{
		{"BYOK, the creator says so", creator, named("key-oss"), Desired{Rule: named("key-mine")}, nil, Fixed, "", named("key-mine"), "KMS is current"},
		{"BYOK, the alias says so", alias, named("key-oss"), Desired{Rule: named("key-mine")}, nil, Fixed, "", named("key-mine"), ""},
		{"another chosen key is kept", creator, named("key-old"), Desired{Rule: named("key-mine")}, nil, Compliant, "", named("key-old"), "with another key"},
		{"another chosen key is kept, asked by alias", alias, named("key-old"), Desired{Rule: named("key-mine")}, nil, Compliant, "", named("key-old"), "with another key"},
		{"without the right it is a chosen key", denied, named("key-oss"), Desired{Rule: named("key-mine")}, nil, Compliant, "", named("key-oss"), "KMS does not say whether OSS made key key-oss (denied), so it counts as a named key"},
		{"without the right to ask for the alias", half, named("key-oss"), Desired{Rule: named("key-mine")}, nil, Compliant, "", named("key-oss"), "does not say"},
		{"without KMS", nil, named("key-oss"), Desired{Rule: named("key-mine")}, nil, Compliant, "", named("key-oss"), "with another key"},
		{"the default key is required exactly", creator, named("key-oss"), Desired{Rule: Rule{Algorithm: KMS}, Compare: Exact}, nil, Compliant, "", named("key-oss"), ""},
		{"and SM4 data keys", creator, named("key-oss"), Desired{Rule: withSM4}, nil, Fixed, "", withSM4, ""},
		{"it is no foreign key", creator, named("key-oss"), Desired{Rule: Rule{Algorithm: AES256}}, policyKeys, Compliant, "", named("key-oss"), "stronger than"},
		{"it is no foreign key, by the alias", alias, named("key-oss"), Desired{Rule: Rule{Algorithm: AES256}}, policyKeys, Compliant, "", named("key-oss"), ""},
		{"a foreign key is one", creator, named("key-old"), Desired{Rule: Rule{Algorithm: AES256}}, policyKeys, Blocked, ForeignKey, named("key-old"), "does not name this key"},
		{"without the right it is a foreign key", denied, named("key-oss"), Desired{Rule: Rule{Algorithm: AES256}}, policyKeys, Blocked, ForeignKey, named("key-oss"), "KMS does not say"},
		{"exchanged by the policy's key", creator, named("key-oss"), Desired{Rule: named("key-mine")}, policyKeys, Fixed, "", named("key-mine"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := &fakeStoreWithDelete{fakeStore{rule: tt.present}}
			w := &Warden{Store: store, Keys: tt.keys, Policy: ruled(Requirement{Desired: tt.desired, Keys: tt.known})}
			res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
			if res.Verdict != tt.verdict || res.Code != tt.code || store.rule != tt.after || !strings.Contains(res.Reason, tt.reason) {
				t.Errorf("%s %q, %s in force (%s)", res.Verdict, res.Code, store.rule, res.Reason)
			}
		})
	}
}

// Every name of OSS's own alias is the default key, in rules that are asked for and in
// those that OSS reports; no other alias is.
func TestRule_DefaultKeyByEveryNameOfItsAlias(t *testing.T) {
	for name, isDefault := range map[string]bool{
		"alias/acs/oss":                                       true,
		"acs:kms:cn-hangzhou:1:alias/acs/oss":                 true,
		"acs:kms:eu-central-1:1234567890123456:alias/acs/oss": true,
		"alias/acs/rds":                                       false,
		"alias/acs/oss2":                                      false,
		"acs:kms:cn-hangzhou:1:alias/acs/oss/x":               false,
		"acs:kms:cn-hangzhou:1:alias/my/alias/acs/oss":        false,
		"acs:kms:cn-hangzhou:1:key/oss":                       false,
		"ALIAS/ACS/OSS":                                       false,
	} {
		asked, err := NewRule(KMS, name, SM4)
		seen, seenErr := ObservedRule(KMS, name, SM4)
		if err != nil || seenErr != nil || asked != seen || (asked.KMSKeyID == "") != isDefault || (asked.Strength().Key == KMSDefaultKey) != isDefault {
			t.Errorf("%s: %s, %s, %v, %v", name, asked, seen, err, seenErr)
		}
	}
}

// One key by its ID, its ARN and an alias is one key wherever keys are compared.
func TestEnsure_TheNamesOfOneKeyAreOneKey(t *testing.T) {
	arn := "acs:kms:cn-hangzhou:1:key/key-1"
	key := Key{ID: "key-1", ARN: arn, Usable: true}
	keys := fakeKeys{"key-1": key, arn: key, "alias/pay": key}
	foreign := "acs:kms:cn-hangzhou:2:key/key-1" // the ID says nothing of the account
	keys[foreign] = Key{ID: foreign, ARN: foreign, Usable: true}
	names := []string{"key-1", arn, "alias/pay"}
	for _, present := range names {
		for _, other := range append(names, foreign) {
			for _, compare := range []Compare{Floor, Exact} {
				desired := Rule{Algorithm: KMS, KMSKeyID: other}
				store := &fakeStoreWithDelete{fakeStore{rule: Rule{Algorithm: KMS, KMSKeyID: present}}}
				w := &Warden{Store: store, Keys: keys, Policy: ruled(Requirement{Desired: Desired{Rule: desired, Compare: compare}, Keys: []string{other}})}
				res := w.Ensure(t.Context(), Task{Bucket: Bucket{Name: "b-1"}})
				switch {
				case other != foreign && (res.Verdict != Compliant || store.puts != 0):
					t.Errorf("%s beside %s, %s: %s %s (%s)", present, other, compare, res.Verdict, res.Code, res.Reason)
				case other == foreign && compare == Floor && res.Code != ForeignKey:
					t.Errorf("%s beside %s: %s %s (%s)", present, other, res.Verdict, res.Code, res.Reason)
				case other == foreign && compare == Exact && store.rule != desired:
					t.Errorf("%s instead of %s: %s in force", other, present, store.rule)
				}
			}
		}
	}
}
