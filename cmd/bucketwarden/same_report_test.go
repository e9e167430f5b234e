package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// variedPolicy has a rule of every kind, and variedBuckets has buckets in every state.
const variedPolicy = `version: 1
keys: {payments: {cn-hangzhou: key-1}}
rules:
  - name: cdn
    match: {buckets: ["cdn-*"]}
    exempt: {reason: "public files", owner: "web", until: 2099-12-31}
  - name: payments
    match: {buckets: ["pay-*"]}
    want: {algorithm: KMS, key: payments}
  - name: everything
    want: {algorithm: AES256}
`

func variedBuckets(oss *localoss.Server) {
	for name, rule := range map[string]localoss.Rule{
		"assets": {}, "logs": {Algorithm: "AES256"}, "sm4-data": {Algorithm: "SM4"}, "cdn-static": {}, "pay-one": {Algorithm: "AES256"},
		"pay-two": {Algorithm: "KMS", KMSKeyID: "key-1"}, "pay-strange": {Algorithm: "KMS", KMSKeyID: "key-2"}, "hidden": {Algorithm: "AES256"},
	} {
		oss.PutBucket(localoss.Bucket{Name: name, Region: stack.Region, Rule: rule})
	}
	oss.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Bucket == "hidden" {
			return &localoss.Fault{Code: "AccessDenied"}
		}
		return nil
	})
}

// provenance is what differs between two reports of the same answers: when and by what
// they were made, and the request IDs, which OSS makes anew for every call.
var provenance = []struct{ pattern, with string }{
	{`(?i)\b[0-9A-F]{24}\b`, "REQUEST"},
	{`"provenance":\{.*?\}\}`, `"provenance":{}`},
	{`"(time|created_time)":[0-9]+`, `"$1":0`},
	{`"open_since":"[^"]*"`, `"open_since":"TIME"`}, // the report's own time
	{`(?m),[-0-9]+T[:0-9]+Z\r$`, ",TIME\r"},
	{`"endTimeUtc":"[^"]*"`, `"endTimeUtc":""`},
	{`timestamp="[^"]*"`, `timestamp=""`},
	{`(?m)^,,,report,(time|tool|version|identity|policy|via|via_version|asked_by),.*\r\n`, ""},
	{`<property name="(time|tool|version|identity|policy|via|via_version|asked_by)" value="[^"]*"/>\n`, ""},
	{`(?m)^bucketwarden_report_(info|timestamp_seconds)[{ ].*\n`, ""},
	{`,"version":"(dev|unknown)"`, ""},
}

func withoutProvenance(text string) string {
	for _, p := range provenance {
		text = regexp.MustCompile(p.pattern).ReplaceAllString(text, p.with)
	}
	return text
}

// reached is what differs between the function's page and the command's besides: the
// lines to copy and the links, because a page of the command has no address.
var reached = []struct{ pattern, with string }{
	{`(?s)<nav class="(languages|forms)".*?</nav>\n`, ""},
	{`<p>[^<]*<code>[^<]*</code></p>\n</section>`, "</section>"}, // how to get the other forms
	{`(<section class="help">\n<h2>[^<]*</h2>\n)<p>.*?</p>\n<pre>.*?</pre>`, "$1"},
	{`"(base|home|mode|reach|target)":"[^"]*"`, `"$1":""`}, // what the script makes the lines of
	{`<p class="meta">.*?</p>`, ""},
	{`<dt>[^<]*</dt><dd>([-0-9]+ [:0-9]+ UTC|the function|the command|函数|命令行|関数|コマンド|dev|acs:ram::[^<]*|http://127[^<]*|[^<]*policy\.yaml)</dd>\n`, ""},
}

