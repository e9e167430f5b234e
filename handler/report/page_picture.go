package report

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strconv"

	"bucketwarden/ossenc"
)

// donut draws the shares of the groups as a ring, the good ones first. A share
// that would be too thin to see gets a least width at the cost of the largest.
func (p *page) donut(c counts) {
	encrypted := percent(c.encrypted, c.all)
	p.print(`<svg class="donut" viewBox="0 0 120 120" role="img" aria-label="`, escape(p.t.with("picture", "share", encrypted)),
		`"><circle class="rest" cx="60" cy="60" r="50"/>`)
	at := 0.0
	for _, s := range arcs(c) {
		p.print(`<circle class="g-`, string(s.group), `" cx="60" cy="60" r="50" pathLength="100" stroke-dasharray="`,
			decimal(max(s.width-s.gap, 0.4)), ` 100" stroke-dashoffset="`, decimal(-at), `"/>`)
		at += s.width
	}
	p.print(`<text x="60" y="62" class="big">`, escape(encrypted), `</text><text x="60" y="78" class="under">`, escape(p.t["encrypted"]), `</text></svg>`)
}

// arc is a part of the ring.
type arc struct {
	group      group
	width, gap float64 // of 100
}

// drawn are the groups of a picture, the good ones first.
var drawn = []group{groupOK, groupExempt, groupWeak, groupUnknown, groupNone}

func arcs(c counts) []arc {
	const least = 1.5
	var list []arc
	total := 0.0
	for _, g := range drawn {
		if n := c.group[g]; n > 0 {
			list = append(list, arc{group: g, width: max(100*float64(n)/float64(c.all), least), gap: 0.8})
			total += list[len(list)-1].width
		}
	}
	for i := range list {
		list[i].width *= 100 / total
		if len(list) == 1 {
			list[i].gap = 0
		}
	}
	return list
}

// legend explains the ring, with numbers; the script makes it filter the table.
func (p *page) legend(c counts) {
	for _, g := range append(slices.Clone(drawn), groupGone) {
		n := c.group[g]
		if n == 0 && (g == groupGone || g == groupExempt) {
			continue
		}
		class := ""
		if n == 0 {
			class = ` class="zero"`
		}
		p.print(`<li data-g="`, string(g), `"`, class, `><span class="key g-`, string(g), `"></span><span class="label">`, escape(p.t["group_"+string(g)]),
			`</span><span class="n">`, grouped(n), `</span><span class="share">`)
		if g != groupGone {
			p.print(escape(percent(n, c.all)))
		}
		p.print("</span></li>\n")
	}
}

// bar is one line of a bar chart.
type bar struct {
	name string
	counts
}

func collect(rows []ossenc.Result, name func(ossenc.Result) string) []bar {
	byName := map[string][]ossenc.Result{}
	for _, res := range rows {
		if groupOf(res) != groupGone {
			byName[name(res)] = append(byName[name(res)], res)
		}
	}
	var bars []bar
	for _, n := range slices.Sorted(maps.Keys(byName)) {
		bars = append(bars, bar{n, count(byName[n])})
	}
	return bars
}

func byRule(rows []ossenc.Result) []bar {
	bars := collect(rows, algorithmOf)
	sort.SliceStable(bars, func(i, j int) bool { return bars[i].all > bars[j].all })
	return bars
}

// maxRegionBars keeps the card small; the rest is one bar.
const maxRegionBars = 7

// byRegion puts the regions with most to do first.
func byRegion(rows []ossenc.Result) []bar {
	bars := collect(rows, func(res ossenc.Result) string { return res.Region })
	sort.SliceStable(bars, func(i, j int) bool {
		return cmp.Or(cmp.Compare(bars[j].bad, bars[i].bad), cmp.Compare(bars[j].all, bars[i].all)) < 0
	})
	if len(bars) <= maxRegionBars+1 {
		return bars
	}
	rest := bar{counts: counts{group: map[group]int{}}}
	for _, b := range bars[maxRegionBars:] {
		rest.all += b.all
		for g, n := range b.group {
			rest.group[g] += n
		}
	}
	return append(bars[:maxRegionBars], rest)
}

// bars draws a chart. Its lengths are given as numbers too, so the drawing is
// hidden from screen readers.
func (p *page) bars(bars []bar, kind string) {
	longest := 1
	for _, b := range bars {
		longest = max(longest, b.all)
	}
	for _, b := range bars {
		p.print("<li")
		if kind != "" && b.name != "" {
			p.attribute("data-"+kind, b.name)
		}
		p.print(`><span class="label">`, escape(p.barName(b)), `</span><span class="n">`, grouped(b.all), `</span>`,
			`<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">`)
		at := 0.0
		for _, g := range drawn {
			if b.group[g] == 0 {
				continue
			}
			width := max(100*float64(b.group[g])/float64(longest), 1) // less would not show
			p.print(`<rect class="g-`, string(g), `" x="`, decimal(at), `" width="`, decimal(width), `" height="6"/>`)
			at += width
		}
		p.print("</svg></li>\n")
	}
}

func (p *page) barName(b bar) string {
	switch b.name {
	case "":
		return p.t["other_regions"]
	case "none", "unknown":
		return p.t["rule_"+b.name]
	}
	return visible(b.name)
}

// percent is rounded down: what is not all must not look like all, nor what is
// something like nothing.
func percent(n, all int) string {
	if all == 0 {
		return "–"
	}
	tenths := n * 1000 / all
	switch {
	case tenths == 0 && n > 0:
		return "<0.1%"
	case tenths%10 == 0:
		return strconv.Itoa(tenths/10) + "%"
	}
	return strconv.Itoa(tenths/10) + "." + strconv.Itoa(tenths%10) + "%"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
