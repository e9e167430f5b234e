package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzWeb checks what holds for any HTTP request, whoever sends it: it is
// answered once and as HTTP allows, only a known token gets more than /healthz,
// and only one with the scope for it writes. who picks the caller.
func FuzzWeb(f *testing.F) {
	const end = " HTTP/1.1\r\nHost: h\r\n"
	for _, s := range []string{
		"GET /healthz" + end + "\r\n",
		"GET /report?format=csv&limit=2&prefix=app" + end + "Accept: text/html;q=0.5, */*\r\nAccept-Language: zh\r\n\r\n",
		"GET /openapi.json" + end + "\r\n",
		"GET /buckets/app-aes/encryption?region=cn-hangzhou" + end + "\r\n",
		"PUT /buckets/app-none/encryption?compare=exact&dry_run=true" + end + "Content-Length: 20\r\n\r\n{\"algorithm\":\"SM4\"}\n",
		"DELETE /buckets/app-aes/encryption" + end + "\r\n",
		"POST /events" + end + "Ce-Id: 1\r\nCe-Type: oss:BucketCreated:PutBucket\r\nCe-Source: acs.oss\r\nCe-Specversion: 1.0\r\nContent-Length: 2\r\n\r\n{}",
		"POST /events" + end + "Content-Type: application/cloudevents-batch+json\r\nContent-Length: 2\r\n\r\n[]",
		"BREW /buckets/%2e%2e/encryption" + end + "\r\n",
	} {
		for who := range byte(4) {
			f.Add(who, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, who byte, raw []byte) {
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return // the server refuses it before anybody here sees it
		}
		token := []string{"", "s3cr3t-report", "s3cr3t-both", "s3cr3t-unknown"}[who%4]
		req.Header.Del("Authorization")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		m := account()
		m.All = true // nothing waits for a bucket to appear
		web, _ := newWeb(m, Auth{Mode: AuthTokens, Tokens: tokens(t), Allow: scopes})
		rec := httptest.NewRecorder()
		web.ServeHTTP(rec, req.WithContext(t.Context()))
		checkRecorded(t, rec)
		known := token == "s3cr3t-report" || token == "s3cr3t-both"
		if rec.Code < 400 && !known && req.URL.Path != "/healthz" {
			t.Errorf("nobody gets %d from %s %s", rec.Code, req.Method, req.URL)
		}
		if m.Writes > 0 && (token != "s3cr3t-both" || req.Method != http.MethodPut) {
			t.Errorf("%q writes with %s %s", token, req.Method, req.URL)
		}
	})
}

func checkRecorded(t *testing.T, rec *httptest.ResponseRecorder) {
	t.Helper()
	if rec.Code < 200 || rec.Code > 599 || rec.Code == http.StatusInternalServerError {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	for name, values := range rec.Header() {
		if strings.ContainsFunc(name+strings.Join(values, ""), func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("header %q: %q", name, values)
		}
	}
	if rec.Header().Get("X-Content-Type-Options") != "nosniff" || rec.Header().Get("Content-Security-Policy") == "" {
		t.Errorf("the headers that protect a browser are missing: %v", rec.Header())
	}
	if strings.Contains(rec.Header().Get("Content-Type"), "json") && rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
		t.Errorf("body %s", rec.Body)
	}
}

// FuzzTokens checks what holds for any setting of tokens: what is taken has
// names, scopes and hashes that differ, and what is refused is not repeated, for
// somebody may have put the token itself there.
func FuzzTokens(f *testing.F) {
	f.Add("ci:report+apply:" + hashOf("token"))
	f.Add("a:report:" + hashOf("1") + ", b:remove:" + hashOf("2"))
	f.Add("ci:report:the-token-itself")
	f.Add("Bearer the-token-itself")
	f.Fuzz(func(t *testing.T, s string) {
		all, err := ParseTokens(s)
		names, hashes := map[string]bool{}, map[[32]byte]bool{}
		for _, token := range all {
			if names[token.Name] || hashes[token.Hash] || strings.ContainsAny(token.Name, ":, \n\"") || len(token.Scopes) == 0 {
				t.Errorf("%+v of %q", token, s)
			}
			names[token.Name], hashes[token.Hash] = true, true
		}
		if err == nil {
			return
		}
		for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ':' || r == ',' || r == '+' }) {
			if len(part) > 12 && strings.Contains(err.Error(), part) {
				t.Errorf("%v repeats %q", err, part)
			}
		}
	})
}
