package handler

import (
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

// The page is its template with a text, or a part made here, in each {{place}}.
// html/template would do that too, for 600 KB of the binary.
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
	x    *exchange
	t    texts
	lang string
	rows []ossenc.Result
}

func newPage(x *exchange, q reportQuery) reportWriter {
	x.Header().Set("Content-Language", q.language)
	x.Header().Set("Content-Security-Policy", pagePolicy()+"; frame-ancestors 'none'")
	return &page{x: x, t: pageTexts()[q.language], lang: q.language}
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

func (p *page) row(res ossenc.Result) { p.rows = append(p.rows, res) }

func (p *page) end(e *reportEnd) {
	sort.SliceStable(p.rows, func(i, j int) bool { // by name they are already
		return slices.Index(groups, groupOf(p.rows[i])) < slices.Index(groups, groupOf(p.rows[j]))
	})
	places := p.places(e)
	for i, part := range strings.Split(pageTemplate, "{{") {
		if i == 0 {
			p.x.print(part)
			continue
		}
		name, rest, _ := strings.Cut(part, "}}")
		if write, ok := places[name]; ok {
			write()
		} else {
			p.x.print(escape(p.t[name]))
		}
		p.x.print(rest)
	}
}

// places are the parts of the template that are no texts.
func (p *page) places(e *reportEnd) map[string]func() {
	c := takeCensus(p.rows)
	now := p.x.web.now().UTC()
	raw := func(s string) func() { return func() { p.x.print(s) } }
	text := func(s string) func() { return func() { p.x.print(escape(s)) } }
	return map[string]func(){
		".lang":      text(p.lang),
		".policy":    text(pagePolicy()),
		".style":     raw(pageStyle),
		".early":     raw(earlyScript),
		".script":    raw(pageScript),
		".data":      func() { p.x.print(scriptJSON(p.data(e))) },
		".time":      text(now.Format(time.RFC3339)),
		".when":      text(now.Format("2006-01-02 15:04 UTC")),
		".place":     text(p.account()),
		".headline":  text(p.headline(c)),
		".wanted":    text(p.wanted(e)),
		".notice":    func() { p.notices(e) },
		".donut":     func() { p.donut(c) },
		".legend":    func() { p.legend(c) },
		".rules":     func() { p.bars(byRule(p.rows), "") },
		".regions":   func() { p.bars(byRegion(p.rows), "region") },
		".options":   p.options,
		".curl":      text("curl -X PUT " + p.base() + "/buckets/NAME/encryption"),
		".terraform": text(terraformExample),
		".rows":      p.table,
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

// data is what the script needs beside the table.
func (p *page) data(e *reportEnd) map[string]any {
	return map[string]any{
		"texts":   p.t,
		"wanted":  e.Wanted,
		"exact":   e.Compare == ossenc.Exact,
		"base":    p.base(),
		"token":   p.x.web.auth.Mode == AuthTokens,
		"account": ossenc.IdentityFrom(p.x.req.Context()).AccountID,
	}
}

// base is the address that this page came from, for the curl lines; a host that
// is none gives a name for the reader to fill in.
func (p *page) base() string {
	host := p.x.req.Host
	if host == "" || !madeOf(host, letters+".:") {
		host = "HOST"
	}
	if p.x.req.TLS == nil && p.x.req.Header.Get("X-Forwarded-Proto") != "https" && !strings.HasSuffix(host, ".fcapp.run") {
		return "http://" + host
	}
	return "https://" + host
}

// account says whose buckets these are, as far as that is known.
func (p *page) account() string {
	id := ossenc.IdentityFrom(p.x.req.Context())
	return strings.Trim(id.AccountID+" · "+id.Region, " ·")
}

func (p *page) headline(c census) string {
	switch {
	case c.all == 0:
		return p.t["headline_empty"]
	case c.bad == 0:
		return p.t.with("headline_ok", "n", grouped(c.all))
	}
	return p.t.with("headline_bad", "n", grouped(c.bad), "m", grouped(c.all))
}

func (p *page) wanted(e *reportEnd) string {
	switch {
	case e.Wanted.IsNone():
		return p.t["wanted_policy"]
	case e.Compare == ossenc.Exact:
		return p.t.with("wanted_exact", "rule", visible(e.Wanted.String()))
	}
	return p.t.with("wanted_floor", "rule", visible(e.Wanted.String()))
}

// notices says why the report is not complete, and which exemptions end soon.
func (p *page) notices(e *reportEnd) {
	p.notice(e)
	if len(e.EndingSoon) == 0 {
		return
	}
	p.x.print(`<section class="notice"><strong>`, escape(p.t["ending_soon"]), "</strong><ul>")
	for _, x := range e.EndingSoon {
		p.x.print("<li>", escape(visible(x.Until.String()+": "+x.Rule+" ("+x.Owner+"): "+x.Reason)), "</li>")
	}
	p.x.print("</ul></section>\n")
}

// notice says why the report is not complete, and links to the rest.
func (p *page) notice(e *reportEnd) {
	if e.Complete {
		return
	}
	why := p.t.with("unread", "n", grouped(e.failed))
	switch {
	case e.Error != nil:
		why = p.t.with("list_failed", "why", p.t["code_"+string(e.Error.Code)]) + " " + e.Error.Detail
	case e.Next != "":
		why = p.t["more_follow"]
	}
	p.x.print(`<p class="notice" role="alert"><strong>`, escape(p.t["incomplete"]), `</strong> `, escape(why))
	if e.Next != "" {
		p.x.print(` <a href="`, escape(p.next(e)), `">`, escape(p.t["go_on"]), `</a>`)
	}
	p.x.print("</p>\n")
}

// next is the query for the rest of the report.
func (p *page) next(e *reportEnd) string {
	query := url.Values{"format": {"html"}, "lang": {p.lang}, "after": {e.Next}}
	for name, value := range map[string]string{"prefix": e.query.prefix, "region": e.query.region} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if e.query.limit > 0 {
		query.Set("limit", strconv.Itoa(e.query.limit))
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
		p.x.print("<option>", escape(visible(r)), "</option>")
	}
}
