package browser

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The buckets of pagestack: 26, of which three have no rule and four cannot be
// read. See internal/cmd/pagestack.
const (
	all     = 26
	none    = 3
	unknown = 6
	good    = all - none - unknown
)

func TestPage_TellsTheNumbers(t *testing.T) {
	at := shared(t)
	b := visit(t, desktop, at.Trigger)
	if at.Buckets != all {
		t.Fatalf("%d buckets, and this test is about %d", at.Buckets, all)
	}
	equal(t, "headline", b.text("h1"), "3 not encrypted, 6 unknown of 26 buckets")
	equal(t, "title", js[string](b, `document.title`), "3 not encrypted, 6 unknown of 26 buckets · Bucketwarden")
	equal(t, "required", b.text("p.sub"), "Required of every bucket: AES256 or stronger")
	equal(t, "notice", b.text(".notice"), "This report is incomplete. 6 could not be read; the table has the reason.")
	equal(t, "legend", strings.Join(b.texts(".legend li"), "; "), "Not encrypted\n3\n11.5%; Unknown\n6\n23.1%; Not compliant\n0\n0%; Compliant\n17\n65.4%")
	equal(t, "ring", strings.Join(js[[]string](b, `[...document.querySelectorAll(".donut text")].map(e => e.textContent)`), " "), "65.4% compliant")
	equal(t, "rules", strings.Join(b.texts("[data-f=rule] .label"), " "), "unknown none AES256 KMS KMS+SM4 SM4")
	equal(t, "count", b.text("#count"), "26 of 26 buckets. Open one to see what to do.")
	names := b.names()
	if len(names) != all || !slices.Equal(names[:none], []string{"legacy-exports", "marketing-images", "temp-migration-2024"}) {
		t.Errorf("rows %q: the worst are not first", names)
	}
	b.quiet(at.Trigger + "/report")
}

func TestPage_Filters(t *testing.T) {
	at := shared(t)
	b := visit(t, desktop, at.Trigger)
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "payments"))
	equal(t, "by name", strings.Join(b.names(), " "), "payments payments-eu")
	equal(t, "count", b.text("#count"), "2 of 26 buckets. Open one to see what to do.")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), " GER64"))
	equal(t, "by key too", strings.Join(b.names(), " "), "payments-eu")
	b.do(chromedp.SendKeys(chromedp.CSS("#q"), "nothing"))
	equal(t, "no match", b.text("#none"), "No bucket matches.")
	b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
	equal(t, "after reset", len(b.names()), all)

	b.do(chromedp.Click(chromedp.CSS(".legend [data-v=none] button")))
	equal(t, "by state", strings.Join(b.names(), " "), "legacy-exports marketing-images temp-migration-2024")
	equal(t, "pressed", js[string](b, `document.querySelector(".legend [data-v=none] button").getAttribute("aria-pressed")`), "true")
	equal(t, "the list follows", js[string](b, `document.querySelector("#f-state").value`), "none")
	equal(t, "the address too", js[string](b, `location.hash`), "#state=none")
	b.do(chromedp.Click(chromedp.CSS(".bars [data-v=cn-shenzhen] button")))
	equal(t, "by region too", strings.Join(b.names(), " "), "marketing-images")
	b.do(chromedp.Click(chromedp.CSS(".bars [data-v=cn-shenzhen] button")))
	b.do(chromedp.Click(chromedp.CSS(".legend [data-v=none] button")))
	equal(t, "pressed again", len(b.names()), all)
	js[bool](b, `(() => { const s = document.querySelector("#f-state"); s.value = "unknown"; return s.dispatchEvent(new Event("change")); })()`)
	equal(t, "by the list", len(b.names()), unknown)
	b.quiet(at.Trigger + "/report")
}

func TestPage_Sorts(t *testing.T) {
	at := shared(t)
	b := visit(t, desktop, at.Trigger)
	sorted := func() string {
		return js[string](b, `[...document.querySelectorAll("#table thead th")].map(e => e.getAttribute("aria-sort") || "-").join(" ")`)
	}
	equal(t, "at first", sorted(), "- - - ascending -")
	b.do(chromedp.Click(chromedp.CSS("#table thead th:nth-child(1) button")))
	equal(t, "by name", sorted(), "ascending - - - -")
	names := b.names()
	if len(names) != all || names[1] != "analytics-curated" || names[all-1] != "zz-hostile-key-2" {
		t.Errorf("by name: %q", names)
	}
	b.do(chromedp.Click(chromedp.CSS("#table thead th:nth-child(1) button")))
	equal(t, "again", sorted(), "descending - - - -")
	slices.Reverse(names)
	equal(t, "backwards", strings.Join(b.names(), " "), strings.Join(names, " "))
	b.do(chromedp.Click(chromedp.CSS("#table thead th:nth-child(2) button")))
	if regions := b.texts("tbody tr.row td:nth-child(2)"); !slices.IsSorted(regions) {
		t.Errorf("by region: %q", regions)
	}
	b.quiet(at.Trigger + "/report")
}

