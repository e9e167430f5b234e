package handler

import (
	"bucketwarden/ossenc"
)

// group is what a row of the page is about.
type group string

// The groups, worst first.
const (
	groupNone    group = "none"    // no default encryption
	groupUnknown group = "unknown" // could not be read
	groupWeak    group = "weak"    // a rule, but not as wanted
	groupOK      group = "ok"      // as wanted
	groupGone    group = "gone"    // deleted since it was listed
)

var groups = []group{groupNone, groupUnknown, groupWeak, groupOK, groupGone}

func groupOf(res ossenc.Result) group {
	switch {
	case res.Verdict == ossenc.Gone:
		return groupGone
	case res.Verdict.Failed():
		return groupUnknown
	case res.Verdict == ossenc.Compliant:
		return groupOK
	case res.After.IsNone():
		return groupNone
	}
	return groupWeak
}

func countGroups(rows []ossenc.Result) map[group]int {
	count := map[group]int{}
	for _, res := range rows {
		count[groupOf(res)]++
	}
	return count
}

func (p *page) table() {
	for _, res := range p.rows {
		p.tableRow(res)
	}
}

// tableRow writes what is, how that compares and why. What to do about it is for
// the script to unfold: 5,000 times the same lines would make the page ten
// times as long.
func (p *page) tableRow(res ossenc.Result) {
	g := groupOf(res)
	p.x.print(`<tr data-g="`, string(g), `"`)
	p.attribute("data-c", string(res.Code))
	p.attribute("data-i", res.OSSRequestID)
	wanted := p.x.web.handler.Want.Rule
	if res.Wanted != wanted {
		p.attribute("data-w", res.Wanted.String())
	}
	if target := p.target(res); target != wanted {
		p.attribute("data-a", target.Algorithm)
		p.attribute("data-k", target.KMSKeyID)
		p.attribute("data-d", target.KMSDataEncryption)
	}
	p.x.print(`><th scope="row">`, escape(visible(res.Bucket)),
		`</th><td>`, escape(visible(res.Region)),
		`</td><td>`, escape(visible(p.rule(res, g))),
		`</td><td><b>`, escape(p.t["group_"+string(g)]),
		`</b></td><td>`, escape(p.why(res, g)),
		`<small>`, escape(visible(res.Reason)), "</small></td></tr>\n")
}

func (p *page) attribute(name, value string) {
	if value != "" {
		p.x.print(" ", name, `="`, escape(visible(value)), `"`)
	}
}

// target is the rule that should be in force in the end.
func (p *page) target(res ossenc.Result) ossenc.Rule {
	if g := groupOf(res); g == groupUnknown || g == groupGone {
		return res.Wanted
	}
	return ossenc.Decide(res.After, res.Wanted, p.x.web.handler.Want.Compare).Target
}

func (p *page) rule(res ossenc.Result, g group) string {
	switch {
	case g == groupUnknown || g == groupGone:
		return "?"
	case res.After.IsNone():
		return p.t["rule_none"]
	}
	return res.After.String()
}

// why says in the reader's language what the reason says in full.
func (p *page) why(res ossenc.Result, g group) string {
	switch g {
	case groupUnknown:
		return p.t["code_"+string(res.Code)]
	case groupOK:
		if res.After == res.Wanted {
			return p.t["why_same"]
		}
		if res.After.Strength() == res.Wanted.Strength() {
			return p.t["why_other_key"]
		}
		return p.t["why_stronger"]
	case groupWeak:
		if p.x.web.handler.Want.Compare == ossenc.Exact {
			return p.t["why_other"]
		}
	}
	return p.t["why_"+string(g)]
}