// The function and the command give the same bytes for the same answers of OSS, but
// for the provenance, and in the page for the lines to copy, which fit how it is reached.
// So does the command when it collects the function's report in parts.
func TestTheFunctionAndTheCommandReportTheSame(t *testing.T) {
	dir := t.TempDir()
	policy := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(policy, []byte(variedPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := []string{"WARDEN_HTTP_AUTH=platform", "WARDEN_POLICY=" + policy}
	s, err := stack.Start(t.Context(), stack.Options{Binary: binary, Env: settings, Configure: func(c *localfc.Config) { c.Command = []string{binary, "function"} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	variedBuckets(s.OSS)
	a := &account{Cloud: s.Cloud, t: t, dir: dir}
	a.env = []string{
		"BUCKETWARDEN_ENDPOINT=" + s.OSSURL, "BUCKETWARDEN_STS_ENDPOINT=" + s.STSURL, "SSL_CERT_FILE=" + s.CAFile, "HOME=" + a.dir,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + stack.UserKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + stack.UserKey.AccessKeySecret,
	}
	for _, pair := range s.Env() {
		if name, value, _ := strings.Cut(pair, "="); name == "WARDEN_KMS_ENDPOINT" {
			a.env = append(a.env, "BUCKETWARDEN_KMS_ENDPOINT="+value)
		}
	}
	// Whoever collects it gets three buckets at a time.
	var parts atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Set("limit", "3")
		r.URL.RawQuery = query.Encode()
		r.RequestURI = r.URL.RequestURI()
		parts.Add(1)
		s.Function.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	for _, form := range []string{"json", "csv", "prometheus", "ocsf", "junit", "sarif", "html", "html-zh", "html-ja"} {
		format, language, _ := strings.Cut(form, "-")
		language = cmp.Or(language, "en")
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/report?format="+format+"&lang="+language, nil)
		rec := httptest.NewRecorder()
		s.Function.Handler().ServeHTTP(rec, req)
		file := filepath.Join(dir, "by-command-"+form)
		a.run(3, "report", "--policy", policy, "--format", format, "--lang", language, "--output", file)
		byCommand, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, want := withoutProvenance(rec.Body.String()), withoutProvenance(string(byCommand))
		if format == "html" {
			got, want = withoutReach(t, got), withoutReach(t, want)
		}
		if got != want {
			t.Errorf("%s: the function (status %d) reports\n%s\nthe command\n%s", form, rec.Code, firstDifference(got, want), firstDifference(want, got))
		}
		parts.Store(0)
		a.run(3, "report", "--via", front.URL, "--policy", policy, "--format", format, "--lang", language, "--output", file+"-via")
		collected, err := os.ReadFile(file + "-via")
		if err != nil {
			t.Fatal(err)
		}
		via := withoutProvenance(string(collected))
		if format == "html" {
			via = withoutReach(t, via)
		}
		if via != got || parts.Load() != 3 {
			t.Errorf("%s in %d parts: the function reports\n%s\ncollected\n%s", form, parts.Load(), firstDifference(got, via), firstDifference(via, got))
		}
	}
	tableHasTheCountsOfJSON(t, a.run(3, "report", "--policy", policy), filepath.Join(dir, "by-command-json"))
}

// withoutReach takes out what fits how a page is reached, each part of it.
func withoutReach(t *testing.T, page string) string {
	t.Helper()
	for _, p := range reached {
		pattern := regexp.MustCompile(p.pattern)
		if !pattern.MatchString(page) && !strings.Contains(p.pattern, "nav") {
			t.Errorf("the page has no %s", p.pattern)
		}
		page = pattern.ReplaceAllString(page, p.with)
	}
	return page
}

func firstDifference(a, b string) string {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return a[max(0, i-200):min(len(a), i+200)]
		}
	}
	return "(as long as it is)"
}

// tableHasTheCountsOfJSON compares the states of the table with the verdicts.
func tableHasTheCountsOfJSON(t *testing.T, table, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Buckets []struct{ Bucket, Verdict, Code, Rule string }
	}
	if err := json.Unmarshal(data, &report); err != nil || len(report.Buckets) != 8 {
		t.Fatalf("%d buckets, %v", len(report.Buckets), err)
	}
	for _, b := range report.Buckets {
		state := map[string]string{"compliant": "compliant", "exempt": "exempt", "unknown": "unknown", "would_fix": "noncompliant", "blocked": "noncompliant"}[b.Verdict]
		switch {
		case b.Code == "foreign_key":
			state = "foreign key"
		case state == "noncompliant" && b.Rule == "none":
			state = "unencrypted"
		}
		if !regexp.MustCompile(`(?m)^` + state + ` +` + b.Bucket + ` `).MatchString(table) {
			t.Errorf("%s (%s %s, %s) is not %q in\n%s", b.Bucket, b.Verdict, b.Code, b.Rule, state, table)
		}
	}
	if want := "8 buckets: 1 foreign key, 1 unencrypted, 1 noncompliant, 1 unknown, 1 exempt, 3 compliant"; !strings.Contains(table, want) {
		t.Errorf("there is no %q in\n%s", want, table)
	}
}
