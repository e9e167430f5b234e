package ossenc

import (
	"strings"
	"testing"
)

func TestRoleAccount(t *testing.T) {
	for arn, want := range map[string]string{
		"acs:ram::1234567890123456:role/bucketwarden":  "1234567890123456",
		"acs:ram::1:role/AliyunFCDefaultRole.x_z-2":    "1",
		"acs:ram::1:role/a@b":                          "",
		"acs:ram::1234567890123456:user/bucketwarden":  "",
		"acs:ram:cn-hangzhou:1:role/bucketwarden":      "",
		"acs:ram::1:role/":                             "",
		"acs:ram::123456789012345678901:role/warden":   "",
		"acs:ram:::role/bucketwarden":                  "",
		"acs:ram::one:role/bucketwarden":               "",
		"acs:ram::1:role/a b":                          "",
		"arn:aws:iam::1234567890123456:role/warden":    "",
		"acs:ram::acs:ram::1:role/bucketwarden":        "",
		"1234567890123456:role/bucketwarden":           "",
		"acs:ram::1234567890123456:role/a:role/b":      "",
		"acs:ram::1234567890123456:role/bucketwarden ": "",
		"": "",
	} {
		if got, err := RoleAccount(arn); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", arn, got, err)
		}
	}
}

// FuzzRoleAccount: an account comes with the one ARN form there is.
func FuzzRoleAccount(f *testing.F) {
	for _, seed := range []string{"acs:ram::1:role/a", "acs:ram::1:role/a:role/b", "acs:ram:::role/", "role/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arn string) {
		account, err := RoleAccount(arn)
		if err != nil {
			return
		}
		name, ok := strings.CutPrefix(arn, "acs:ram::"+account+":role/")
		if !ok || name == "" || strings.ContainsAny(name, ":/ \n") || strings.Trim(account, "0123456789") != "" || account == "" {
			t.Fatalf("%q: account %q", arn, account)
		}
	})
}
