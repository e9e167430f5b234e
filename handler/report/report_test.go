package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares an answer with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

func TestReport_EveryFormatToTheLetter(t *testing.T) {
	for _, f := range []struct{ name, file, contentType string }{
		{"json", "report.json", "application/json"},
		{"csv", "report.csv", "text/csv; charset=utf-8; header=present"},
		{"prometheus", "report.prom", "text/plain; version=0.0.4; charset=utf-8"},
		{"html", "report.html", "text/html; charset=utf-8"},
		{"ocsf", "report.ocsf.jsonl", "application/x-ndjson"},
		{"junit", "report.junit.xml", "application/xml; charset=utf-8"},
		{"sarif", "report.sarif", "application/sarif+json"},
	} {
		t.Run(f.name, func(t *testing.T) {
			format, ok := FormatNamed(f.name)
			if !ok || format.ContentType != f.contentType {
				t.Errorf("%+v", format)
			}
			var out bytes.Buffer
			v := view()
			if format.NeedsPolicy {
				v = evidence()
			}
			if _, err := Write(&out, format, v, account(t)); err != nil {
				t.Fatal(err)
			}
			body := out.Bytes()
			if f.name == "html" { // what is the same in each page is not repeated in the golden file
				for _, static := range []string{pageStyle, pageScript, hashSource(pageStyle), escape(hashSource(pageStyle)), escape(hashSource(pageScript)), escape(hashSource(earlyScript))} {
					body = bytes.ReplaceAll(body, []byte(static), []byte("…"))
				}
			}
			golden(t, f.file, body)
		})
	}
}

// account is a small one with buckets of most kinds.
func account(t *testing.T) Source {
	kms := func(id string) ossenc.Rule { return ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: id} }
	m := &memory.Account{
		Rules: map[string]ossenc.Rule{
			"app-aes": {Algorithm: ossenc.AES256}, "app-none": {}, "pay-key": kms("key-1"), "pay-kms": kms(""), "gov-sm4": {Algorithm: ossenc.SM4}, "zz-secret": {Algorithm: ossenc.AES256},
		},
		Regions: map[string]string{"pay-key": "cn-beijing", "app-none": "cn-shanghai"},
		Errs: map[string]error{"zz-secret": &ossenc.Error{
			Op: "GetBucketEncryption", Bucket: "zz-secret", Code: ossenc.Denied, OSSCode: "AccessDenied", EC: "0003-00000001", RequestID: "REQ-zz-secret", Message: "You have no right",
		}},
	}
	w := m.Warden(ossenc.Desired{Rule: view().Wanted, Compare: view().Compare})
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		return w.Sweep(t.Context(), ossenc.SweepOptions{Mode: ossenc.ReportOnly}, row)
	}
}

func view() View {
	return View{
		Origin: Origin{Tool: "function"},
		Now:    time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC), Language: "en", BaseURL: "http://example.com",
		Wanted: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor,
	}
}

// rows is a source of these results.
func rows(err error, all ...ossenc.Result) Source {
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		for _, r := range all {
			if !row(r) {
				return ossenc.SweepSummary{}, nil
			}
		}
		return ossenc.SweepSummary{Complete: err == nil}, err
	}
}

func TestWrite_NothingIsWrittenIfTheSourceFailsAtOnce(t *testing.T) {
	denied := &ossenc.Error{Op: "ListBuckets", Code: ossenc.Denied, Message: "no right to list"}
	for _, f := range Formats() {
		var out bytes.Buffer
		_, err := Write(&out, f, evidence(), rows(denied))
		if e, ok := errors.AsType[*Error](err); !ok || e.Code != ossenc.Denied || out.Len() != 0 {
			t.Errorf("%s: %v, %d bytes", f.Name, err, out.Len())
		}
	}
}

// broken takes so many bytes, then no more.
type broken struct{ room int }

func (b *broken) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, os.ErrClosed
	}
	return len(p), nil
}

func TestWrite_EndsWithItsWriter(t *testing.T) {
	many := make([]ossenc.Result, 10_000)
	for i := range many {
		many[i] = ossenc.Result{Bucket: "b", Verdict: ossenc.WouldFix, Observed: true}
	}
	for _, f := range Formats() {
		sum, err := Write(&broken{room: 100}, f, evidence(), rows(nil, many...))
		if err != nil || !errors.Is(sum.WriteErr, os.ErrClosed) {
			t.Errorf("%s: %v, %v", f.Name, err, sum.WriteErr)
		}
		if f.Name != "html" && f.Name != "junit" && sum.Rows > 1000 { // those two keep their rows to the end
			t.Errorf("%s: %d rows after the error", f.Name, sum.Rows)
		}
	}
}

func TestErrorOf_RepeatsNoUnknownText(t *testing.T) {
	e := ErrorOf(errors.New("s3cr3t"))
	if e.Code != ossenc.Internal || strings.Contains(e.Error(), "s3cr3t") || e.Cause == nil {
		t.Errorf("%+v", e)
	}
	two := errors.Join(&ossenc.Error{Code: ossenc.Denied, Message: "one", RequestID: "R"}, &ossenc.Error{Code: ossenc.Throttled, Message: "two"})
	if e := ErrorOf(two); e.Code != ossenc.Denied || e.OSSRequestID != "R" || !strings.Contains(e.Detail, "; throttled: two") || e.Cause != nil {
		t.Errorf("%+v", e)
	}
}

func TestCSV_HasNoFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "a": "a", "a,b": `"a,b"`, `a"b`: `"a""b"`, "a\nb": "\"a\r\nb\"", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta", `=a,"b`: `"'=a,""b"`, "a=1": "a=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠a": "'＠a", "１＋": "１＋",
	} {
		var out bytes.Buffer
		csv, _ := FormatNamed("csv")
		if _, err := Write(&out, csv, View{}, rows(nil, ossenc.Result{Bucket: "b", Verdict: ossenc.Compliant, Reason: cell})); err != nil {
			t.Fatal(err)
		}
		_, lines, _ := strings.Cut(out.String(), "\r\n")
		if row := ",b,,compliant,,,,," + want + ",,,,\r\n"; !strings.HasPrefix(lines, row) {
			t.Errorf("%q: %q, want %q", cell, lines, row)
		}
	}
}
