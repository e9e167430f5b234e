package browser

import (
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// Limits for 5,000 buckets, in milliseconds. They are what a person still takes
// for at once and for a moment, with room for a slow machine; the log has the
// real numbers.
const (
	maxInteractive = 5000
	maxAnswer      = 1000
)

func TestPage_FiveThousandBucketsStayUsable(t *testing.T) {
	at := start(t, "-buckets", "5000")
	for name, v := range map[string]view{"Desktop": desktop, "Phone": phone} {
		t.Run(name, func(t *testing.T) {
			b := visit(t, v, at.Trigger)
			equal(t, "count", b.text("#count"), "5,026 of 5,026 buckets. Open one to see what to do.")
			// From the first byte: until then it is the function that works.
			interactive := js[float64](b, `(() => { const n = performance.getEntriesByType("navigation")[0]; return n.domContentLoadedEventEnd - n.responseStart; })()`)
			size := js[float64](b, `performance.getEntriesByType("navigation")[0].decodedBodySize`)
			filter := median(b, `() => { const q = document.querySelector("#q"); q.value = "data-0" + (n++ % 5); q.dispatchEvent(new Event("input")); }`)
			clear := median(b, `() => { const q = document.querySelector("#q"); q.value = n++ % 2 ? "" : "team-36"; q.dispatchEvent(new Event("input")); }`)
			sorting := median(b, `() => document.querySelector("#table thead th:nth-child(" + (n++ % 2 + 1) + ") button").click()`)
			t.Logf("%.0f KB; %.0f ms to interactive; filter %.0f ms, clear %.0f ms, sort %.0f ms, each with its layout", size/1024, interactive, filter, clear, sorting)
			for what, ms := range map[string]float64{"filter": filter, "clear": clear, "sort": sorting} {
				if ms > maxAnswer {
					t.Errorf("%s takes %.0f ms", what, ms)
				}
			}
			if interactive > maxInteractive {
				t.Errorf("interactive after %.0f ms", interactive)
			}
			b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
			equal(t, "rows at first", len(b.names()), 100)
			b.do(chromedp.Click(chromedp.CSS("#more")))
			equal(t, "rows then", len(b.names()), 200)
			b.do(chromedp.Click(chromedp.CSS("#all")))
			equal(t, "all rows", js[int](b, `document.querySelectorAll("tbody tr.row:not([hidden])").length`), 5026)
			b.do(chromedp.Click(chromedp.CSS(".tools [type=reset]")))
			b.shoot("large-" + name)
			b.quiet(at.Trigger + "/report")
		})
	}
}

// median returns how long an action takes, with the layout after it.
func median(b *tab, action string) float64 {
	b.t.Helper()
	times := js[[]float64](b, `(() => { let n = 0; const act = `+action+`; return Array.from({length: 7}, () => { const t = performance.now(); act(); document.body.offsetHeight; return performance.now() - t; }); })()`)
	slices.Sort(times)
	return times[len(times)/2]
}
