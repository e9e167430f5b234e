package ossenc

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestNewRule(t *testing.T) {
	tests := []struct {
		name                 string
		algorithm, key, data string
		want                 string   // the rule as text, or
		errs                 []string // a part of each problem, in order
	}{
		{"AES256", "AES256", "", "", "AES256", nil},
		{"SM4", "SM4", "", "", "SM4", nil},
		{"KMS", "KMS", "", "", "KMS", nil},
		{"KMSWithKey", "KMS", "9468da86-3509-4f8d-a61e-6eab1eac0000", "", "KMS(9468da86-3509-4f8d-a61e-6eab1eac0000)", nil},
		{"KMSWithARN", "KMS", "acs:kms:cn-hangzhou:1234567890123456:key/key-hzz1", "SM4", "KMS(acs:kms:cn-hangzhou:1234567890123456:key/key-hzz1)+SM4", nil},
		{"KMSSM4", "KMS", "", "SM4", "KMS+SM4", nil},
		{"TheDefaultKeysAliasIsNoKeyID", "KMS", "alias/acs/oss", "", "KMS", nil},
		{"LowerCase", "aes256", "", "", "", []string{`"aes256" is none of`}},
		{"Empty", "", "", "", "", []string{`"" is none of`}},
		{"KeyWithAES256", "AES256", "key-1", "", "", []string{"EC 0005-00000204"}},
		{"KeyWithSM4", "SM4", "key-1", "", "", []string{"EC 0005-00000204"}},
		{"DataWithAES256", "AES256", "", "SM4", "", []string{"silently drop"}},
		{"DataAES256", "KMS", "", "AES256", "", []string{"leave it out"}},
		{"KeyWithABlank", "KMS", "key 1", "", "", []string{"KMS key ID"}},
		{"AllAtOnce", "DES", "key\n1", "X", "", []string{`"DES"`, `"X"`, "KMS key ID"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewRule(tt.algorithm, tt.key, tt.data)
			if tt.errs == nil {
				if err != nil || r.String() != tt.want {
					t.Fatalf("NewRule = %s, %v; want %s", r, err, tt.want)
				}
				return
			}
			if err == nil {
				t.Fatalf("NewRule = %s, want an error", r)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.errs) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(tt.errs), err)
			}
			for i, part := range tt.errs {
				if !strings.Contains(lines[i], part) {
					t.Errorf("problem %d = %q, want %q in it", i, lines[i], part)
				}
			}
		})
	}
}

func TestObservedRule(t *testing.T) {
	tests := []struct {
		name                 string
		algorithm, key, data string
		want                 string // empty: not known
	}{
		{"AES256", "AES256", "", "", "AES256"},
		{"SM4", "SM4", "", "", "SM4"},
		{"KMS", "KMS", "", "", "KMS"},
		{"AnyStringIsAKey", "KMS", "no such key!", "", "KMS(no such key!)"},
		{"DefaultKeyByAlias", "KMS", "alias/acs/oss", "SM4", "KMS+SM4"},
		{"DataAES256IsTheDefault", "KMS", "key-1", "AES256", "KMS(key-1)"},
		{"NoAlgorithm", "", "", "", ""},
		{"None", "None", "", "", ""},
		{"NewAlgorithm", "AES512", "", "", ""},
		{"NewDataCipher", "KMS", "key-1", "SM9", ""},
		{"KeyWithoutKMS", "AES256", "key-1", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ObservedRule(tt.algorithm, tt.key, tt.data)
			if tt.want == "" {
				if err == nil {
					t.Fatalf("ObservedRule = %s, want an error: it must never look like no rule", r)
				}
				return
			}
			if err != nil || r.String() != tt.want {
				t.Fatalf("ObservedRule = %s, %v; want %s", r, err, tt.want)
			}
		})
	}
}

func TestRule_JSON(t *testing.T) {
	for _, tt := range []struct {
		rule Rule
		want string
	}{
		{Rule{}, `null`},
		{Rule{Algorithm: AES256}, `{"algorithm":"AES256","kms_key_id":"","kms_data_encryption":""}`},
		{Rule{KMS, "key-1", SM4}, `{"algorithm":"KMS","kms_key_id":"key-1","kms_data_encryption":"SM4"}`},
	} {
		got, err := json.Marshal(tt.rule)
		if err != nil || string(got) != tt.want {
			t.Errorf("Marshal(%s) = %s, %v; want %s", tt.rule, got, err, tt.want)
		}
		var back Rule
		if err := json.Unmarshal(got, &back); err != nil || back != tt.rule {
			t.Errorf("Unmarshal(%s) = %s, %v", got, back, err)
		}
	}
}

// A rule that is decoded is one that OSS can have, or an error.
// What is written by hand is what encoding/json writes, whatever a rule was made of.
func TestRule_JSONOfAnyText(t *testing.T) {
	type plain struct {
		Algorithm         string `json:"algorithm"`
		KMSKeyID          string `json:"kms_key_id"`
		KMSDataEncryption string `json:"kms_data_encryption"`
	}
	for _, s := range []string{"", "AES256", "acs:kms:cn-hangzhou:1234567890123456:key/k-1", `"`, `\`, "a\nb", "\x00", "<script>&", "\xff", "密钥", "\u2028", " "} {
		r := Rule{Algorithm: "KMS", KMSKeyID: s, KMSDataEncryption: s}
		got, err := json.Marshal(r)
		want, wantErr := json.Marshal(plain(r))
		if string(got) != string(want) || err != nil || wantErr != nil {
			t.Errorf("%q: %s, %v; want %s", s, got, err, want)
		}
	}
}

func TestRule_UnmarshalJSON(t *testing.T) {
	good := map[string]Rule{
		"null":                   {},
		`{"algorithm":"AES256"}`: {Algorithm: AES256},
		`{"algorithm":"KMS","kms_key_id":"whatever OSS stored","kms_data_encryption":"SM4"}`: {KMS, "whatever OSS stored", SM4},
		`{"algorithm":"KMS","kms_key_id":"alias/acs/oss","kms_data_encryption":"AES256"}`:    {Algorithm: KMS},
	}
	for text, want := range good {
		got := Rule{Algorithm: SM4} // what was there before does not shine through
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		`{}`, `{"algorithm":""}`, `{"algorithm":"DES"}`, `{"algorithm":"AES256","kms_key_id":"key-1"}`, `{"algorithm":"SM4","kms_data_encryption":"SM4"}`,
		`{"algorithm":"KMS","kms_data_encryption":"DES"}`, `{"algorithm":"KMS","kms_keyid":"key-1"}`, `"AES256"`, `[]`, `1`,
	} {
		got := Rule{Algorithm: SM4}
		if err := json.Unmarshal([]byte(text), &got); err == nil || got != (Rule{Algorithm: SM4}) {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}
