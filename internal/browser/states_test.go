package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// An account without anything to fix, with one bucket, or with none says so calmly.
func TestPage_GoodStates(t *testing.T) {
	for only, want := range map[string]string{"0": "There are no buckets here", "1": "The only bucket is compliant", "30": "All 30 buckets are compliant"} {
		t.Run(only, func(t *testing.T) {
			at := shared(t, "-only", only)
			b := open(t, desktop)
			b.do(chromedp.Navigate(at.Trigger+"/report"), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
			equal(t, "headline", b.text("h1"), want)
			equal(t, "advice", len(b.texts(".help")), 0)
			equal(t, "tables", len(b.texts("#table")), map[bool]int{false: 1, true: 0}[only == "0"])
			b.sound("light")
			b.shoot("state-" + only)
			b.look(view{width: 360, height: 740, dark: true})
			b.sound("dark")
			b.shoot("state-" + only + "-dark")
			b.quiet(at.Trigger + "/report")
		})
	}
	b := open(t, desktop)
	b.do(chromedp.Navigate(shared(t, "-only", "0").Trigger + "/report?prefix=pay-"))
	if text := b.text(".empty p"); !strings.Contains(text, "prefix pay-") {
		t.Errorf("nothing matches, and the page says %q", text)
	}
}
