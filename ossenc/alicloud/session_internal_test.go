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

// FuzzAssumeError: whatever STS answers becomes a session or one line, with a code.
func FuzzAssumeError(f *testing.F) {
	for _, seed := range []string{
		`{"Code":"NoPermission","Message":"You are not authorized.","RequestId":"1"}`,
		`{"Code":"A.B","Message":"one\ntwo server string to sign is:MARK"}`,
		`{"Credentials":{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c","Expiration":"2026-11-26T12:00:00Z"}}`,
		`<html>`, `[1]`, `{"Credentials":null}`, ``,
	} {
		f.Add(200, seed)
		f.Add(403, seed)
	}
	f.Fuzz(func(t *testing.T, status int, text string) {
		keys, _, err := readSession(status, []byte(text), "1")
		if err == nil {
			if keys.Empty() || keys.SecurityToken == "" || status != 200 {
				t.Fatalf("%d %q: half a session", status, text)
			}
			return
		}
		err = assumeError(t.Context(), "acs:ram::1:role/a", err)
		e, ok := errors.AsType[*ossenc.Error](err)
		if !ok || e.Code == "" || strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000 || keys != (ossenc.Credentials{}) {
			t.Fatalf("%d %q: %v", status, text, err)
		}
	})
}
