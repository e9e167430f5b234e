package report

import (
	"strings"

	"bucketwarden/ossenc"
)

// alarming are the groups that the headline counts, worst first.
var alarming = []group{groupForeign, groupNone, groupUnknown, groupWeak}

// headlineParts are the text of the headline around its counts, which stand at {list}.
func (p *page) headlineParts(s *Summary) (before, after string) {
	name := "headline_bad"
	switch {
	case s.isPart():
		name = "headline_part"
	case p.all.all == 0:
		name = "headline_empty"
	case p.all.bad() == 0 && p.all.all == 1:
		name = "headline_one"
	case p.all.bad() == 0:
		name = "headline_ok"
	case p.all.all == 1:
		name = "headline_bad_one"
	}
	before, after, _ = strings.Cut(p.t.with(name, "n", grouped(p.all.all)), "{list}")
	return before, after
}

// headline counts what needs attention, each state in its colour.
func (p *page) headline(s *Summary) {
	before, after := p.headlineParts(s)
	if p.all.bad() == 0 && p.all.all > 0 && !s.isPart() {
		p.print(`<span class="mark" aria-hidden="true"></span>`)
	}
	p.print(escape(before))
	if p.all.bad() > 0 && !s.isPart() {
		p.alarms()
	}
	p.print(escape(after))
}

// alarms are the counts of the states that need attention.
func (p *page) alarms() {
	comma := ""
	for _, g := range alarming {
		if n := p.all.group[g]; n > 0 {
			p.print(escape(comma), `<span class="g-`, groupNames[g], `">`, escape(p.count(g, n)), `</span>`)
			comma = p.t["comma"]
		}
	}
}

// count says how many buckets are of a state.
func (p *page) count(g group, n int) string {
	return p.t.with("count_"+groupNames[g], "n", grouped(n))
}

// title is the headline as text, so that a tab or a wall of them says it too.
func (p *page) title(s *Summary) string {
	before, after := p.headlineParts(s)
	var list []string
	if !s.isPart() {
		for _, g := range alarming {
			if n := p.all.group[g]; n > 0 {
				list = append(list, p.count(g, n))
			}
		}
	}
	return before + strings.Join(list, p.t["comma"]) + after + " · Bucketwarden"
}

// sub is what stands below the headline: what is required, what this part has, and
// what changed.
func (p *page) sub(s *Summary) {
	p.print(`<p class="sub">`, escape(p.required()))
	if holdsBack(p.v.Mode) {
		p.print(` · `, escape(p.t["mode_"+string(p.v.Mode)]))
	}
	p.print("</p>\n")
	if s.isPart() && p.all.all > 0 {
		p.print(`<p class="sub inpart">`, escape(p.t.with("in_part", "n", grouped(p.all.all))))
		if p.all.bad() > 0 {
			p.print(escape(p.t["colon"]))
			p.alarms()
		}
		p.print("</p>\n")
	}
	if s.Changes != nil {
		p.print(`<p class="sub changes">`, escape(p.changes(s.Changes)), "</p>\n")
	}
}

func (p *page) changes(c *Changes) string {
	return p.t.with("changes_line", "since", c.Since.UTC().Format("2006-01-02 15:04 UTC"), "new", grouped(c.New), "worse", grouped(c.Worse), "open", grouped(c.Open), "fixed", grouped(c.Fixed))
}

func (p *page) required() string {
	switch {
	case p.v.Wanted.IsNone():
		return p.t["required_policy"]
	case p.v.Compare == ossenc.Exact:
		return p.t.with("required_exact", "rule", visible(p.v.Wanted.String()))
	}
	return p.t.with("required_floor", "rule", visible(p.v.Wanted.String()))
}

// notices says why the report is not complete, and which exemptions end soon.
func (p *page) notices(s *Summary) {
	if !s.Complete {
		p.print(`<p class="notice" role="alert"><strong>`, escape(p.t["incomplete"]), `</strong> `, escape(p.missing(s)))
		if s.Next != "" && p.v.Reach != ReachCommand {
			p.print(` <a href="`, escape(p.query("after", s.Next)), `">`, escape(p.t["go_on"]), `</a>`)
		}
		p.print("</p>\n")
	}
	if len(s.EndingSoon) == 0 {
		return
	}
	p.print(`<section class="notice soon"><strong>`, escape(p.t["ending_soon"]), "</strong><ul>")
	for _, x := range s.EndingSoon {
		p.print("<li>", escape(visible(x.Until.String()+p.t["colon"]+x.Rule+" ("+x.Owner+")"+p.t["colon"]+x.Reason)), "</li>")
	}
	p.print("</ul></section>\n")
}

// missing says why the report is not complete.
func (p *page) missing(s *Summary) string {
	switch {
	case s.Error != nil:
		why := p.t.with("list_failed", "why", p.t["code_"+string(s.Error.Code)])
		if p.v.Language == "en" {
			why += " " + s.Error.Detail
		}
		return why
	case s.Next != "":
		return p.t["more_follow"]
	case s.Unread == 0:
		return p.t["nothing_asked"]
	}
	return p.t.with("unread", "n", grouped(s.Unread))
}

// empty is what stands in place of the table of an account without buckets.
func (p *page) empty(s *Summary) {
	if p.all.all > 0 || p.all.group[groupGone] > 0 {
		return
	}
	text := "empty_account"
	if s.matchesNothing() {
		text = "empty_scope"
	}
	if s.isPart() {
		text = "empty_part"
	}
	p.print(`<section class="card empty"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 3h12l-1.6 10a1 1 0 0 1-1 .9H4.6a1 1 0 0 1-1-.9z"/></svg><p>`,
		escape(p.t.with(text, "scope", visible(p.scope(s)))), "</p></section>\n")
}
