package web

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// trigger sends an HTTP trigger's event.
func trigger(t *testing.T, web *Web, event string) (a httpAnswer) {
	t.Helper()
	body := web.Trigger(ossenc.WithRequestID(t.Context(), "req-1"), []byte(event))
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return a
}

func TestTrigger_EveryHTTPSampleHasTheOutcomeOfItsManifest(t *testing.T) {
	var manifest map[string]struct {
		Trigger string
		Status  int
		Results []struct{ Bucket, Verdict string }
	}
	readJSON(t, "../../events/manifest.json", &manifest)
	seen := 0
	for name, want := range manifest {
		if want.Trigger != "http" {
			continue
		}
		seen++
		t.Run(name, func(t *testing.T) {
			event, err := os.ReadFile(filepath.Join("../../events", name))
			if err != nil {
				t.Fatal(err)
			}
			m := &memory.Account{Rules: map[string]ossenc.Rule{"demo-bucket-a": {}}}
			web, _ := newWeb(m, everything)
			a := trigger(t, web, string(event))
			if a.StatusCode != want.Status {
				t.Fatalf("%+v; want %d", a, want.Status)
			}
			if want.Results == nil {
				return
			}
			var got service.Results
			if err := json.Unmarshal([]byte(a.Body), &got); err != nil || len(got.Results) != len(want.Results) {
				t.Fatalf("%s: %v", a.Body, err)
			}
			for i, w := range want.Results {
				if r := got.Results[i]; r.Bucket != w.Bucket || string(r.Verdict) != w.Verdict {
					t.Errorf("result %d: %s %s, want %s %s", i, r.Bucket, r.Verdict, w.Bucket, w.Verdict)
				}
			}
		})
	}
	if seen < 8 {
		t.Errorf("only %d samples", seen)
	}
}

func TestTrigger_TheAnswerIsTheWholeStruct(t *testing.T) {
	web, _ := newWeb(account(), everything)
	body := web.Trigger(t.Context(), []byte(`{"version":"v1","rawPath":"/healthz","requestContext":{"http":{"method":"GET"}}}`))
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	if got := string(members["statusCode"]) + string(members["isBase64Encoded"]) + string(members["body"]); got != `200false"{\"status\":\"ok\"}\n"` {
		t.Errorf("%s", body)
	}
	var headers map[string]string
	if err := json.Unmarshal(members["headers"], &headers); err != nil || headers["Content-Type"] != "application/json" {
		t.Errorf("headers %s: %v", members["headers"], err)
	}
	for _, name := range connectionHeaders {
		if _, ok := headers[name]; ok {
			t.Errorf("%s is the platform's", name)
		}
	}
}

