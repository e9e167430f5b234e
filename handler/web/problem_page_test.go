package web

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
)

// chrome is what a browser sends.
const chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

var withTokens = Auth{Mode: AuthTokens, Allow: []Scope{ScopeReport}, Tokens: []Token{{Name: "applier", Scopes: []Scope{ScopeApply}, Hash: sha256.Sum256([]byte("applier"))}}}

// A browser that is refused gets a page that says what to do; other clients the problem.
func TestProblem_ABrowserGetsAPage(t *testing.T) {
	denied := account()
	denied.Errs = map[string]error{"": &ossenc.Error{Op: "ListBuckets", Code: ossenc.Denied, OSSCode: "AccessDenied", Message: "no right"}}
	for _, tt := range []struct {
		name, path, as string
		auth           Auth
		m              *memory.Account
		status         int
		has            string
	}{
		{"Unauthorized", "/report", "", withTokens, account(), 401, "bucketwarden open --url &#39;http://example.com&#39; --token-file token"},
		{"Closed", "/report", "", Auth{}, account(), 403, "bucketwarden report --output report.html"},
		{"Scope", "/report", "applier", withTokens, account(), 403, "lacks the scope"},
		{"Cloud", "/report", "", everything, denied, 403, "docs/ram/policy.json"},
		{"Root", "/", "", everything, account(), 404, `href="/report"`},
		{"Path", "/reports", "", everything, account(), 404, `href="/report"`},
		{"Bucket", "/buckets/no-such-bucket/encryption", "", everything, account(), 404, `href="/report"`},
		{"Parameter", "/report?regoin=cn-hangzhou", "", everything, account(), 400, "regoin"},
		{"HostileParameter", "/report?%3Cscript%3E=1", "", everything, account(), 400, "&lt;script&gt;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			web, _ := newWeb(tt.m, tt.auth)
			var as []string
			if tt.as != "" {
				as = []string{"Authorization", "Bearer " + tt.as}
			}
			rec := ask(t, web, "GET", tt.path, "", append(as, "Accept", chrome)...)
			page := rec.Body.String()
			if rec.Code != tt.status || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") || !strings.Contains(page, tt.has) || strings.Contains(page, "{{") {
				t.Errorf("%d %s, want %d and %s:\n%s", rec.Code, rec.Header().Get("Content-Type"), tt.status, tt.has, page)
			}
			if style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(page); style == nil || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "style-src "+hashOfSource(style[1])+";") {
				t.Errorf("policy %s", rec.Header().Get("Content-Security-Policy"))
			}
			if strings.Contains(page, "<script") || len(page) > 8<<10 {
				t.Errorf("%d bytes, or a script", len(page))
			}
			for _, accept := range []string{"", "*/*", "application/json", "application/json, text/html", "text/html;q=0.5, application/json", "text/plain"} {
				headers := as
				if accept != "" {
					headers = append(headers, "Accept", accept)
				}
				if rec := ask(t, web, "GET", tt.path, "", headers...); rec.Code != tt.status || rec.Header().Get("Content-Type") != "application/problem+json" {
					t.Errorf("Accept %q: %d %s", accept, rec.Code, rec.Header().Get("Content-Type"))
				}
			}
		})
	}
	web, _ := newWeb(account(), withTokens)
	if rec := ask(t, web, "GET", "/report", "", "Accept", chrome); rec.Header().Get("WWW-Authenticate") == "" {
		t.Error("no challenge")
	}
	if rec := ask(t, web, "PUT", "/buckets/app-aes/encryption", "", "Accept", chrome); rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Error("a write is answered with a page")
	}
}

func TestProblem_ThePageSpeaksThreeLanguages(t *testing.T) {
	web, _ := newWeb(account(), withTokens)
	for header, want := range map[string]string{"zh-CN,zh;q=0.9": "需要令牌", "ja": "トークンが必要です", "de": "A token is needed"} {
		if rec := ask(t, web, "GET", "/report", "", "Accept", chrome, "Accept-Language", header); !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: no %s", header, want)
		}
	}
}

// Every read takes only the parameters that it knows.
func TestReads_RefuseUnknownParameters(t *testing.T) {
	web, _ := newWeb(account(), everything)
	for _, r := range routes {
		if r.method != "GET" {
			continue
		}
		path := strings.ReplaceAll(r.path, "{bucket}", "app-aes")
		answered(t, ask(t, web, "GET", path+"?regoin=cn-hangzhou", ""), 400, ossenc.Invalid, "regoin")
	}
}
