package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// printed is the page as a PDF, read: the text of each of its sheets.
func (b *tab) printed(name string) []string {
	b.t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("TEST_BROWSER") == "required" {
			b.t.Fatal("there is no pdftotext, and TEST_BROWSER=required: apt-get install poppler-utils")
		}
		b.t.Skip("SKIPPED, the print is not read: there is no pdftotext (apt-get install poppler-utils)")
	}
	pdf := call(b, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true), PrintBackground: new(true)}).Data
	dir := b.t.TempDir()
	if d := os.Getenv("TEST_SHOTS"); d != "" {
		dir = d
	}
	file := filepath.Join(dir, name+".pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		b.t.Fatal(err)
	}
	text, err := exec.CommandContext(b.t.Context(), tool, "-layout", file, "-").Output()
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\f"), "\f")
}

// loose is a text without its spaces: a narrow column breaks names.
func loose(s string) string { return regexp.MustCompile(`\s+`).ReplaceAllString(s, "") }

// The print is an attachment for an audit: a sheet that sums up, then the table, with
// its heads on every sheet and the reasons.
func TestPage_PrintsAsAnAttachment(t *testing.T) {
	b := visit(t, desktop, shared(t, "-policy", policyFile(t)).Trigger)
	sheets := b.printed("print-policy")
	if len(sheets) < 3 || len(sheets) > 6 {
		t.Fatalf("%d sheets", len(sheets))
	}
	first := sheets[0]
	for _, want := range []string{
		"53.9%", "1 with a foreign key", "all buckets", "UTC", "acs:ram::1234567890123456:role/oss-encryption-guard", "sha256:", "SHA-256 of the policy",
		"CIS Alibaba Cloud Foundation Benchmark 2.0.0", "SC-28(1)", "public images", "2199-12-31", "web@example.com", "old migration", "ended", "2025-06-30", "1/",
	} {
		if !strings.Contains(first, want) {
			t.Errorf("the first sheet does not say %q:\n%s", want, first)
		}
	}
	if strings.Contains(first, "legacy-exports") {
		t.Error("the table begins on the first sheet")
	}
	for i, sheet := range sheets[1:] {
		if !regexp.MustCompile(`Bucket\s+Region\s+Current\s+Required\s+(Policy )?rule\s+State\s+Why`).MatchString(sheet) {
			t.Errorf("sheet %d has no heads:\n%s", i+2, sheet)
		}
	}
	whole := strings.Join(sheets, "\n")
	for _, control := range []string{"Reset", "Search", "Copy", "Save what", "Print", "↑", "↓", "↕", "›", "Open one"} {
		if strings.Contains(whole, control) {
			t.Errorf("the print has the control %q", control)
		}
	}
	for _, reason := range []string{"Youhavenorighttoaccessthisobject", "ger64f1cb66fa42qo9n", "Exemptuntil2199-12-31"} {
		if !strings.Contains(loose(whole), reason) {
			t.Errorf("the print does not say %s:\n%s", reason, whole)
		}
	}
}

// A filtered print says so, large.
func TestPage_AFilteredPrintSaysSo(t *testing.T) {
	b := visitAt(t, desktop, shared(t).Trigger, "#state=ok")
	sheets := b.printed("print-filtered")
	if !strings.Contains(sheets[0], "Filtered: 17 of 26 buckets (State: Compliant)") {
		t.Errorf("the first sheet does not say what is left out:\n%s", sheets[0])
	}
	if whole := strings.Join(sheets, "\n"); strings.Contains(whole, "legacy-exports") || !strings.Contains(whole, "analytics-raw") {
		t.Errorf("rows:\n%s", whole)
	}
	b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
	if sheets := b.printed("print-all"); strings.Contains(sheets[0], "Filtered") {
		t.Error("a print of all says that it is filtered")
	}
}

// Every bucket of a large account is printed, and without the script too.
func TestPage_PrintsAll(t *testing.T) {
	flags, want := []string(nil), all
	if isLong() {
		flags, want = []string{"-buckets", "5000"}, 5026
	}
	at := shared(t, flags...)
	for name, noScript := range map[string]bool{"print-large": false, "print-no-script": true} {
		b := open(t, view{width: 1280, height: 900, noScript: noScript})
		b.do(chromedp.Navigate(at.Trigger + "/report"))
		if !noScript {
			b.do(chromedp.WaitReady(chromedp.CSS("tbody.ready")))
		}
		whole := loose(strings.Join(b.printed(name), "\n"))
		rows := strings.Count(whole, "istherequiredrule") + strings.Count(whole, "iskept:") + strings.Count(whole, "Nodefaultencryption;") + strings.Count(whole, "nothingwaswritten")
		if rows != want {
			t.Errorf("%s: %d rows, want %d", name, rows, want)
		}
	}
}
