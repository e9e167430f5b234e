package ossenc

import (
	"testing"
	"testing/quick"
)

// Whatever rule OSS reports, its text is read back as the same rule.
func TestParseRule_ReadsWhatStringWrites(t *testing.T) {
	keys := []string{"", "key-hzz66532a4bcrqj8xtmqy", "alias/payments", "acs:kms:cn-hangzhou:1:key/k", "odd)+SM4", "(", ")", "+SM4", "none"}
	for _, algorithm := range []string{"", AES256, SM4, KMS} {
		for _, key := range keys {
			for _, data := range []string{"", SM4} {
				want, err := ObservedRule(algorithm, key, data)
				if algorithm == "" {
					want, err = Rule{}, nil
				}
				if err != nil {
					continue // OSS has no such rule
				}
				if got, err := ParseRule(want.String()); err != nil || got != want {
					t.Errorf("%s is read as %+v (%v)", want, got, err)
				}
			}
		}
	}
	property := func(key string) bool {
		want, err := ObservedRule(KMS, key, "")
		got, parseErr := ParseRule(want.String())
		return err != nil || parseErr == nil && got == want
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestParseRule_RefusesTheRest(t *testing.T) {
	for _, s := range []string{"", "None", "AES512", "KMS()", "KMS(", "AES256+SM4", "SM4+SM4", "AES256(key)", "KMS(k)+AES256", " KMS", "KMS(alias/acs/oss)"} {
		if r, err := ParseRule(s); err == nil {
			t.Errorf("%q is read as %s", s, r)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("KMS(key)+SM4")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := ParseRule(s); err == nil && r.String() != s {
			t.Errorf("%q is read as %s", s, r)
		}
	})
}
