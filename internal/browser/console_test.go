package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// click clicks the button of this text in the row of a bucket.
func (b *tab) click(bucket, button string) {
	b.t.Helper()
	found := js[bool](b, fmt.Sprintf(`(() => { const row = [...document.querySelectorAll("#buckets tr")].find(r => r.cells[0].textContent === %s);
		const button = [...(row?.querySelectorAll("button") ?? [])].find(e => e.textContent === %s); button?.focus(); button?.click(); return Boolean(button) })()`, quoted(bucket), quoted(button)))
	if !found {
		b.t.Fatalf("no button %s for %s", button, bucket)
	}
}

// seen waits until a row of the feed shows all texts.
func (b *tab) seen(texts ...string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll("#feed tr")].some(r => %s.every(t => r.innerText.includes(t)))`, "["+quotedAll(texts)+"]"))
}

func quotedAll(texts []string) string {
	var all []string
	for _, text := range texts {
		all = append(all, quoted(text))
	}
	return strings.Join(all, ",")
}

// A person creates, changes and deletes a bucket by clicking, and the verdicts
// arrive without a reload.
func TestConsolePage(t *testing.T) {
	at := start(t, "-console")
	for name, v := range map[string]view{"desktop": desktop, "phone": phone, "dark": {width: 1280, height: 900, dark: true}} {
		t.Run(name, func(t *testing.T) {
			b := open(t, v)
			b.do(chromedp.Navigate(at.Console + "/"))
			b.until(`document.querySelectorAll("#buckets tr").length >= 4`)
			bucket := "clicked-" + name
			b.do(chromedp.SendKeys(chromedp.CSS(`input[name="bucket"]`), bucket))
			js[bool](b, `(() => { const f = document.getElementById("new"); f.region.value = "cn-beijing"; f.region.dispatchEvent(new Event("change")); f.requestSubmit(); return true })()`)
			b.seen(bucket, "bucket created (console)", "fixed", "none → AES256", "ms")
			b.until(`document.getElementById("said").textContent.includes("the function: fixed")`)

			b.click(bucket, "Remove rule")
			b.seen(bucket, "rule removed (console)", "fixed")
			if focused := js[string](b, `document.activeElement.textContent`); focused != "Remove rule" {
				t.Errorf("the focus went to %q", focused)
			}
			js[bool](b, fmt.Sprintf(`(() => { const s = document.querySelector('select[aria-label="Rule for %s"]'); s.value = [...s.options].find(o => o.textContent === "KMS(key-1)").value; return true })()`, bucket))
			b.click(bucket, "Set rule")
			b.seen(bucket, "rule set (console)", "compliant", "KMS(key-1)")
			b.shoot("console-" + name)

			js[bool](b, `(() => { window.confirm = text => { window.asked = text; return true }; return true })()`)
			b.click(bucket, "Delete")
			b.seen(bucket, "bucket deleted (console)", "no event")
			if asked := js[string](b, `window.asked`); asked != "Delete the bucket "+bucket+"?" {
				t.Errorf("asked %q", asked)
			}
			if wide := js[bool](b, `document.documentElement.scrollWidth > document.documentElement.clientWidth`); wide {
				t.Error("the page is wider than the screen")
			}
			b.onlyFrom(at.Console)
		})
	}
}

// onlyFrom fails the test if the page said anything or asked anybody else.
func (b *tab) onlyFrom(origin string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		b.t.Errorf("the page said: %s", s)
	}
	for _, r := range b.requests {
		if !strings.HasPrefix(r, origin+"/") {
			b.t.Errorf("the page asked for %s", r)
		}
	}
}
