package web

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

func TestReport_EveryFormatHasItsHeaders(t *testing.T) {
	for _, f := range []struct{ name, file, contentType, disposition string }{
		{"json", "report.json", "application/json", ""},
		{"csv", "report.csv", "text/csv; charset=utf-8; header=present", `inline; filename="bucketwarden-report.csv"`},
		{"prometheus", "report.prom", "text/plain; version=0.0.4; charset=utf-8", ""},
		{"html", "", "text/html; charset=utf-8", ""},
		{"ocsf", "report.ocsf.jsonl", "application/x-ndjson", `inline; filename="bucketwarden-report.ocsf.jsonl"`},
		{"junit", "report.junit.xml", "application/xml; charset=utf-8", `inline; filename="bucketwarden-report.junit.xml"`},
	} {
		t.Run(f.name, func(t *testing.T) {
			web, _ := newWeb(account(), everything)
			rec := ask(t, web, "GET", "/report?format="+f.name, "")
			h := rec.Header()
			if rec.Code != 200 || h.Get("Content-Type") != f.contentType || h.Get("Vary") != "Accept, Accept-Language" || h.Get("Content-Disposition") != f.disposition {
				t.Errorf("%d %v", rec.Code, h)
			}
			if f.file == "" {
				return
			}
			if want, err := os.ReadFile("../report/testdata/" + f.file); err != nil || rec.Body.String() != string(want) {
				t.Errorf("%s\nwant\n%s%v", rec.Body, want, err)
			}
		})
	}
}

// SARIF points at the lines of a policy file: without one it is not acceptable.
func TestReport_SARIFNeedsAPolicyFile(t *testing.T) {
	web, _ := newWeb(account(), everything)
	answered(t, ask(t, web, "GET", "/report?format=sarif", ""), 406, codeAcceptable, "no policy file decides here")
	answered(t, ask(t, web, "GET", "/report", "", "Accept", "application/sarif+json"), 406, codeAcceptable, "no policy file decides here")
	web.service.Policy.Source = policy.Source{Name: "/code/policy.yaml", SHA256: strings.Repeat("ab", 32)}
	rec := ask(t, web, "GET", "/report?format=sarif", "")
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), `"uri":"policy.yaml"`) || strings.Contains(rec.Body.String(), "/code/") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// reportReply is the report as a client reads it.
type reportReply struct {
	Buckets []ossenc.Result
	Totals  struct {
		Buckets   int
		Verdict   map[string]int `json:"by_verdict"`
		Algorithm map[string]int `json:"by_algorithm"`
		Region    map[string]int `json:"by_region"`
	}
	Complete bool
	Next     string
	Error    *struct {
		Code, Detail string
		OSSCode      string `json:"oss_code"`
		RequestID    string `json:"oss_request_id"`
	}
}

func (r reportReply) names() string {
	var names []string
	for _, b := range r.Buckets {
		names = append(names, b.Bucket)
	}
	return strings.Join(names, " ")
}

func TestReport_ChoosesBuckets(t *testing.T) {
	tests := []struct {
		name, query, buckets string
		complete             bool
		next                 string
	}{
		{"All", "", "app-aes app-none gov-sm4 pay-key pay-kms", true, ""},
		{"Prefix", "?prefix=pay-", "pay-key pay-kms", true, ""},
		{"Region", "?region=cn-beijing", "pay-key", true, ""},
		{"RegionAsLocation", "?region=oss-cn-beijing", "pay-key", true, ""},
		{"None", "?prefix=x", "", false, ""}, // more likely a mistake than an answer
		{"NoneOfTheRegion", "?region=cn-hangzho", "", false, ""},
		{"NoneLeft", "?prefix=pay-&after=pay-kms", "", true, ""},
		{"Limit", "?limit=2", "app-aes app-none", false, "app-none"},
		{"Next", "?limit=2&after=app-none", "gov-sm4 pay-key", false, "pay-key"},
		{"Last", "?limit=2&after=pay-key", "pay-kms", true, ""},
		{"LimitIsAll", "?limit=5", "app-aes app-none gov-sm4 pay-key pay-kms", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			delete(m.Rules, "zz-secret")
			web, _ := newWeb(m, everything)
			rec := ask(t, web, "GET", "/report"+tt.query, "")
			answered(t, rec, 200, "", "")
			got := decoded[reportReply](t, rec)
			if got.names() != tt.buckets || got.Complete != tt.complete || got.Next != tt.next || got.Totals.Buckets != len(got.Buckets) {
				t.Errorf("%s", rec.Body)
			}
		})
	}
}

