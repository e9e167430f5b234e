package report

// maxPoints keeps the page's trend small: with a report a day, about a month.
const maxPoints = 31

// trend lists the earlier reports and this one, the newest first: how many buckets needed
// attention, and how many that were of all.
func (p *page) trend(c *Changes) {
	if c == nil {
		return
	}
	p.print(`<section class="card trend" aria-labelledby="h-trend"><h2 id="h-trend">`, escape(p.t["trend"]), "</h2>\n<table class=\"plain\"><tbody>\n")
	points := c.Trend[max(0, len(c.Trend)-maxPoints):]
	longest := 1
	for _, point := range points {
		longest = max(longest, point.Buckets)
	}
	for i := range points {
		point := points[len(points)-1-i]
		text := p.t.with("trend_point", "open", grouped(point.Open), "n", grouped(point.Buckets))
		if !point.Complete {
			text += p.t["comma"] + p.t["trend_part"]
		}
		p.print(`<tr><th scope="row">`, point.Time.UTC().Format("2006-01-02 15:04 UTC"), `</th><td>`, escape(text), `</td><td>`)
		p.trendBar(point, longest)
		p.print("</td></tr>\n")
	}
	p.print("</tbody></table></section>\n")
}

// trendBar draws a point. Its numbers stand beside it, so it is hidden from screen readers.
func (p *page) trendBar(point TrendPoint, longest int) {
	p.print(`<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">`)
	open, good := share(point.Open, longest), share(point.Buckets-point.Open, longest)
	if good > 0 {
		p.print(`<rect class="g-ok" width="`, decimal(good), `" height="8"/>`)
	}
	if open > 0 {
		p.print(`<rect class="g-none" x="`, decimal(good), `" width="`, decimal(open), `" height="8"/>`)
	}
	p.print("</svg>")
}

// share returns n of all as a part of 100; less than 1 would not show.
func share(n, all int) float64 {
	if n <= 0 {
		return 0
	}
	return max(100*float64(n)/float64(all), 1)
}
