package report

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// facts are the report's provenance.
func (p *page) facts(s *Summary) {
	for fact := range slices.Chunk(s.facts(), 2) {
		name, value := fact[0], fact[1]
		switch name {
		case "time":
			value = p.v.Now.UTC().Format("2006-01-02 15:04:05 UTC")
		case "complete":
			value = p.t[value]
		case "missing":
			value = p.missing(s)
		case "scope":
			value = p.scope(s)
		case "changes":
			value = p.changes(s.Changes)
		case "tool":
			value = p.t["tool_"+value]
		}
		p.print("<dt>", escape(p.t["fact_"+name]), "</dt><dd>", escape(visible(value)), "</dd>\n")
	}
}

// scope says what was asked for.
func (p *page) scope(s *Summary) string {
	scope := s.Provenance.Scope
	if !scope.narrows() && scope.After == "" {
		return p.t["scope_all"]
	}
	var parts []string
	add := func(name string, values ...string) {
		if text := strings.Join(values, " "); text != "" {
			parts = append(parts, p.t["scope_"+name]+" "+text)
		}
	}
	add("accounts", scope.Accounts...)
	add("regions", scope.Regions...)
	add("buckets", scope.Buckets...)
	add("prefix", scope.Prefix)
	add("after", scope.After)
	return strings.Join(parts, "; ")
}

// controls are the checks that people are audited for, with the predicate that was
// tested.
func (p *page) controls(s *Summary) {
	for _, c := range s.Controls {
		p.print(`<tr><th scope="row">`, escape(c.Standard), ` <span>`, escape(c.Control), `</span></th><td>`, escape(p.t["test_"+c.Test]), `</td>`)
		for _, n := range []struct {
			class string
			count int
		}{{"pass", c.Pass}, {"fail", c.Fail}, {"open", c.Unknown}} {
			class := n.class
			if n.count == 0 {
				class = "zero"
			}
			p.print(`<td class="`, class, `">`, grouped(n.count), "</td>")
		}
		p.print("</tr>\n")
	}
}

// register lists the policy's exemptions, those that have ended too.
func (p *page) register() {
	if len(p.v.Exemptions) == 0 {
		return
	}
	p.print(`<section class="card register" aria-labelledby="h-register"><h2 id="h-register">`, escape(p.t["register"]), "</h2>\n<table class=\"plain\"><thead><tr>")
	for _, head := range []string{"rule", "status", "until", "owner", "reason", "buckets"} {
		p.print(`<th scope="col">`, escape(p.t["register_"+head]), "</th>")
	}
	p.print("</tr></thead><tbody>\n")
	for _, x := range p.v.Exemptions {
		p.exemptionRow(x)
	}
	p.print("</tbody></table></section>\n")
}

func (p *page) exemptionRow(x ossenc.Exemption) {
	status := "active"
	switch {
	case x.Ended(p.v.Now):
		status = "ended"
	case slices.Contains(p.v.EndingSoon, x):
		status = "soon"
	}
	buckets := "–"
	if c := p.by["policy"][x.Rule]; c != nil {
		buckets = grouped(c.all)
		if bare := p.bare[x.Rule]; bare > 0 {
			buckets += p.t.with("of_them_bare", "n", grouped(bare))
		}
	}
	p.print(`<tr class="`, status, `"><th scope="row">`, escape(visible(x.Rule)), `</th><td><b>`, escape(p.t["exemption_"+status]), `</b></td>`)
	for _, cell := range []string{x.Until.String(), x.Owner, x.Reason, buckets} {
		p.print("<td>", escape(visible(cell)), "</td>")
	}
	p.print("</tr>\n")
}

// query is the address of this report with one parameter replaced.
func (p *page) query(name, value string) string {
	query := url.Values{"format": {"html"}, "lang": {p.v.Language}}
	for name, value := range map[string]string{"prefix": p.v.Prefix, "region": p.v.RegionFilter, "after": p.v.After} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if p.v.Limit > 0 {
		query.Set("limit", strconv.Itoa(p.v.Limit))
	}
	query.Set(name, value)
	if query.Get("format") != "html" {
		query.Del("lang")
	}
	return "?" + query.Encode()
}

// languages are links to the page in the others. A command's page has no address.
func (p *page) languages() {
	if p.v.Reach == ReachCommand {
		return
	}
	p.print(`<nav class="languages" aria-label="`, escape(p.t["languages"]), `">`)
	for _, language := range []string{"en", "zh", "ja"} {
		p.print(`<a hreflang="`, LanguageTag(language), `" lang="`, LanguageTag(language), `" href="`, escape(p.query("lang", language)), `"`)
		if language == p.v.Language {
			p.print(` aria-current="true"`)
		}
		p.print(">", pageTexts()[language]["language"], "</a>")
	}
	p.print("</nav>\n")
}

// forms are links to the other forms, where a browser can follow them.
func (p *page) forms() {
	p.print(`<nav class="forms" aria-label="`, escape(p.t["downloads"]), `">`)
	if p.v.Reach == ReachSigned {
		for _, f := range formats {
			if f.Name != "html" && f.Check(p.v) == nil {
				p.print(`<a download href="`, escape(p.query("format", f.Name)), `">`, escape(formNames[f.Name]), "</a>")
			}
		}
	}
	p.print("</nav>\n")
}

// formNames are how people know the forms.
var formNames = map[string]string{"json": "JSON", "csv": "CSV", "prometheus": "Prometheus", "ocsf": "OCSF", "junit": "JUnit", "sarif": "SARIF"}

// otherForms is a line that makes another form, for a page that was saved.
func (p *page) otherForms() {
	line := "bucketwarden report --output report.json --output report.csv"
	switch query := p.query("format", "json"); p.v.Reach {
	case ReachSigned:
		line = "bucketwarden call GET '/report" + query + "' " + p.target() + " --output report.json"
	case ReachToken:
		line = `curl -H "Authorization: Bearer $TOKEN" '` + p.base() + "/report" + query + "' -o report.json"
	}
	p.print("<p>", escape(p.t["downloads"]), escape(p.t["colon"]), "<code>", escape(line), "</code></p>\n")
}