func TestPage_UnfoldsWhatToDo(t *testing.T) {
	at := start(t)
	b := visit(t, desktop, at.Trigger)
	b.unfold("legacy-exports")
	equal(t, "facts", strings.Join(b.texts(".detail dt"), ", "), "Current, Required, To be set, Why, OSS request ID, Link")
	equal(t, "in force", b.texts(".detail dd")[0]+" "+b.texts(".detail dd")[1], "none AES256")
	snippets := b.texts(".detail pre")
	if len(snippets) != 2 {
		t.Fatalf("snippets %q", snippets)
	}
	want := "bucketwarden call PUT '/buckets/legacy-exports/encryption?region=cn-hangzhou' \\\n  --url '" + at.Trigger + "'"
	equal(t, "line", snippets[0], want)
	if !strings.HasPrefix(snippets[1], "resource \"alicloud_oss_bucket_server_side_encryption\" \"legacy-exports\" {\n  bucket        = \"legacy-exports\"\n  sse_algorithm = \"AES256\"\n}") ||
		!strings.Contains(snippets[1], "ignore_changes = [server_side_encryption_rule]") {
		t.Errorf("Terraform %s", snippets[1])
	}

	b.unfold("partner-dropbox")
	if policy := b.texts(".detail pre"); len(policy) == 0 || !strings.Contains(policy[len(policy)-1], `"acs:oss:*:1234567890123456:partner-dropbox"`) {
		t.Errorf("policy %q", policy)
	}
	b.quiet(at.Trigger + "/report")

	// The request of the line does what it says.
	_, path, _ := strings.Cut(snippets[0], "'")
	path, _, _ = strings.Cut(path, "'")
	if answer := request(t, http.MethodPut, at.Trigger+path); !strings.Contains(answer, `"verdict":"fixed"`) {
		t.Errorf("%s: %s", snippets[0], answer)
	}
	after := visit(t, desktop, at.Trigger)
	equal(t, "afterwards", after.text("h1"), "2 not encrypted, 6 unknown of 26 buckets")
}

func TestPage_HostileNamesAndKeysStayText(t *testing.T) {
	at := shared(t)
	b := visit(t, desktop, at.Trigger)
	for _, name := range []string{"zz-hostile-key", "zz-hostile-key-2", "<script>alert(document.domain)</script>"} {
		b.unfold(name)
	}
	equal(t, "elements that came in", js[int](b, `document.querySelectorAll("img, tbody script, tbody a:not([href^=\"#b-\"]), iframe").length`), 0)
	equal(t, "scripts", js[int](b, `document.scripts.length`), 3)
	// A key ID that cannot be one is not shown at all.
	shown := js[string](b, `document.querySelector("#table tbody").textContent`)
	if strings.Count(shown, "characters that no key ID has") < 2 || strings.Contains(shown, "alert(2)") || strings.Contains(shown, "gnp.exe") {
		t.Errorf("rows %s", shown)
	}
	for _, snippet := range b.texts(".detail pre") {
		if strings.HasPrefix(snippet, "curl") && strings.Contains(snippet, "<script>") {
			t.Errorf("the name is in the line as it is: %s", snippet)
		}
	}
	b.quiet(at.Trigger + "/report")
}

// What the eyes see is told to those who use others.
func TestPage_IsThereForEverybody(t *testing.T) {
	at := shared(t)
	for name, v := range map[string]view{"Light": desktop, "Dark": {width: 1280, height: 900, dark: true}, "Narrow": phone, "NarrowDark": {width: 360, height: 740, dark: true}} {
		t.Run(name, func(t *testing.T) {
			b := visit(t, v, at.Trigger)
			b.unfold("legacy-exports")
			for _, e := range js[[]string](b, contrastScript) {
				t.Errorf("too little contrast: %s", e)
			}
			equal(t, "wider than the window by", js[int](b, `Math.max(0, document.documentElement.scrollWidth - innerWidth)`), 0)
			for _, e := range js[[]string](b, `[...document.querySelectorAll("button, input, select, a")].filter(e => e.checkVisibility() && !(e.innerText || e.labels?.[0]?.innerText || e.getAttribute("aria-label"))).map(e => e.outerHTML)`) {
				t.Errorf("no name: %s", e)
			}
			equal(t, "caption", js[bool](b, `document.querySelector("#table").caption.textContent.includes("worst first")`), true)
			equal(t, "heads of columns and rows", js[string](b, `[...new Set([...document.querySelectorAll("th")].map(e => e.scope))].join(" ")`), "col row")
			equal(t, "live region", js[string](b, `document.querySelector("#count").getAttribute("role")`), "status")
			equal(t, "picture", js[string](b, `document.querySelector(".donut").getAttribute("aria-label")`), "65.4% of the buckets are compliant")
			equal(t, "language", js[string](b, `document.documentElement.lang`), "en")
			if v.width < 700 {
				equal(t, "targets too small for a finger", js[string](b, `[...document.querySelectorAll(".legend button, .tools button, input, select")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 38).map(e => e.outerHTML).join()`), "")
			}
			b.shoot(strings.ToLower(name))
			b.quiet(at.Trigger + "/report")
		})
	}
}

