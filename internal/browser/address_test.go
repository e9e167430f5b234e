package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// visitAt opens the report at a fragment of its address.
func visitAt(t *testing.T, v view, address, fragment string) *tab {
	t.Helper()
	b := open(t, v)
	b.do(chromedp.Navigate(address+"/report"+fragment), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
	return b
}

// What is seen is in the address: it can be sent, reloaded and marked.
func TestPage_TheAddressHoldsWhatIsSeen(t *testing.T) {
	at := shared(t)
	b := visitAt(t, desktop, at.Trigger, "#state=ok&region=cn-beijing&q=a&sort=-bucket")
	names := strings.Join(b.names(), " ")
	equal(t, "rows", names, "invoices-archive gov-records customer-uploads backup-weekly app-assets")
	equal(t, "sorted", js[string](b, `document.querySelector("#table [aria-sort]").dataset.f + " " + document.querySelector("#table [aria-sort]").getAttribute("aria-sort")`), "bucket descending")
	equal(t, "chips", strings.Join(b.texts("#chips button"), "; "), "Search: a; State: Compliant; Region: cn-beijing")
	b.do(chromedp.Click(chromedp.CSS("#chips button:nth-child(3)")))
	equal(t, "without the region", js[string](b, `location.hash`), "#q=a&sort=-bucket&state=ok")
	b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
	equal(t, "after reset", js[string](b, `location.hash`), "")
	equal(t, "rows after reset", len(b.names()), all)
	// What the address cannot mean is left out.
	js[bool](b, `(() => { location.hash = "#state=nonsense&sort=__proto__&toString=1"; return true })()`)
	b.until(`document.querySelectorAll("#none:not([hidden])").length === 1`)
	b.quiet(at.Trigger + "/report")
}

// A bucket's own address opens its row, whatever was filtered.
func TestPage_EveryBucketHasAnAddress(t *testing.T) {
	at := shared(t)
	b := visitAt(t, desktop, at.Trigger, "#b-temp-migration-2024")
	open := func() string {
		return js[string](b, `document.querySelector(".name[aria-expanded=true]")?.textContent ?? ""`)
	}
	equal(t, "open", open(), "temp-migration-2024")
	b.until(`document.activeElement.className === "name"`)
	equal(t, "in sight", js[bool](b, `(() => { const r = document.activeElement.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight })()`), true)
	js[bool](b, `(() => { location.hash = "#state=ok"; return true })()`)
	b.until(`document.querySelectorAll("#table tr.row:not([hidden])").length === 17`)
	js[bool](b, `(() => { location.hash = "#b-zz-hostile-key"; return true })()`)
	b.until(`document.querySelector(".name[aria-expanded=true]")?.textContent === "zz-hostile-key"`)
	b.quiet(at.Trigger + "/report")
}

// A click on a picture shows what it did, where the reader is.
func TestPage_PicturesActOnWhatOneSees(t *testing.T) {
	at := shared(t)
	for name, v := range map[string]view{"phone": phone, "desktop": {width: 1280, height: 500}} {
		t.Run(name, func(t *testing.T) {
			b := visit(t, v, at.Trigger)
			b.do(chromedp.Click(chromedp.CSS(".legend [data-v=none] button")))
			equal(t, "the count is in sight", js[bool](b, `(() => { const r = document.querySelector("#count").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight })()`), true)
			equal(t, "the focus", js[string](b, `document.activeElement.id`), "list")
			equal(t, "rows", len(b.names()), none)
		})
	}
}

// Phones have no head to sort by, so they have a list.
func TestPage_SortsOnPhones(t *testing.T) {
	at := shared(t)
	b := visit(t, phone, at.Trigger)
	equal(t, "heads that show", len(b.texts("#table thead button")), 0)
	equal(t, "heads that take the focus", js[int](b, `[...document.querySelectorAll("#table thead button")].filter(e => { e.focus(); return document.activeElement === e }).length`), 0)
	js[bool](b, `(() => { const s = document.querySelector("#f-sort"); s.value = "-bucket"; return s.checkVisibility() && s.dispatchEvent(new Event("change")); })()`)
	equal(t, "first", b.names()[0], "zz-hostile-key-2")
}

// The focus is never hidden: not below the sticky head, nor outside the window.
func TestPage_TheFocusIsNeverHidden(t *testing.T) {
	at := shared(t)
	sizes := map[string]view{"desktop": {width: 1280, height: 600}}
	if isLong() {
		sizes["phone"], sizes["tablet"] = phone, view{width: 900, height: 600}
	}
	for name, v := range sizes {
		t.Run(name, func(t *testing.T) {
			b := visit(t, v, at.Trigger)
			for _, key := range []string{"\t", "back"} {
				last := ""
				for range 90 {
					if key == "\t" {
						b.do(chromedp.KeyEvent("\t"))
					} else {
						b.do(chromedp.KeyEvent("\t", chromedp.KeyModifiers(8)))
					}
					say := js[string](b, `(() => { const e = document.activeElement, r = e.getBoundingClientRect();
						if (e === document.body || e === document.documentElement) return "";
						const mine = (x, y) => { const top = document.elementFromPoint(x, y); return top && (e.contains(top) || top.contains(e)); };
						const ok = r.top >= -1 && r.bottom <= innerHeight + 1 && mine(r.left + Math.min(8, r.width / 2), r.top + r.height / 2);
						return (ok ? "ok " : "hidden ") + (e.id || e.textContent.trim().slice(0, 30)); })()`)
					if strings.HasPrefix(say, "hidden") && !strings.Contains(say, "list") {
						t.Errorf("%s: %s", key, say)
					}
					if say == "" && last != "" {
						break
					}
					last = say
				}
			}
		})
	}
}

// "/" goes to the search, as elsewhere, but is a letter where one types.
func TestPage_SlashSearches(t *testing.T) {
	b := visit(t, desktop, shared(t).Trigger)
	js[bool](b, `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true}))`)
	b.do(chromedp.KeyEvent("p"), chromedp.KeyEvent("/"))
	equal(t, "search", js[string](b, `document.querySelector("#q").value`), "p/")
}

// The reader can go to another language and take another form along.
func TestPage_LanguagesAndForms(t *testing.T) {
	at := shared(t, "-policy", policyFile(t))
	b := visit(t, desktop, at.Trigger)
	equal(t, "forms", strings.Join(b.texts(".forms a"), " "), "JSON CSV Prometheus OCSF JUnit SARIF")
	for _, href := range js[[]string](b, `[...document.querySelectorAll(".forms a, .languages a")].map(e => e.href)`) {
		if len(fetch(t, href)) == 0 {
			t.Errorf("%s is empty", href)
		}
	}
	b.do(chromedp.Click(chromedp.CSS(".languages [lang=ja]")), chromedp.WaitReady(chromedp.CSS("html[lang=ja] tbody.ready")))
	equal(t, "now", js[string](b, `document.documentElement.lang`), "ja")
}
