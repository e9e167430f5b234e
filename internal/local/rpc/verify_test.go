package rpc_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/acs3"
)

var temporary = ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: token}

func TestVerify(t *testing.T) {
	signed := func(change func(*http.Request)) *http.Request {
		const body = `{"action":"sweep"}`
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://fc.example.com/2023-03-30/functions/f/invocations?qualifier=LATEST", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/octet-stream")
		acs3.Sign(r, acs3.Operation{Action: "InvokeFunction", Version: "2023-03-30"}, []byte(body), temporary, noon())
		r.Header.Set("X-Fc-Invocation-Type", "Async") // not covered
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		change func(*http.Request)
		code   string
	}{
		"as signed":         {func(*http.Request) {}, ""},
		"another qualifier": {func(r *http.Request) { r.URL.RawQuery = "qualifier=prod" }, "SignatureDoesNotMatch"},
		"another function":  {func(r *http.Request) { r.URL.Path = "/2023-03-30/functions/g/invocations" }, "SignatureDoesNotMatch"},
		"another body":      {func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{}")) }, "ContentSHA256NotMatched"},
		"unsigned":          {func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAccessKeyId"},
	} {
		g, r := quiet(), signed(c.change)
		f := g.Verify(r)
		if (f == nil) != (c.code == "") || f != nil && f.Code != c.code {
			t.Errorf("%s: %+v", name, f)
		}
		if body, err := io.ReadAll(r.Body); f == nil && (err != nil || string(body) != `{"action":"sweep"}`) {
			t.Errorf("%s: the body is %q, %v", name, body, err)
		}
		if g.Count("InvokeFunction") != 1 {
			t.Errorf("%s: not in the log", name)
		}
	}
}

func TestVerifyTrigger(t *testing.T) {
	for name, c := range map[string]struct {
		key    ossenc.Credentials
		at     time.Time
		change func(*http.Request)
		code   string
	}{
		"temporary key":      {temporary, noon(), nil, ""},
		"long-lived key":     {ossenc.Credentials{AccessKeyID: keyID, AccessKeySecret: secret}, noon(), nil, ""},
		"the body":           {temporary, noon(), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("other")) }, ""},
		"the host":           {temporary, noon(), func(r *http.Request) { r.Host = "other" }, ""},
		"another query":      {temporary, noon(), func(r *http.Request) { r.URL.RawQuery += "&a=b" }, "SignatureDoesNotMatch"},
		"another path":       {temporary, noon(), func(r *http.Request) { r.URL.Path = "/sweep" }, "SignatureDoesNotMatch"},
		"another method":     {temporary, noon(), func(r *http.Request) { r.Method = http.MethodPost }, "SignatureDoesNotMatch"},
		"another type":       {temporary, noon(), func(r *http.Request) { r.Header.Set("Content-Type", "text/html") }, "SignatureDoesNotMatch"},
		"an unsigned header": {temporary, noon(), func(r *http.Request) { r.Header.Set("x-acs-more", "1") }, "IncompleteSignature"},
		"unsigned":           {temporary, noon(), func(r *http.Request) { r.Header.Del("Authorization") }, "IncompleteSignature"},
		"15 minutes early":   {temporary, noon().Add(-15 * time.Minute), nil, "InvalidTimeStamp.Expired"},
		"an unknown key":     {ossenc.Credentials{AccessKeyID: "x", AccessKeySecret: secret}, noon(), nil, "InvalidAccessKeyId.NotFound"},
		"a wrong secret":     {ossenc.Credentials{AccessKeyID: keyID, AccessKeySecret: "x"}, noon(), nil, "SignatureDoesNotMatch"},
		"no permission":      {ossenc.Credentials{AccessKeyID: "powerless", AccessKeySecret: secret}, noon(), nil, "NoPermission"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "http://f.cn-hangzhou.fcapp.run/buckets/a$b/encryption?format=a%20b*~", strings.NewReader("x"))
		r.Header.Set("Content-Type", "application/json")
		acs3.SignTrigger(r, c.key, c.at)
		if c.change != nil {
			c.change(r)
		}
		if f := quiet().VerifyTrigger(r); (f == nil) != (c.code == "") || f != nil && f.Code != c.code {
			t.Errorf("%s: %+v, want %q", name, f, c.code)
		}
	}
}
