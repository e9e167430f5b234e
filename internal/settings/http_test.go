package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"bucketwarden/handler/web"
)

func TestRead_HTTPIsClosedUntilASettingOpensIt(t *testing.T) {
	sum := sha256.Sum256([]byte("token"))
	hash := hex.EncodeToString(sum[:])
	usual := []web.Scope{web.ScopeReport, web.ScopeApply}
	tests := []struct {
		name   string
		env    []string
		mode   web.AuthMode
		allow  []web.Scope
		tokens int
		signed bool
	}{
		{"Unset", nil, web.AuthNone, usual, 0, false},
		{"Empty", []string{"WARDEN_HTTP_AUTH=", "WARDEN_HTTP_ALLOW="}, web.AuthNone, usual, 0, false},
		{"Platform", []string{"WARDEN_HTTP_AUTH=platform"}, web.AuthPlatform, usual, 0, false},
		{"Allow", []string{"WARDEN_HTTP_AUTH=platform", "WARDEN_HTTP_ALLOW=report, remove,events"}, web.AuthPlatform, []web.Scope{web.ScopeReport, web.ScopeRemove, web.ScopeEvents}, 0, false},
		{"Tokens", []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_HTTP_TOKENS=a:report+apply:" + hash}, web.AuthTokens, usual, 1, false},
		{"EventBridgeAlone", []string{
			"WARDEN_HTTP_AUTH=tokens", "WARDEN_EVENTBRIDGE_URL=https://example.com/events",
			"WARDEN_EVENTBRIDGE_CERT=https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com/x.pem",
		}, web.AuthTokens, usual, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, err := Read(tt.env)
			a := cfg.Auth
			if err != nil || a.Mode != tt.mode || !slices.Equal(a.Allow, tt.allow) || len(a.Tokens) != tt.tokens || (a.EventBridge != nil) != tt.signed {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

func TestRead_HTTPSettingsThatMakeNoSense(t *testing.T) {
	tests := []struct {
		name    string
		env     []string
		problem string
	}{
		{"Mode", []string{"WARDEN_HTTP_AUTH=none"}, "WARDEN_HTTP_AUTH: "},
		{"NoTokens", []string{"WARDEN_HTTP_AUTH=tokens"}, "WARDEN_HTTP_TOKENS has none"},
		{"TokenForHash", []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_HTTP_TOKENS=a:report:s3cr3t"}, "WARDEN_HTTP_TOKENS: entry 1: the hash"},
		{"TokensWithoutMode", []string{"WARDEN_HTTP_TOKENS=s3cr3t"}, "WARDEN_HTTP_TOKENS: has no effect unless WARDEN_HTTP_AUTH is tokens"},
		{"TokensForPlatform", []string{"WARDEN_HTTP_AUTH=platform", "WARDEN_HTTP_TOKENS=s3cr3t"}, "WARDEN_HTTP_TOKENS: has no effect"},
		{"Allow", []string{"WARDEN_HTTP_ALLOW=all"}, "WARDEN_HTTP_ALLOW: a scope is one of"},
		{"CertificateAlone", []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_EVENTBRIDGE_CERT=x.pem"}, "set both or none"},
		{"NoSuchFile", []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_EVENTBRIDGE_URL=https://example.com/", "WARDEN_EVENTBRIDGE_CERT=no-such-file.pem"}, "WARDEN_EVENTBRIDGE_CERT: open no-such-file.pem"},
		{"SignatureWithoutMode", []string{"WARDEN_EVENTBRIDGE_URL=https://example.com/", "WARDEN_EVENTBRIDGE_CERT=no-such-file.pem"}, "WARDEN_EVENTBRIDGE_URL: has no effect"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(tt.env)
			if err == nil || !strings.Contains(err.Error(), tt.problem) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%v, want %q", err, tt.problem)
			}
		})
	}
}
