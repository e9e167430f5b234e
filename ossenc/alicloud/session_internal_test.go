package alicloud

import (
	"errors"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

func TestParseSTSEndpoint(t *testing.T) {
	for s, want := range map[string]string{
		"https://sts.cn-hangzhou.aliyuncs.com": "sts.cn-hangzhou.aliyuncs.com",
		"https://127.0.0.1:8443/":              "127.0.0.1:8443",
		"http://127.0.0.1:8443":                "an STS endpoint has to be https",
		"sts.aliyuncs.com":                     "an STS endpoint is a URL such as https://sts.cn-hangzhou.aliyuncs.com",
		"https://u:p@sts.aliyuncs.com":         "an STS endpoint is a URL such as https://sts.cn-hangzhou.aliyuncs.com",
		"":                                     "an STS endpoint is a URL such as https://sts.cn-hangzhou.aliyuncs.com",
	} {
		got, err := ParseSTSEndpoint(s)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q", s, got)
		}
	}
}

func TestSTSHost_IsTheRegionsAndNeverEmpty(t *testing.T) {
	for _, c := range []struct {
		region   string
		internal bool
		want     string
	}{
		{"cn-beijing", false, "sts.cn-beijing.aliyuncs.com"},
		{"cn-beijing", true, "sts-vpc.cn-beijing.aliyuncs.com"},
		{"", true, "sts.aliyuncs.com"},
		{"evil.example.com/", false, "sts.aliyuncs.com"},
	} {
		if got := STSHost(c.region, c.internal); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// FuzzAssumeError: whatever credentials-go says becomes one line, with a code.
func FuzzAssumeError(f *testing.F) {
	for _, seed := range []string{
		`refresh session token failed: {"Code":"NoPermission","Message":"You are not authorized.","RequestId":"1"}`,
		`refresh session token failed: {"Code":"A.B","Message":"one\ntwo server string to sign is:MARK"}`,
		`refresh session token failed: <html>`, `refresh session token failed: [1]`, `refresh RoleArn sts token err`, ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := assumeError(t.Context(), "acs:ram::1:role/a", errors.New(text))
		e, ok := errors.AsType[*ossenc.Error](err)
		if !ok || e.Code == "" || strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000 {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
