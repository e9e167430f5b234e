package report

import "strconv"

// drawn are the groups of a picture, the good ones first.
var drawn = []group{groupOK, groupExempt, groupWeak, groupUnknown, groupNone, groupForeign}

// donut draws the shares of the groups as a ring, the good ones first, around the
// share that is compliant. A part of the whole has none.
func (p *page) donut(s *Summary) {
	if s.isPart() || p.all.all == 0 {
		return
	}
	score := percent(p.all.shares()[groupOK])
	p.print(`<svg class="donut" viewBox="0 0 120 120" role="img" aria-label="`, escape(p.t.with("picture", "share", score)),
		`"><circle class="rest" cx="60" cy="60" r="51"/>`)
	at := 0.0
	for _, s := range arcs(p.all) {
		p.print(`<circle class="g-`, groupNames[s.group], `" cx="60" cy="60" r="51" pathLength="100" stroke-dasharray="`,
			decimal(max(s.width-s.gap, 0.4)), ` 100" stroke-dashoffset="`, decimal(-at), `"/>`)
		at += s.width
	}
	p.print(`<text x="60" y="64" class="big">`, escape(score), `</text><text x="60" y="79" class="under">`, escape(p.t["compliant"]), `</text></svg>`)
}

// arc is a part of the ring.
type arc struct {
	group      group
	width, gap float64 // of 100
}

// arcs are the parts of the ring. A share that would be too thin to see gets a least
// width at the cost of the others.
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

// legend explains the ring, with numbers, the worst first; the script makes it filter
// the table.
func (p *page) legend(s *Summary) {
	shares := p.all.shares()
	for g := range groupCount {
		n := p.all.group[g]
		if n == 0 && (g == groupGone || g == groupExempt || g == groupForeign) {
			continue
		}
		class := ""
		if n == 0 {
			class = ` class="zero"`
		}
		p.print(`<li data-f="state" data-v="`, groupNames[g], `"`, class, `><span class="key g-`, groupNames[g], `"></span><span class="label">`, escape(p.t["group_"+groupNames[g]]),
			`</span><span class="n">`, grouped(n), `</span><span class="share">`)
		if g != groupGone && !s.isPart() && p.all.all > 0 {
			p.print(escape(percent(shares[g])))
		}
		p.print("</span></li>\n")
	}
}

// cards are the bar charts: where there are several values to tell apart.
func (p *page) cards() {
	for _, column := range []string{"rule", "region", "policy", "required", "account"} {
		bars := p.tallies.bars(column)
		if len(bars) == 0 || (column == "required" || column == "policy") && !p.hasPolicy() || column == "account" && !p.v.Accounts {
			continue
		}
		p.print(`<section class="card" aria-labelledby="h-`, column, `"><h2 id="h-`, column, `">`, escape(p.t["by_"+column]), "</h2>\n<ul class=\"bars\">\n")
		p.bars(bars, column)
		p.print("</ul></section>\n")
	}
}

// bars draws a chart. Its lengths are given as numbers too, so the drawing is
// hidden from screen readers.
func (p *page) bars(bars []bar, column string) {
	longest := 1
	for _, b := range bars {
		longest = max(longest, b.all)
	}
	for _, b := range bars {
		p.print("<li")
		if b.name != "" {
			p.attribute("data-f", column)
			p.attribute("data-v", b.name)
		}
		p.print(`><span class="label">`, escape(p.barName(b, column)), `</span><span class="n">`, grouped(b.all), `</span>`,
			`<svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">`)
		at := 0.0
		for _, g := range drawn {
			if b.group[g] == 0 {
				continue
			}
			width := share(b.group[g], longest)
			p.print(`<rect class="g-`, groupNames[g], `" x="`, decimal(at), `" width="`, decimal(width), `" height="6"/>`)
			at += width
		}
		p.print("</svg></li>\n")
	}
}

func (p *page) barName(b bar, column string) string {
	if name := p.names[b.name]; column == "account" && name != "" {
		return name
	}
	switch b.name {
	case "":
		return p.t["others"]
	case "none", "unknown":
		return p.t["rule_"+b.name]
	}
	return visible(b.name)
}

// percent writes tenths of a percent.
func percent(tenths int) string {
	if tenths%10 == 0 {
		return strconv.Itoa(tenths/10) + "%"
	}
	return strconv.Itoa(tenths/10) + "." + strconv.Itoa(tenths%10) + "%"
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