func TestReport_ABucketThatCannotBeReadIsARowAndTheReportIsNotComplete(t *testing.T) {
	web, log := newWeb(account(), everything)
	got := decoded[reportReply](t, ask(t, web, "GET", "/report", ""))
	last := got.Buckets[len(got.Buckets)-1]
	if last.Bucket != "zz-secret" || last.Verdict != ossenc.Unknown || last.Code != ossenc.Denied || !strings.Contains(last.Reason, "AccessDenied") {
		t.Errorf("row %+v", last)
	}
	if got.Complete || got.Error != nil || got.Next != "" || got.Totals.Verdict["unknown"] != 1 {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(log.String(), `"complete":false`) {
		t.Errorf("log %s", log)
	}
}

// A list that fails in the middle shows in each format.
func TestReport_AListThatFailsInTheMiddleIsToldAtTheEnd(t *testing.T) {
	failing := func() *Web {
		m := account()
		m.Errs[""] = &ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable, OSSCode: "InternalError", RequestID: "REQ-LIST", Message: "sorry"}
		m.Listed = 2
		web, _ := newWeb(m, everything)
		return web
	}
	got := decoded[reportReply](t, ask(t, failing(), "GET", "/report", ""))
	if got.names() != "app-aes app-none" || got.Complete || got.Next != "app-none" || got.Error == nil || got.Error.Code != "unavailable" || got.Error.OSSCode != "InternalError" || got.Error.RequestID != "REQ-LIST" {
		t.Errorf("%+v %+v", got, got.Error)
	}
	for format, want := range map[string]string{
		"csv":        "\r\n,,,incomplete,unavailable,,,,\"ListBuckets: unavailable: sorry (InternalError, request REQ-LIST)\",,,,\r\n",
		"prometheus": "\nbucketwarden_report_complete 0\n",
		"html":       `<p class="notice" role="alert">`,
	} {
		rec := ask(t, failing(), "GET", "/report?format="+format, "")
		if rec.Code != 200 || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("%s: %d %s, want %q", format, rec.Code, rec.Body, want)
		}
	}
}

func TestReport_AListThatFailsAtOnceIsAProblem(t *testing.T) {
	m := account()
	m.Errs[""] = &ossenc.Error{Op: "ListBuckets", Code: ossenc.Denied, OSSCode: "AccessDenied", RequestID: "REQ-LIST", Message: "no right to list"}
	for _, format := range []string{"json", "csv", "prometheus", "html"} {
		web, _ := newWeb(m, everything)
		rec := ask(t, web, "GET", "/report?format="+format, "")
		answered(t, rec, 403, ossenc.Denied, "no right to list")
		if p := decoded[problem](t, rec); p.OSSCode != "AccessDenied" || p.OSSRequestID != "REQ-LIST" {
			t.Errorf("%s", rec.Body)
		}
	}
}

// When the time runs out the report ends with what it has, and says where to go
// on.
func TestReport_EndsBeforeTheTimeDoes(t *testing.T) {
	m := account()
	ctx, cancel := context.WithTimeout(ossenc.WithRequestID(t.Context(), "req-1"), time.Hour)
	defer cancel()
	web, _ := newWeb(m, everything)
	web.service.Warden = always(sweeper{web.service.Warden(), func(_ ossenc.SweepOptions, each func(ossenc.Result) bool) error {
		for _, res := range []ossenc.Result{
			{Bucket: "a", Verdict: ossenc.Compliant, After: aes256, Wanted: aes256},
			{Bucket: "b", Verdict: ossenc.Unknown, Code: ossenc.Deadline, Wanted: aes256},
			{Bucket: "c", Verdict: ossenc.Unknown, Code: ossenc.Deadline, Wanted: aes256},
		} {
			if !each(res) {
				return nil
			}
		}
		return nil
	}})
	rec := askIn(ctx, web, "GET", "/report")
	got := decoded[reportReply](t, rec)
	if got.names() != "a" || got.Complete || got.Next != "a" || got.Error == nil || got.Error.Code != "deadline" {
		t.Errorf("%s", rec.Body)
	}
}

