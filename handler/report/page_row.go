package report

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"strings"

	"bucketwarden/ossenc"
)

// group is what a row of the page is counted as, the worst first.
type group int

// The groups.
const (
	groupForeign group = iota // a KMS key that the policy does not name
	groupNone                 // no default encryption
	groupUnknown              // could not be read
	groupWeak                 // a rule, but not compliant
	groupExempt               // the policy leaves it alone
	groupOK                   // compliant
	groupGone                 // deleted since it was listed
	groupCount
)

// groupNames are the groups in the page's address, classes and texts.
var groupNames = [groupCount]string{"foreign", "none", "unknown", "weak", "exempt", "ok", "gone"}

func groupOf(res ossenc.Result) group {
	switch {
	case res.Verdict == ossenc.Gone:
		return groupGone
	case res.Verdict == ossenc.Exempt: // read or not
		return groupExempt
	case isUnread(res) || !res.Observed:
		return groupUnknown
	case res.Verdict == ossenc.Compliant:
		return groupOK
	case res.Code == ossenc.ForeignKey:
		return groupForeign
	case res.After.IsNone():
		return groupNone
	}
	return groupWeak
}

// columns are the table's, by the names of their texts. Those of a policy are only
// there where one decides.
func (p *page) columns() []string {
	all := []string{"bucket"}
	if p.v.Accounts {
		all = append(all, "account")
	}
	all = append(all, "region", "rule")
	if p.hasPolicy() {
		all = append(all, "required", "policy")
	}
	return append(all, "state", "why")
}

func (p *page) heads() {
	for _, c := range p.columns() {
		p.print(`<th scope="col" data-f="`, c, `">`, escape(p.t["col_"+c]), "</th>")
	}
}

// keep makes a row's line and keeps it behind its group. What to do about a row is for
// the script to unfold: 5,000 times the same lines would make the page ten times as
// long.
func (p *page) keep(r row) {
	line := page{printer: &printer{w: p.rows}, v: p.v, t: p.t}
	line.print(string(rune(mark(groupOf(r.Result)))))
	line.tableRow(r)
}

// table writes the rows, the worst first.
func (p *page) table() {
	_ = p.rows.in.Close() // a buffer takes everything
	for g := range groupCount {
		if p.all.group[g] > 0 {
			p.rowsOf(g)
		}
	}
}

func (p *page) rowsOf(g group) {
	lines := bufio.NewReader(flate.NewReader(bytes.NewReader(p.rows.kept.Bytes())))
	for p.err == nil {
		line, err := lines.ReadString('\n')
		if err != nil { // the end: a buffer has no other
			return
		}
		if line[0] == mark(g) {
			p.print(line[1:])
		}
	}
}

// mark is the byte that a kept line of a group begins with.
func mark(g group) byte { return 'a' + byte(g) }

// tableRow writes what is, how that compares and why.
func (p *page) tableRow(r row) {
	res := r.Result
	g := groupOf(res)
	p.print(`<tr id="b-`, escape(visible(res.Bucket)), `" data-g="`, groupNames[g], `"`)
	p.attribute("data-c", string(res.Code))
	p.attribute("data-i", res.OSSRequestID)
	if !p.v.Accounts {
		p.attribute("data-o", res.Account)
	}
	p.attribute("data-n", string(r.change))
	if needsAttention(res) {
		if !res.Target.IsNone() {
			p.attribute("data-t", res.Target.String())
		}
		if r.change != "" {
			p.attribute("data-s", r.since())
		}
		if holdsBack(res.Mode) {
			p.attribute("data-m", string(res.Mode))
		}
	}
	why, details, original := p.reason(res, g)
	p.attribute("data-r", original)
	p.print(`><th scope="row">`, escape(visible(res.Bucket)), "</th>")
	if p.v.Accounts {
		p.print(`<td>`, escape(visible(cmp.Or(res.Account, p.v.Account))), `</td>`)
	}
	p.print("<td>", escape(visible(res.Region)), "</td>")
	p.ruleCell(p.rule(res))
	if p.hasPolicy() {
		p.ruleCell(requiredOf(res))
		p.print("<td>", escape(visible(res.PolicyRule)), "</td>")
	}
	p.print(`<td><b>`, escape(p.t["group_"+groupNames[g]]), `</b>`)
	if r.change != "" {
		p.print(` <em>`, escape(p.t["change_"+string(r.change)]), `</em>`)
	}
	p.print(`</td><td>`, escape(visible(why)))
	if details != "" {
		p.print("<small>", escape(visible(details)), "</small>")
	}
	p.print("</td></tr>\n")
}

// ruleCell shows a rule. A long key is shortened in its middle; the whole is its
// title, which print and readers without the script see instead.
func (p *page) ruleCell(rule string) {
	whole := visible(rule)
	short := shortened(whole)
	if short == whole {
		p.print("<td>", escape(whole), "</td>")
		return
	}
	p.print(`<td><span title="`, escape(whole), `"><i>`, escape(short), "</i></span></td>")
}

// longestKey is how many characters of a key show.
const longestKey = 24

// shortened is a rule with the middle of a long key left out: its end tells keys apart.
func shortened(rule string) string {
	head, rest, found := strings.Cut(rule, "(")
	end := strings.LastIndexByte(rest, ')')
	if !found || end < 0 {
		return rule
	}
	return head + "(" + shortKey(rest[:end]) + rest[end:]
}

func shortKey(id string) string {
	key := []rune(id)
	if len(key) <= longestKey {
		return id
	}
	return string(key[:longestKey/2-1]) + "…" + string(key[len(key)-longestKey/2:])
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
