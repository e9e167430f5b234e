package browser

import (
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// overlapScript returns texts that lie over each other, or stick out of the window or
// of what cuts them off.
const overlapScript = `(() => {
	const texts = [], bad = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const round = (n) => Math.round(n);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const e = node.parentElement;
		if (!node.data.trim() || !e.checkVisibility({visibilityProperty: true}) || e.closest("script, style, option, caption, .skip, svg")) continue;
		const range = document.createRange();
		range.selectNodeContents(node);
		let cut = null;
		for (let p = e; p; p = p.parentElement) if (getComputedStyle(p).overflowX === "hidden") { cut = p.getBoundingClientRect(); break; }
		for (const r of range.getClientRects()) {
			const box = { l: Math.max(r.left, cut ? cut.left : -1e9), r: Math.min(r.right, cut ? cut.right : 1e9), t: r.top, b: r.bottom, node, say: node.data.trim().slice(0, 30) };
			if (box.r - box.l < 1) continue;
			if (box.l < -1 || box.r > innerWidth + 1) bad.push("out of the window: " + box.say);
			const cell = e.closest("td, th, button, .card");
			if (cell) { const c = cell.getBoundingClientRect(); if (box.r > c.right + 1 || box.l < c.left - 1) bad.push("out of its place: " + box.say + " " + round(box.r - c.right)); }
			texts.push(box);
		}
	}
	texts.sort((a, b) => a.t - b.t);
	for (let i = 0; i < texts.length; i++) {
		for (let j = i + 1; j < texts.length && texts[j].t < texts[i].b - 4; j++) {
			const a = texts[i], b = texts[j];
			if (a.node !== b.node && Math.min(a.r, b.r) - Math.max(a.l, b.l) > 2 && Math.min(a.b, b.b) - Math.max(a.t, b.t) > 4) bad.push(a.say + " over " + b.say);
		}
	}
	return [...new Set(bad)].slice(0, 8);
})()`

// widths are those of phones to walls.
var widths = []int64{320, 360, 390, 480, 600, 641, 768, 900, 959, 960, 1024, 1199, 1200, 1280, 1440, 1920, 2560}

// sound fails the test if something overlaps, is cut off, or has too little contrast.
func (b *tab) sound(what string) {
	b.t.Helper()
	for _, e := range js[[]string](b, overlapScript) {
		b.t.Errorf("%s: %s", what, e)
	}
	if wide := js[int](b, `Math.max(0, document.documentElement.scrollWidth - innerWidth)`); wide > 0 {
		b.t.Errorf("%s: wider than the window by %d", what, wide)
	}
}

func isLong() bool { return os.Getenv("TEST_LONG") != "" }

// Nothing overlaps at any width, in any language, light or dark, for accounts of every
// size. The short form takes a few widths of the account that has everything.
func TestPage_Layout(t *testing.T) {
	accounts := map[string][]string{"policy": {"-policy", policyFile(t)}}
	languages, sizes := []string{"en", "ja"}, []int64{320, 768, 1024, 1280, 2560}
	if isLong() {
		for name, flags := range map[string][]string{"none": {"-only", "0"}, "one": {"-only", "1"}, "good": {"-only", "30"}, "all": {}, "large": {"-buckets", "5000"}} {
			accounts[name] = flags
		}
		languages, sizes = append(languages, "zh"), widths
	}
	for account, flags := range accounts {
		at := shared(t, flags...)
		for _, language := range languages {
			t.Run(account+"-"+language, func(t *testing.T) { layout(t, at, account, language, sizes) })
		}
	}
}

func layout(t *testing.T, at addresses, account, language string, sizes []int64) {
	b := open(t, view{width: 1280, height: 900, language: language})
	b.do(chromedp.Navigate(at.Trigger+"/report"), chromedp.WaitReady(chromedp.CSS("tbody.ready")))
	if account == "policy" {
		for _, bucket := range []string{"legacy-exports", "payments-eu", "partner-dropbox"} {
			b.unfold(bucket)
		}
	}
	for _, width := range sizes {
		for _, dark := range []bool{false, true} {
			name := fmt.Sprintf("%s-%s-%d", account, language, width)
			if dark {
				name += "-dark"
			}
			b.look(view{width: width, height: 900, dark: dark})
			b.sound(name)
			if width == sizes[0] || width == 1280 {
				for _, e := range js[[]string](b, contrastScript) {
					t.Errorf("%s: too little contrast: %s", name, e)
				}
			}
			if !dark || width == 1280 {
				b.shoot(name)
			}
		}
	}
	b.quiet(at.Trigger + "/report")
}