func TestReport_NeverWrites(t *testing.T) {
	m := account()
	web, _ := newWeb(m, everything)
	var seen ossenc.SweepOptions
	inner := web.service.Warden()
	web.service.Warden = always(sweeper{inner, func(s ossenc.SweepOptions, each func(ossenc.Result) bool) error {
		seen = s
		_, err := inner.Sweep(t.Context(), s, each)
		return err
	}})
	ask(t, web, "GET", "/report", "")
	if m.Writes != 0 || seen.Mode != ossenc.ReportOnly {
		t.Errorf("%d writes, %+v", m.Writes, seen)
	}
}

func TestReport_QueriesThatMakeNoSenseAreRefused(t *testing.T) {
	tests := []struct{ query, detail string }{
		{"format=xml", "is none of json, html, csv, prometheus"},
		{"lang=fr", "is none of en, ja, zh"},
		{"limit=0", "limit"},
		{"limit=-1", "limit"},
		{"limit=x", "limit"},
		{"limit=1000001", "limit"},
		{"region=moon", "is not a region ID"},
		{"prefix=A", "not the beginning of a bucket name"},
		{"prefix=a/b", "not the beginning of a bucket name"},
		{"after=a_b", "not the next of an earlier report"},
		{"after=" + strings.Repeat("a", 256), "not the next"},
	}
	web, _ := newWeb(account(), everything)
	for _, tt := range tests {
		answered(t, ask(t, web, "GET", "/report?"+tt.query, ""), 400, ossenc.Invalid, tt.detail)
	}
	answered(t, ask(t, web, "GET", "/report", "", "Accept", "image/png"), 406, codeAcceptable, "application/json, text/html")
}

func TestChooseFormat_TakesWhatIsLikedBest(t *testing.T) {
	tests := []struct{ name, accept, want string }{
		{"None", "", "json"},
		{"Anything", "*/*", "json"},
		{"Curl", "*/*", "json"},
		{"Browser", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", "html"},
		{"Prometheus", "application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", "prometheus"},
		{"CSV", "text/csv", "csv"},
		{"UpperCase", "TEXT/CSV", "csv"},
		{"ByWeight", "application/json;q=0.2, text/csv;q=0.9", "csv"},
		{"Equal", "text/csv, application/json", "json"},
		{"AnyText", "text/*", "html"},
		{"AnyTextButHTML", "text/*, text/html;q=0", "csv"},
		{"AnythingButJSON", "application/json;q=0, */*", "html"},
		{"BrokenWeight", "text/html;q=x, text/csv;q=0.1", "csv"},
		{"WeightBeyondOne", "text/html;q=7, text/csv;q=0.1", "csv"},
		{"Nothing", "image/png", ""},
		{"Refused", "*/*;q=0", ""},
		{"OCSF", "application/x-ndjson", "ocsf"},
		{"JUnit", "application/xml", "junit"},
		{"SARIF", "application/sarif+json", "sarif"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := chooseFormat("", []string{tt.accept}); got.Name != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("%s, %v; want %s", got.Name, err, tt.want)
			}
		})
	}
}

func TestChooseLanguage_TakesWhatIsLikedBest(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "*": "en", "de-DE,de;q=0.9": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "zh-Hant-TW": "zh", "ja": "ja", "JA-jp": "ja",
		"en-US,ja;q=0.5": "en", "fr, ja;q=0.5, en;q=0.1": "ja", "zh;q=0, ja;q=0.1": "ja", "en;q=0.2, zh;q=0.9": "zh",
	} {
		if got, err := chooseLanguage("", header); got != want || err != nil {
			t.Errorf("%q: %s, %v; want %s", header, got, err, want)
		}
	}
	if got, err := chooseLanguage("ja", "zh"); got != "ja" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// hostileAccount has names, keys and reasons that try to be something else.
