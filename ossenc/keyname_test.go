package ossenc

import (
	"strings"
	"testing"
)

func TestParseKeyName(t *testing.T) {
	for s, want := range map[string]KeyName{
		"1234abcd-12ab-34cd-56ef-12345678": {Resource: "1234abcd-12ab-34cd-56ef-12345678"},
		"alias/acs/oss":                    {Resource: "alias/acs/oss"},
		"acs:kms:cn-hangzhou:1:key/k":      {"cn-hangzhou", "1", "k"},
		"acs:kms:cn-hangzhou:1:alias/a/b":  {"cn-hangzhou", "1", "alias/a/b"},
	} {
		if got, err := ParseKeyName(s); err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{
		"", "key 1", "a:b", "acs:kms", "acs:kms:cn-hangzhou:key/k", "acs:kms:cn-hangzhou:1:key/k:1", // no name, other characters, not three parts
		"acs:kms::1:key/k", "acs:kms:CN_hangzhou:1:key/k", "acs:kms:cn.evil:1:key/k", // no region
		"acs:kms:cn-hangzhou::key/k", "acs:kms:cn-hangzhou:me:key/k", "acs:kms:cn-hangzhou:-1:alias/a", // no account
		"acs:kms:cn-hangzhou:1:key/", "acs:kms:cn-hangzhou:1:k", "acs:kms:cn-hangzhou:1:key/alias/a", "acs:kms:cn-hangzhou:1:alias/", "acs:kms:cn-hangzhou:1:role/k", // no key
	} {
		if got, err := ParseKeyName(s); err == nil || got != (KeyName{}) {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
}

// FuzzParseKeyName: a name is refused, or nothing of it is lost.
func FuzzParseKeyName(f *testing.F) {
	for _, seed := range []string{"key-1", "alias/a", "acs:kms:cn-hangzhou:1:key/k", "acs:kms:cn-hangzhou:1:alias/a", "acs:kms:::key/", "acs:kms:cn-hangzhou:1:key/alias/a", "acs:kms", "a:b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseKeyName(s)
		if err != nil {
			if n != (KeyName{}) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q: %+v, %v", s, n, err)
			}
			return
		}
		again := n.Resource
		if n.Region != "" {
			again = "acs:kms:" + n.Region + ":" + n.Account + ":"
			if n.ID() != "" {
				again += "key/"
			}
			again += n.Resource
		}
		if again != s {
			t.Fatalf("%q became %q", s, again)
		}
	})
}
