package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// What no answer repeats reaches the log by the one place that knows the credentials,
// and without it not at all.
func TestLogCause_IsRedacted(t *testing.T) {
	for want, line := range map[string]func(context.Context, string) string{
		"[left out]":   nil,
		"7 characters": func(_ context.Context, text string) string { return fmt.Sprint(len(text), " characters") },
	} {
		var log strings.Builder
		x := &exchange{web: New(&service.Service{Line: line, Log: slog.New(slog.NewTextHandler(&log, nil))}, Auth{}), req: httptest.NewRequest(http.MethodGet, "/", http.NoBody)}
		x.log = x.web.log
		x.logCause("unexpected error", errors.New("s3cr3t!"))
		if got := log.String(); !strings.Contains(got, want) || strings.Contains(got, "s3cr3t") {
			t.Error(got)
		}
	}
}

func TestWeb_WhatIsNoRouteIsAProblem(t *testing.T) {
	tests := []struct {
		name, method, target string
		status               int
		code                 ossenc.Code
		allow                string
	}{
		{"UnknownPath", "GET", "/nothing", 404, codeNoRoute, ""},
		{"Root", "GET", "/", 404, codeNoRoute, ""},
		{"BucketAlone", "GET", "/buckets/app-aes", 404, codeNoRoute, ""},
		{"TrailingSlash", "GET", "/report/", 404, codeNoRoute, ""},
		{"DoubleSlash", "GET", "//report", 404, codeNoRoute, ""},
		{"DotDot", "GET", "/buckets/../report", 404, codeNoRoute, ""},
		{"SlashInSegment", "GET", "/buckets/a%2Fencryption", 404, codeNoRoute, ""},
		{"OtherCase", "GET", "/Report", 404, codeNoRoute, ""},
		{"PostReport", "POST", "/report", 405, codeMethod, "GET, HEAD"},
		{"PatchRule", "PATCH", "/buckets/app-aes/encryption", 405, codeMethod, "DELETE, GET, HEAD, PUT"},
		{"OptionsRule", "OPTIONS", "/buckets/app-aes/encryption", 405, codeMethod, "DELETE, GET, HEAD, PUT"},
		{"GetEvents", "GET", "/events", 405, codeMethod, "POST"},
		{"UnknownMethod", "BREW", "/healthz", 405, codeMethod, "GET, HEAD"},
	}
	web, _ := newWeb(account(), everything)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := ask(t, web, tt.method, tt.target, "")
			answered(t, rec, tt.status, tt.code, "")
			if got := rec.Header().Get("Allow"); got != tt.allow {
				t.Errorf("Allow = %q, want %q", got, tt.allow)
			}
		})
	}
}

func TestWeb_SlashesCannotBeHiddenInABucketName(t *testing.T) {
	web, _ := newWeb(account(), everything)
	for _, target := range []string{"/buckets/a%2Fb/encryption", "/buckets/%2e%2e/encryption", "/buckets/demo%20bucket/encryption", "/buckets/app-aes%00/encryption"} {
		answered(t, ask(t, web, "GET", target, ""), 400, ossenc.Invalid, "is not a bucket name")
	}
}

func TestWeb_HeadIsGetWithoutBody(t *testing.T) {
	m := account()
	web, _ := newWeb(m, everything)
	server := httptest.NewServer(web)
	defer server.Close()
	for _, path := range []string{"/healthz", "/openapi.json", "/report", "/report?format=html", "/buckets/app-aes/encryption", "/nothing"} {
		get, head := fetched(t, "GET", server.URL+path), fetched(t, "HEAD", server.URL+path)
		if get.status != head.status || get.contentType != head.contentType || head.body != "" || get.body == "" {
			t.Errorf("%s: GET %+v, HEAD %+v", path, get, head)
		}
	}
	reads := 0
	m.OnGet = func(string) { reads++ }
	ask(t, web, "HEAD", "/report", "")
	if reads != 0 {
		t.Errorf("HEAD /report read %d buckets", reads)
	}
}

type answerOf struct {
	status            int
	contentType, body string
}

func fetched(t *testing.T, method, url string) answerOf {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answerOf{resp.StatusCode, resp.Header.Get("Content-Type"), string(body)}
}

func TestWeb_EveryAnswerHasTheSecurityHeaders(t *testing.T) {
	web, _ := newWeb(account(), everything)
	for _, target := range []string{"/healthz", "/report?format=html", "/report?format=csv", "/nothing", "/buckets/app-aes/encryption"} {
		h := ask(t, web, "GET", target, "").Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp",
		} {
			if !strings.HasPrefix(h.Get(name), want) {
				t.Errorf("%s: %s = %q", target, name, h.Get(name))
			}
		}
		if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: Content-Security-Policy %q", target, h.Get("Content-Security-Policy"))
		}
	}
}

func TestWeb_APanicIsAProblemAndTellsNothing(t *testing.T) {
	m := account()
	web, log := newWeb(m, everything)
	working := web.service.Warden
	web.service.Warden = nil // a nil dereference inside the report
	answered(t, ask(t, web, "GET", "/report", ""), 500, ossenc.Internal, "the stack is in the log")
	web.service.Warden = working
	m.OnGet = func(string) { panic("s3cr3t") }
	rec := ask(t, web, "GET", "/buckets/app-aes/encryption", "")
	answered(t, rec, 500, ossenc.Internal, "panic")
	if strings.Contains(rec.Body.String()+log.String(), "s3cr3t") || !strings.Contains(log.String(), "web.go") {
		t.Errorf("answer %s\nlog %s", rec.Body, log)
	}
}

func TestWeb_LogsOneLineForEachRequest(t *testing.T) {
	web, log := newWeb(account(), everything)
	ask(t, web, "GET", "/no/such-s3cr3t/path?token=s3cr3t", "s3cr3t", "Authorization", "Bearer s3cr3t", "X-Other", "s3cr3t")
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("%s: %v", log, err)
	}
	for key, want := range map[string]any{"msg": "http", "request_id": "req-1", "route": "", "by": "platform", "status": 404.0} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
	if strings.Contains(log.String(), "s3cr3t") {
		t.Errorf("the caller's own words are in the log: %s", log)
	}
}

func TestStatusOf_EveryCodeHasItsStatus(t *testing.T) {
	want := map[ossenc.Code]int{
		ossenc.Internal: 500, ossenc.Denied: 403, ossenc.Unrecognized: 409, ossenc.ForeignKey: 409, ossenc.Contested: 409, ossenc.Unconfirmed: 504, ossenc.Refused: 409, ossenc.Unavailable: 502,
		ossenc.Throttled: 503, ossenc.NotYet: 503, ossenc.Deadline: 504, ossenc.NotFound: 404, ossenc.Invalid: 400,
	}
	for _, code := range ossenc.Codes() {
		if got := statusOf(code); got != want[code] {
			t.Errorf("%s: %d, want %d", code, got, want[code])
		}
		// What may help later must be a status after which clients try again.
		if again := statusOf(code) >= 500; again != code.Retryable() {
			t.Errorf("%s: status %d, and retryable is %t", code, statusOf(code), code.Retryable())
		}
	}
}