func hostileAccount() *memory.Account {
	return &memory.Account{
		Rules: map[string]ossenc.Rule{
			"a-formula": kmsKey(`=cmd|'/c calc'!A1`), "a-quote": kmsKey(`x",evil"` + "\r\ny"), "a-tag": kmsKey(`"><script>alert(1)</script>`),
			"a-bidi": kmsKey("\u202egpj.exe\u202c"), "a-backslash": kmsKey(`\",x="`), "<img src=x>": aes256, "=1+1": aes256, "a\x00\x1b[31m": aes256, "a\xff": aes256,
		},
		Errs: map[string]error{"=1+1": fmt.Errorf("not ours")},
	}
}

func TestReport_CSVSurvivesHostileValues(t *testing.T) {
	web, _ := newWeb(hostileAccount(), everything)
	rec := ask(t, web, "GET", "/report?format=csv", "")
	rows, err := csv.NewReader(rec.Body).ReadAll()
	if err != nil || len(rows) < 1+9+1 || rows[10][3] != "incomplete" || rows[11][3] != "report" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%q is a formula", cell)
			}
		}
	}
	names := []string{}
	for _, row := range rows[1:10] {
		names = append(names, row[1])
	}
	if !slices.Contains(names, "'=1+1") {
		t.Errorf("names %q", names)
	}
}

func TestReport_PrometheusSurvivesHostileValues(t *testing.T) {
	web, _ := newWeb(hostileAccount(), everything)
	rec := ask(t, web, "GET", "/report?format=prometheus", "")
	seen := map[string]bool{}
	family := ""
	for line := range strings.Lines(rec.Body.String()) {
		line = strings.TrimSuffix(line, "\n")
		if name, found := strings.CutPrefix(line, "# TYPE "); found {
			family, _, _ = strings.Cut(name, " ")
			if seen[family] {
				t.Errorf("%s comes twice", family)
			}
			seen[family] = true
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := sampleName(line); !ok || name != family {
			t.Errorf("%q is no sample of %s", line, family)
		}
	}
	if len(seen) != 7 {
		t.Errorf("families %v", seen)
	}
}

// sampleName reads one line of the text format by its grammar.
func sampleName(line string) (string, bool) {
	name, rest, found := strings.Cut(line, "{")
	if !found {
		name, value, found := strings.Cut(line, " ")
		return name, found && isNumber(value)
	}
	for {
		_, value, found := strings.Cut(rest, `="`)
		if !found {
			return "", false
		}
		end := 0
		for end < len(value) && value[end] != '"' {
			if value[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(value) {
			return "", false
		}
		rest = value[end+1:]
		if value, done := strings.CutPrefix(rest, "} "); done {
			return name, isNumber(value)
		}
		if !strings.HasPrefix(rest, ",") {
			return "", false
		}
	}
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func TestReport_TellsOfExemptionsThatEndSoon(t *testing.T) {
	web, _ := newWeb(account(), everything)
	var err error
	web.service.Policy, err = policy.Parse("policy.yaml", []byte(`
version: 1
rules:
  - {name: public assets, match: {buckets: [assets-*]}, exempt: {reason: web <assets>, owner: web team, until: 2026-12-01}}
  - {name: rest, want: {algorithm: AES256}}
`))
	if err != nil {
		t.Fatal(err)
	}
	if body := ask(t, web, "GET", "/report", "").Body.String(); !strings.Contains(body, `"exemptions_ending_soon":[{"rule":"public assets","reason":"web <assets>","owner":"web team","until":"2026-12-01"}]`) {
		t.Errorf("not in %s", body)
	}
	page := ask(t, web, "GET", "/report?format=html&lang=en", "").Body.String()
	if !strings.Contains(page, "These exemptions end within 14 days:") || !strings.Contains(page, "2026-12-01: public assets (web team): web &lt;assets&gt;") {
		t.Error("not on the page")
	}
}
