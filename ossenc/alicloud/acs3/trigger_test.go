package acs3

import (
	"net/http"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

func TestSignTrigger_Vectors(t *testing.T) {
	at := time.Date(2026, 11, 25, 21, 0, 0, 0, time.UTC)
	tests := []struct {
		name, method, path, contentType string
		token                           *string // nil: without the header
		headers, signature              string
	}{
		{"A: the token's header is empty", "GET", "/report?format=html", "", new(""), "x-acs-date;x-acs-security-token", "44f9f030e69178c3e80c2ac591be3c38022ae74a357dd91f8ec3cddd0e2e7d25"},
		{"B: a long-lived key", "GET", "/report?format=html", "", nil, "x-acs-date", "5fc42834bdbdb0dfb7fdb6d1155c710653a4368a7b8842641fcd8d5e29e6cb3c"},
		{"C: a temporary key", "GET", "/report?format=html", "", new("STS.token"), "x-acs-date;x-acs-security-token", "a7a6b1d75690e69be358510f5ce88f5a70d6791f2cf1fd0c5ee4309069ecf8b6"},
		{"E: without the query", "GET", "/report", "", nil, "x-acs-date", "9c49484dd06c020d4c00070c66636534db4665a70eac52d952885132f15a01b8"},
		{"F: with a content type", "PUT", "/buckets/demo-bucket-a/encryption", "application/json", nil, "content-type;x-acs-date", "a01fe35be06a01d574c1d77b1f2e776d3b74010c6e14feba9f667045e7509796"},
		{"G: the root", "GET", "/", "", nil, "x-acs-date", "2c9f6ec82f1abcf3756b2334dc17aa871d438d865a7e84b1a0a6f38e09cf27f5"},
		{"G: no path", "GET", "", "", nil, "x-acs-date", "2c9f6ec82f1abcf3756b2334dc17aa871d438d865a7e84b1a0a6f38e09cf27f5"},
	}
	for _, tt := range tests {
		r := request(t, tt.method, "https://x.cn-hangzhou.fcapp.run"+tt.path, tt.contentType)
		c := ossenc.Credentials{AccessKeyID: "testAccessKeyID", AccessKeySecret: "testAccessKeySecret"}
		if tt.token != nil {
			c.SecurityToken = *tt.token
			r.Header.Set("x-acs-security-token", *tt.token)
		}
		SignTrigger(r, c, at)
		credential, headers, signature := split(t, r)
		if credential != "testAccessKeyID" || headers != tt.headers || signature != tt.signature {
			t.Errorf("%s: credential %s, headers %s, signature %s", tt.name, credential, headers, signature)
		}
	}
}

// TestSignTrigger_Body is vector D turned round: the body is not covered, so that
// the signature of a request with a body is the one without.
func TestSignTrigger_Body(t *testing.T) {
	at := time.Date(2026, 11, 25, 21, 0, 0, 0, time.UTC)
	r := request(t, http.MethodGet, "https://x.cn-hangzhou.fcapp.run/report?format=html", "")
	SignTrigger(r, ossenc.Credentials{AccessKeyID: "testAccessKeyID", AccessKeySecret: "testAccessKeySecret"}, at)
	_, _, signature := split(t, r)
	if signature == "4f77520821b889206f376a548831ec1fc1a754beab7dd68e6a788ab35d9fbf07" {
		t.Error("signed with the hash of the body, which HTTP triggers do not document")
	}
	if r.Header.Get("x-acs-content-sha256") != "" || r.Header.Get("x-acs-action") != "" {
		t.Errorf("headers that HTTP triggers do not document: %v", r.Header)
	}
}
