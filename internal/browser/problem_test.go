package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A browser that is refused, or lost its way, sees what to do.
func TestProblemPage(t *testing.T) {
	at := shared(t)
	sizes := []view{desktop, phone, {width: 320, height: 600, dark: true, language: "ja"}}
	if isLong() {
		sizes = append(sizes, view{width: 768, height: 900, language: "zh-CN"}, view{width: 2560, height: 1200, dark: true})
	}
	for i, v := range sizes {
		b := open(t, v)
		b.do(chromedp.Navigate(at.Trigger+"/"), chromedp.WaitReady(chromedp.CSS("h1")))
		b.sound("404")
		for _, e := range js[[]string](b, contrastScript) {
			t.Errorf("too little contrast: %s", e)
		}
		b.shoot("problem-" + string(rune('a'+i)))
		b.do(chromedp.Click(chromedp.CSS("a.go")), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
		b.mu.Lock()
		said := strings.Join(b.said, "\n")
		b.mu.Unlock()
		if said = strings.ReplaceAll(said, "Failed to load resource: the server responded with a status of 404 (Not Found)", ""); strings.TrimSpace(said) != "" {
			t.Errorf("the page said: %s", said)
		}
	}
}
