package report

import (
	"bucketwarden/ossenc"
)

// group is what a row of the page is counted as.
type group string

// The groups, worst first.
const (
	groupNone    group = "none"    // no default encryption
	groupUnknown group = "unknown" // could not be read
	groupWeak    group = "weak"    // a rule, but not compliant
	groupExempt  group = "exempt"  // the policy leaves it alone
	groupOK      group = "ok"      // compliant
	groupGone    group = "gone"    // deleted since it was listed
)

var groups = []group{groupNone, groupUnknown, groupWeak, groupExempt, groupOK, groupGone}

func groupOf(res ossenc.Result) group {
	switch {
	case res.Verdict == ossenc.Gone:
		return groupGone
	case isUnread(res) || !res.Observed:
		return groupUnknown
	case res.Verdict == ossenc.Exempt:
		return groupExempt
	case res.Verdict == ossenc.Compliant:
		return groupOK
	case res.After.IsNone():
		return groupNone
	}
	return groupWeak
}

// counts are the rows by group.
type counts struct {
	group     map[group]int
	all       int // except those that are gone
	bad       int // those that need attention
	encrypted int
}

func count(rows []ossenc.Result) counts {
	c := counts{group: map[group]int{}}
	for _, res := range rows {
		g := groupOf(res)
		c.group[g]++
		if g == groupGone {
			continue
		}
		c.all++
		c.bad += number(needsAttention(res))
		c.encrypted += number(res.Observed && !res.After.IsNone())
	}
	return c
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
	p.print(`<tr data-g="`, string(g), `"`)
	p.attribute("data-c", string(res.Code))
	p.attribute("data-i", res.OSSRequestID)
	p.attribute("data-o", res.Account)
	p.attribute("data-p", res.PolicyRule)
	wanted := p.v.Wanted
	if res.Wanted != wanted && !res.Wanted.IsNone() {
		p.attribute("data-w", res.Wanted.String())
	}
	if target := res.Target; target != wanted {
		p.attribute("data-a", target.Algorithm)
		p.attribute("data-k", target.KMSKeyID)
		p.attribute("data-d", target.KMSDataEncryption)
	}
	p.print(`><th scope="row">`, escape(visible(res.Bucket)),
		`</th><td>`, escape(visible(res.Region)),
		`</td><td>`, escape(visible(p.rule(res))),
		`</td><td><b>`, escape(p.t["group_"+string(g)]),
		`</b></td><td>`, escape(p.why(res, g)),
		`<small>`, escape(visible(res.Reason)), "</small></td></tr>\n")
}

func (p *page) attribute(name, value string) {
	if value != "" {
		p.print(" ", name, `="`, escape(visible(value)), `"`)
	}
}

func (p *page) rule(res ossenc.Result) string {
	switch {
	case !res.Observed:
		return "?"
	case res.After.IsNone():
		return p.t["rule_none"]
	}
	return res.After.String()
}

// why says in the reader's language what the reason says in full.
func (p *page) why(res ossenc.Result, g group) string {
	switch {
	case res.Code == ossenc.Refused && res.OSSCode == "": // OSS was not asked
		return p.t["why_not_possible"]
	case res.Code != "":
		return p.t["code_"+string(res.Code)]
	case g == groupOK && res.After == res.Wanted:
		return p.t["why_same"]
	case g == groupOK && res.After.Strength() == res.Wanted.Strength():
		return p.t["why_other_key"]
	case g == groupOK:
		return p.t["why_stronger"]
	case g == groupWeak && res.After.Strength().AtLeast(res.Wanted.Strength()):
		return p.t["why_other"] // only an exact comparison minds
	}
	return p.t["why_"+string(g)]
}
