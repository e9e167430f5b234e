package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The page of 1,000 accounts: the worst ten are seen at once, the others unfold, and each
// is a filter. Nothing overlaps.
func TestPage_AThousandAccounts(t *testing.T) {
	at := shared(t, "-accounts", "1000")
	b := open(t, view{width: 1280, height: 900, language: "en"})
	b.do(chromedp.Navigate(at.Trigger+"/report"), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
	equal(t, "accounts at once", js[int](b, `[...document.querySelectorAll(".totals tbody tr")].filter((tr) => tr.checkVisibility()).length`), 10)
	if worst := b.texts(".totals tbody tr")[0]; !strings.HasPrefix(worst, "team-000371 2000000000000371") {
		t.Errorf("the worst account is %q", worst)
	}
	languages, sizes := []string{"en", "ja"}, []int64{320, 1280}
	if isLong() {
		languages, sizes = []string{"en", "zh", "ja"}, widths
	}
	for _, language := range languages {
		b.do(chromedp.Navigate(at.Trigger+"/report?lang="+language), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
		for _, width := range sizes {
			for _, dark := range []bool{false, true} {
				name := fmt.Sprintf("estate-%s-%d-%t", language, width, dark)
				b.look(view{width: width, height: 900, dark: dark})
				b.sound(name)
				b.shoot(name)
			}
		}
	}
	b = open(t, view{width: 1280, height: 900, language: "en"}) // that went to no other address
	b.do(chromedp.Navigate(at.Trigger+"/report"), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
	b.do(chromedp.Click(chromedp.CSS(".accounts summary")))
	equal(t, "all accounts", js[int](b, `[...document.querySelectorAll(".totals tbody tr")].filter((tr) => tr.checkVisibility()).length`), 1000)
	js[bool](b, `(document.querySelector('.totals [data-v="2000000000000743"] button').click(), true)`)
	equal(t, "rows of one account", js[int](b, `document.querySelectorAll("#table tbody tr.row:not([hidden])").length`), 4)
	if chip := b.text("#chips"); !strings.Contains(chip, "very-long-name") || !strings.Contains(chip, "(2000000000000743)") {
		t.Errorf("the filter is called %q", chip)
	}
	equal(t, "address", js[string](b, `location.hash`), "#account=2000000000000743")
	b.look(view{width: 320, height: 900})
	b.sound("one account")
	b.shoot("estate-filtered")
	b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
	js[bool](b, `(() => { const q = document.querySelector("#q"); q.value = "team-000371"; return q.dispatchEvent(new Event("input")); })()`)
	equal(t, "rows by the account's name", js[int](b, `document.querySelectorAll("#table tbody tr.row:not([hidden])").length`), 4)
	b.quiet(at.Trigger + "/report")
}
