package kms

import (
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	for s, want := range map[string]name{
		"1234abcd-12ab-34cd-56ef-12345678": {resource: "1234abcd-12ab-34cd-56ef-12345678"},
		"alias/acs/oss":                    {resource: "alias/acs/oss"},
		"acs:kms:cn-hangzhou:1:key/k":      {"cn-hangzhou", "1", "k"},
		"acs:kms:cn-hangzhou:1:alias/a/b":  {"cn-hangzhou", "1", "alias/a/b"},
	} {
		if got, err := parseName(s); err != nil || got != want {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
	}
}

// FuzzParseName: a name is refused, or nothing of it is lost.
func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"key-1", "alias/a", "acs:kms:cn-hangzhou:1:key/k", "acs:kms:cn-hangzhou:1:alias/a", "acs:kms:::key/", "acs:kms:cn-hangzhou:1:key/alias/a", "acs:kms", "a:b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseName(s)
		if err != nil {
			if n != (name{}) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%q: %+v, %v", s, n, err)
			}
			return
		}
		again := n.resource
		if n.region != "" {
			again = "acs:kms:" + n.region + ":" + n.account + ":"
			if n.id() != "" {
				again += "key/"
			}
			again += n.resource
		}
		if again != s {
			t.Fatalf("%q became %q", s, again)
		}
	})
}