func TestTrigger_ReadsHTTPEventsAsTheyMayCome(t *testing.T) {
	put := base64.StdEncoding.EncodeToString([]byte(`{"algorithm":"SM4"}`))
	tests := []struct {
		name, event string
		status      int
		has         string
	}{
		{"NullMembers", `{"version":"v1","rawPath":"/healthz","body":null,"headers":null,"queryParameters":null,"isBase64Encoded":null,"requestContext":{"http":{"method":"GET","path":"/healthz"}}}`, 200, "ok"},
		{"NumberForTimeEpoch", `{"version":"v1","rawPath":"/healthz","requestContext":{"timeEpoch":1,"http":{"method":"GET","path":"/healthz"}}}`, 200, "ok"},
		{"PathOnly", `{"version":"v1","requestContext":{"http":{"method":"GET","path":"/healthz"}}}`, 200, "ok"},
		{"RawPathWins", `{"version":"v1","rawPath":"/healthz","requestContext":{"http":{"method":"GET","path":"/report"}}}`, 200, "ok"},
		{"NoPath", `{"version":"v1","requestContext":{"http":{"method":"GET"}}}`, 404, "no_such_path"},
		{"NoMethod", `{"version":"v1","rawPath":"/healthz","requestContext":{"http":{}}}`, 405, "method_not_allowed"},
		{"EscapedSlash", `{"version":"v1","rawPath":"/buckets/app-aes%2Fencryption","requestContext":{"http":{"method":"GET","path":"/buckets/app-aes/encryption"}}}`, 404, "no_such_path"},
		{"EscapedDots", `{"version":"v1","rawPath":"/buckets/%2e%2e/encryption","requestContext":{"http":{"method":"GET"}}}`, 400, "not a bucket name"},
		{"QueryInPath", `{"version":"v1","rawPath":"/buckets/app-none/encryption?dry_run=false","requestContext":{"http":{"method":"PUT"}}}`, 404, "no_such_path"},
		{"BrokenEscape", `{"version":"v1","rawPath":"/a%zz","requestContext":{"http":{"method":"GET"}}}`, 400, "path is not well-formed"},
		{"BrokenBase64", `{"version":"v1","rawPath":"/events","body":"%%","isBase64Encoded":true,"requestContext":{"http":{"method":"POST"}}}`, 400, "not base64"},
		{"Base64AsText", `{"version":"v1","rawPath":"/buckets/app-none/encryption","body":"` + put + `","isBase64Encoded":"true","requestContext":{"http":{"method":"PUT"}}}`, 200, `"algorithm":"SM4"`},
		{"HeadersInAnyCase", `{"version":"v1","rawPath":"/report","headers":{"ACCEPT":"text/csv"},"requestContext":{"http":{"method":"GET"}}}`, 200, "bucket,region"},
		{"CommaInQuery", `{"version":"v1","rawPath":"/buckets/app-none/encryption","queryParameters":{"dry_run":"true,true"},"requestContext":{"http":{"method":"PUT"}}}`, 400, "neither true nor false"},
		{"QueryThatIsNoText", `{"version":"v1","rawPath":"/buckets/app-none/encryption","queryParameters":{"dry_run":true},"requestContext":{"http":{"method":"PUT"}}}`, 400, "cannot be read"},
		{"QueryThatIsAText", `{"version":"v1","rawPath":"/buckets/app-none/encryption","queryParameters":"dry_run=true","requestContext":{"http":{"method":"PUT"}}}`, 400, "cannot be read"},
		{"QueryOfLists", `{"version":"v1","rawPath":"/report","queryParameters":{"region":["cn-hangzhou"]},"requestContext":{"http":{"method":"GET"}}}`, 400, "cannot be read"},
		{"QueryWithoutValue", `{"version":"v1","rawPath":"/buckets/app-none/encryption","queryParameters":{"dry_run":null},"requestContext":{"http":{"method":"PUT"}}}`, 400, "dry_run has no value"},
		{"BodyThatIsNoText", `{"version":"v1","rawPath":"/sweep","body":{"mode":"report"},"requestContext":{"http":{"method":"POST"}}}`, 400, "cannot be read"},
		{"RuleThatIsNoText", `{"version":"v1","rawPath":"/buckets/app-none/encryption","body":{"algorithm":"SM4"},"requestContext":{"http":{"method":"PUT"}}}`, 400, "cannot be read"},
		{"Head", `{"version":"v1","rawPath":"/healthz","requestContext":{"http":{"method":"HEAD"}}}`, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			web, _ := newWeb(account(), everything)
			a := trigger(t, web, tt.event)
			if a.StatusCode != tt.status || !strings.Contains(a.Body, tt.has) || tt.has == "" && a.Body != "" {
				t.Errorf("%+v; want %d with %q", a, tt.status, tt.has)
			}
		})
	}
}

// FuzzHTTPTrigger checks what holds for any payload that is taken for an HTTP
// trigger's event: the answer is the whole struct with a final status, no header of
// the connection, headers that HTTP allows, and a body that says what it is.
func FuzzHTTPTrigger(f *testing.F) {
	files, _ := filepath.Glob("../../events/http-*.json")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, target := range []string{"/report?format=html", "/report?format=csv&limit=2", "/openapi.json", "/buckets/app-aes/encryption"} {
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			f.Add([]byte(`{"version":"v1","rawPath":"` + pathOf(target) + `","queryParameters":` + queryOf(target) + `,"requestContext":{"http":{"method":"` + method + `"}}}`))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := account()
		m.All = true // nothing waits for a bucket to appear
		web, _ := newWeb(m, everything)
		checkAnswer(t, web.Trigger(t.Context(), payload))
	})
}

func checkAnswer(t *testing.T, body []byte) {
	t.Helper()
	var members map[string]json.RawMessage
	var a httpAnswer
	if json.Unmarshal(body, &members) != nil || json.Unmarshal(body, &a) != nil || len(members) != 4 || a.Headers == nil {
		t.Fatalf("answer %s", body)
	}
	if a.StatusCode < 200 || a.StatusCode > 599 {
		t.Errorf("status %d", a.StatusCode)
	}
	size := 0
	for name, value := range a.Headers {
		size += len(name) + len(value)
		if slices.Contains(connectionHeaders, name) || strings.ContainsFunc(name+value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("header %q: %q", name, value)
		}
	}
	if size > 8<<10 {
		t.Errorf("%d bytes of headers", size)
	}
	if strings.Contains(a.Headers["Content-Type"], "json") && a.Body != "" && !json.Valid([]byte(a.Body)) {
		t.Errorf("body %s", a.Body)
	}
}