func TestPage_WorksByKeyboard(t *testing.T) {
	at := shared(t)
	b := visit(t, desktop, at.Trigger)
	focus := func() string {
		return js[string](b, `(() => { const e = document.activeElement; return e.id || e.textContent.trim().slice(0, 20); })()`)
	}
	b.do(chromedp.KeyEvent("\t"))
	equal(t, "first", focus(), "Skip to the table")
	equal(t, "it shows", js[bool](b, `document.activeElement.getBoundingClientRect().top >= 0`), true)
	b.do(chromedp.KeyEvent("\r"))
	equal(t, "then", focus(), "list")
	for range 100 { // the forms, the filters and the heads, then the first row
		if b.do(chromedp.KeyEvent("\t")); focus() == "legacy-exports" {
			break
		}
	}
	equal(t, "first row", focus(), "legacy-exports")
	equal(t, "outline", js[bool](b, `getComputedStyle(document.activeElement).outlineStyle !== "none"`), true)
	b.do(chromedp.KeyEvent("\r"))
	equal(t, "unfolded", js[string](b, `document.activeElement.getAttribute("aria-expanded")`), "true")
	b.do(chromedp.KeyEvent("\t"))
	equal(t, "then its link", focus(), "#b-legacy-exports")
	b.do(chromedp.KeyEvent("\t"))
	equal(t, "then its first button", focus(), "Copy")
	b.do(chromedp.KeyEvent("\r"))
	b.until(`document.activeElement.textContent !== "Copy"`)
	b.quiet(at.Trigger + "/report")
}

func TestPage_WorksWithoutScript(t *testing.T) {
	at := shared(t)
	b := open(t, view{width: 1280, height: 900, noScript: true})
	b.do(chromedp.Navigate(at.Trigger + "/report"))
	rows := b.texts("#table tbody th")
	if len(rows) != all || rows[0] != "legacy-exports" {
		t.Errorf("rows %q", rows)
	}
	equal(t, "tools", len(b.texts(".tools")), 0)
	equal(t, "reasons", len(b.texts("#table small")), unknown)
	equal(t, "how to", len(b.texts(".help pre")), 2)
	b.shoot("no-script")
	b.quiet(at.Trigger + "/report")
}

// A page that was saved, as it came or as it stood, is as good as the first.
func TestPage_WorksAsASavedFile(t *testing.T) {
	at := shared(t)
	b := visit(t, desktop, at.Trigger)
	b.do(chromedp.Click(chromedp.CSS("#table thead th:nth-child(1) button")), chromedp.SendKeys(chromedp.CSS("#q"), "payments"))
	b.unfold("payments")
	pages := map[string]string{"AsItCame": fetch(t, at.Trigger+"/report?format=html"), "AsItStood": "<!doctype html>" + js[string](b, `document.documentElement.outerHTML`)}
	for name, html := range pages {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "report.html")
			if err := os.WriteFile(file, []byte(html), 0o600); err != nil {
				t.Fatal(err)
			}
			b := open(t, desktop)
			b.do(chromedp.Navigate("file://" + file))
			equal(t, "rows", len(b.names()), all)
			b.do(chromedp.Click(chromedp.CSS(".legend [data-v=none] button")))
			equal(t, "filtered", len(b.names()), none)
			b.unfold("legacy-exports")
			equal(t, "snippets", len(b.texts(".detail pre")), 2)
			equal(t, "arrows in a head", len(js[[]string](b, `[...document.querySelectorAll("thead button button, li button button, th button button")].map(e => e.outerHTML)`)), 0)
			b.quiet("file://" + file)
		})
	}
}

func TestPage_SpeaksThreeLanguages(t *testing.T) {
	at := shared(t)
	for _, tt := range []struct{ header, lang, headline string }{
		{"zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "26 个存储空间中，3 个未加密，6 个未知"}, {"ja", "ja", "26 個のバケット中、暗号化なし 3 個、不明 6 個"}, {"de", "en", "3 not encrypted, 6 unknown of 26 buckets"},
	} {
		for size, v := range map[string]view{"": desktop, "-narrow": phone} {
			v.language = tt.header
			b := visit(t, v, at.Trigger)
			equal(t, "language", js[string](b, `document.documentElement.lang`), tt.lang)
			equal(t, "headline", b.text("h1"), tt.headline)
			equal(t, "wider than the window by", js[int](b, `Math.max(0, document.documentElement.scrollWidth - innerWidth)`), 0)
			b.shoot("language-" + tt.lang + size)
			b.quiet(at.Trigger + "/report")
		}
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	return request(t, http.MethodGet, url)
}

// request returns the body of a good answer.
func request(t *testing.T, method, url string) string {
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
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s: %v", resp.StatusCode, body, err)
	}
	return string(body)
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
