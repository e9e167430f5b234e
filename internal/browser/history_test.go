package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// historyPage is a page of the command that compares with 40 earlier reports, as a file.
func historyPage(t *testing.T, language string) string {
	t.Helper()
	bin, err := pagestack()
	if err != nil {
		t.Fatal(err)
	}
	html, err := exec.CommandContext(t.Context(), bin, "-history", language).Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html, 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}

// A page that compares says what became of each bucket, filters by it, and has the trend
// as numbers and as a picture, on paper too.
func TestPage_ComparesWithEarlierReports(t *testing.T) {
	chromium(t)
	at := historyPage(t, "en")
	b := open(t, desktop)
	b.do(chromedp.Navigate(at), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
	equal(t, "changes", b.text(".changes"), "Since 2026-11-09 09:00 UTC: 1 new, 0 worse, 3 open as before, 1 fixed")
	equal(t, "points", len(b.texts(".trend tr")), 31)
	equal(t, "the newest point", b.texts(".trend tr")[0], "2026-11-10 09:00 UTC\t4 of 13 need attention")
	pick := func(change string) {
		js[bool](b, `(() => { const s = document.querySelector("#f-change"); s.value = "`+change+`"; return s.dispatchEvent(new Event("change")); })()`)
	}
	for change, want := range map[string]string{"new": "zz-new", "fixed": "team-08-data", "open": "team-09-data team-10-data team-11-data"} {
		pick(change)
		equal(t, change, strings.Join(b.names(), " "), want)
	}
	equal(t, "the address", js[bool](b, `location.hash.includes("change=")`), true)
	pick("")
	b.unfold("team-09-data")
	if text := b.text(".detail"); !strings.Contains(text, "open as before") || !strings.Contains(text, "2026-10-01 09:00:00 UTC") {
		t.Errorf("the row opens with\n%s", text)
	}
	sheets := b.printed("print-history")
	if len(sheets) != 2 { // one that sums up, and the table
		t.Errorf("%d sheets", len(sheets))
	}
	whole := strings.Join(sheets, "\n")
	for _, want := range []string{"2026-11-10 09:00 UTC", "4 of 13 need attention", "fixed", "open as before"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the print does not say %q:\n%s", want, whole)
		}
	}
	b.quiet(at)
}

func TestPage_TheTrendFits(t *testing.T) {
	chromium(t)
	sizes := []int64{320, 768, 1280}
	if isLong() {
		sizes = widths
	}
	for _, language := range []string{"en", "zh", "ja"} {
		at := historyPage(t, language)
		b := open(t, view{width: 1280, height: 900})
		b.do(chromedp.Navigate(at), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
		for _, width := range sizes {
			for _, dark := range []bool{false, true} {
				name := "history-" + language
				b.look(view{width: width, height: 900, dark: dark})
				b.sound(name)
				if width == 1280 || width == 320 {
					for _, e := range js[[]string](b, contrastScript) {
						t.Errorf("%s at %d: too little contrast: %s", name, width, e)
					}
					b.shoot(name + map[bool]string{false: "", true: "-dark"}[dark] + map[bool]string{false: "", true: "-narrow"}[width == 320])
				}
			}
		}
		b.quiet(at)
	}
}
