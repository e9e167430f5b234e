package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

// The page is its template with a text, or a part made here, in each {{slot}}.
// html/template would do that too, for 3.6 MB of the binary: its use of reflection
// keeps every exported method.
var (
	//go:embed page/report.html
	pageTemplate string
	//go:embed page/report.css
	pageStyle string
	//go:embed page/report.js
	pageScript string
)

// earlyScript keeps the browser from laying out thousands of rows before the
// script at the end puts them in order. Should that fail they show after all.
const earlyScript = `document.documentElement.className = "js"; addEventListener("error", () => { document.documentElement.className = ""; });`

// page is the report for a browser: one document that needs nothing else. It
// begins with a picture of all rows and shows the worst first, so it keeps them
// until the end.
type page struct {
	*printer
	v    View
	t    texts
	rows []ossenc.Result
}

func newPage(out *printer, v View) writer {
	if pageTexts()[v.Language] == nil {
		v.Language = "en"
	}
	return &page{printer: out, v: v, t: pageTexts()[v.Language]}
}

// pagePolicy allows the page's own style and script, by their hashes, and no
// request to anywhere. A saved page keeps it in a meta element.
func pagePolicy() string {
	return "default-src 'none'; script-src " + hashSource(earlyScript) + " " + hashSource(pageScript) + "; style-src " + hashSource(pageStyle) +
		"; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

func hashSource(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (p *page) begin() {}

func (p *page) row(r row) { p.rows = append(p.rows, r.Result) }

func (p *page) end(s *Summary) {
	sort.SliceStable(p.rows, func(i, j int) bool { // by name they are already
		return slices.Index(groups, groupOf(p.rows[i])) < slices.Index(groups, groupOf(p.rows[j]))
	})
	slots := p.slots(s)
	for i, part := range strings.Split(pageTemplate, "{{") {
		if i == 0 {
			p.print(part)
			continue
		}
		name, rest, _ := strings.Cut(part, "}}")
		if write, ok := slots[name]; ok {
			write()
		} else {
			p.print(escape(p.t[name]))
		}
		p.print(rest)
	}
}

// slots are the parts of the template that are not texts.
func (p *page) slots(s *Summary) map[string]func() {
	c := count(p.rows)
	now := p.v.Now.UTC()
	raw := func(s string) func() { return func() { p.print(s) } }
	text := func(s string) func() { return func() { p.print(escape(s)) } }
	return map[string]func(){
		".lang":     text(p.v.Language),
		".policy":   text(pagePolicy()),
		".style":    raw(pageStyle),
		".early":    raw(earlyScript),
		".script":   raw(pageScript),
		".data":     func() { p.print(scriptJSON(p.data())) },
		".time":     text(now.Format(time.RFC3339)),
		".when":     text(now.Format("2006-01-02 15:04 UTC")),
		".place":    text(strings.Trim(p.v.Account+" · "+p.v.Region, " ·")),
		".headline": text(p.headline(c, s)),
		".wanted":   text(p.wanted()),
		".notice":   func() { p.notices(s) },
		".donut": func() {
			if !s.isPart() { // of the whole
				p.donut(c)
			}
		},
		".legend":    func() { p.legend(c) },
		".rules":     func() { p.bars(byRule(p.rows), "") },
		".regions":   func() { p.bars(byRegion(p.rows), "region") },
		".options":   p.options,
		".curl":      text("curl -X PUT " + p.base() + "/buckets/NAME/encryption"),
		".terraform": text(terraformExample),
		".rows":      p.table,
		".facts":     func() { p.facts(s) },
	}
}

// terraformExample is for a reader without the script, which writes it out for
// each bucket.
const terraformExample = `resource "alicloud_oss_bucket" "NAME" {
  # ...
  lifecycle {
    ignore_changes = [server_side_encryption_rule]
  }
}`

// data is what the script needs besides the table.
func (p *page) data() map[string]any {
	return map[string]any{
		"texts":   p.t,
		"wanted":  p.v.Wanted,
		"exact":   p.v.Compare == ossenc.Exact,
		"base":    p.base(),
		"token":   p.v.NeedsToken,
		"account": p.v.Account,
	}
}

// base is the address for the curl lines.
func (p *page) base() string { return cmp.Or(p.v.BaseURL, "http://HOST") }

func (p *page) headline(c counts, s *Summary) string {
	switch {
	case s.isPart():
		return p.t["incomplete"]
	case c.all == 0:
		return p.t["headline_empty"]
	case c.bad == 0:
		return p.t.with("headline_ok", "n", grouped(c.all))
	}
	return p.t.with("headline_bad", "n", grouped(c.bad), "m", grouped(c.all))
}

func (p *page) wanted() string {
	switch {
	case p.v.Wanted.IsNone():
		return p.t["wanted_policy"]
	case p.v.Compare == ossenc.Exact:
		return p.t.with("wanted_exact", "rule", visible(p.v.Wanted.String()))
	}
	return p.t.with("wanted_floor", "rule", visible(p.v.Wanted.String()))
}

// facts are the report's provenance.
func (p *page) facts(s *Summary) {
	for fact := range slices.Chunk(s.facts(), 2) {
		p.print("<dt>", escape(p.t["fact_"+fact[0]]), "</dt><dd>", escape(visible(fact[1])), "</dd>\n")
	}
}

// notices says why the report is not complete, and which exemptions end soon.
func (p *page) notices(s *Summary) {
	p.notice(s)
	if len(s.EndingSoon) == 0 {
		return
	}
	p.print(`<section class="notice"><strong>`, escape(p.t["ending_soon"]), "</strong><ul>")
	for _, x := range s.EndingSoon {
		p.print("<li>", escape(visible(x.Until.String()+": "+x.Rule+" ("+x.Owner+"): "+x.Reason)), "</li>")
	}
	p.print("</ul></section>\n")
}

// notice says why the report is not complete, and links to the rest.
func (p *page) notice(s *Summary) {
	if s.Complete {
		return
	}
	why := p.t.with("unread", "n", grouped(s.Unread))
	switch {
	case s.Error != nil:
		why = p.t.with("list_failed", "why", p.t["code_"+string(s.Error.Code)]) + " " + s.Error.Detail
	case s.Next != "":
		why = p.t["more_follow"]
	case s.Unread == 0:
		why = p.t["nothing_asked"]
	}
	p.print(`<p class="notice" role="alert"><strong>`, escape(p.t["incomplete"]), `</strong> `, escape(why))
	if s.Next != "" {
		p.print(` <a href="`, escape(p.next(s)), `">`, escape(p.t["go_on"]), `</a>`)
	}
	p.print("</p>\n")
}

// next is the query for the rest of the report.
func (p *page) next(s *Summary) string {
	query := url.Values{"format": {"html"}, "lang": {p.v.Language}, "after": {s.Next}}
	for name, value := range map[string]string{"prefix": p.v.Prefix, "region": p.v.RegionFilter} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if p.v.Limit > 0 {
		query.Set("limit", strconv.Itoa(p.v.Limit))
	}
	return "?" + query.Encode()
}

// options are the regions to filter by.
func (p *page) options() {
	regions := map[string]bool{}
	for _, res := range p.rows {
		regions[res.Region] = true
	}
	for _, r := range slices.Sorted(maps.Keys(regions)) {
		p.print("<option>", escape(visible(r)), "</option>")
	}
}
