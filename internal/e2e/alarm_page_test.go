package e2e

import (
	"fmt"
	"html"
	"regexp"
	"strings"
)

// page renders a content template of Simple Log Service: the part of its syntax that
// docs/setup/notify/alarm.json uses, as its reference describes it. Anything else fails.
type page struct {
	fail  func(string, ...any)
	html  bool // the channel is mail
	names map[string]any
	rest  [][]string // tags that are not yet read
	out   strings.Builder
}

var (
	tag  = regexp.MustCompile(`(?s)(.*?)(?:\{%\s*(.*?)\s*%\}|\{\{\s*(.*?)\s*\}\}|$)`)
	loop = regexp.MustCompile(`^for (\w+), (\w+) in enumerate\(([\w.]+)\)$`)
	test = regexp.MustCompile(`^if ([\w.]+) (<|==) (?:"(\w+)"|(\d+))$`)
)

func (p *page) render(template string) string {
	p.rest, p.out = tag.FindAllStringSubmatch(template, -1), strings.Builder{}
	p.until("", true)
	if len(p.rest) > 0 {
		p.fail("the template does not end: %q", p.rest)
	}
	return p.out.String()
}

// until renders as far as an end; where shown is false, it only reads.
func (p *page) until(end string, shown bool) {
	for len(p.rest) > 0 {
		t := p.rest[0]
		p.rest = p.rest[1:]
		if shown {
			p.out.WriteString(t[1])
			if t[3] != "" {
				p.out.WriteString(p.value(t[3]))
			}
		}
		switch {
		case t[2] == "":
		case t[2] == end:
			return
		case test.MatchString(t[2]):
			p.until("endif", shown && p.holds(test.FindStringSubmatch(t[2])))
		case loop.MatchString(t[2]):
			p.loop(loop.FindStringSubmatch(t[2]), shown)
		default:
			p.fail("not a statement: %q", t[2])
		}
	}
	if end != "" {
		p.fail("no %s", end)
	}
}

func (p *page) loop(m []string, shown bool) {
	rows, ok := p.lookUp(m[3]).([]row)
	if !ok {
		p.fail("%s is no list", m[3])
	}
	body := p.rest
	p.until("endfor", false)
	after := p.rest
	for i, r := range rows {
		p.rest, p.names[m[1]], p.names[m[2]] = body, i, r
		p.until("endfor", shown)
	}
	p.rest = after
}

func (p *page) holds(m []string) bool {
	if m[2] == "==" {
		return fmt.Sprint(p.lookUp(m[1])) == m[3]
	}
	n, limit := p.lookUp(m[1]).(int), 0
	_, err := fmt.Sscan(m[4], &limit)
	return err == nil && n < limit
}

func (p *page) lookUp(path string) any {
	var at any = p.names
	for name := range strings.SplitSeq(path, ".") {
		m, _ := at.(map[string]any)
		value, ok := m[name]
		if !ok {
			if p.names["row"] == nil && name == "index" { // a loop that is only read
				return 0
			}
			p.fail("an alert has no %s", path)
		}
		at = value
	}
	return at
}

// value is a variable, or a row as a list, each value escaped for the channel.
func (p *page) value(expression string) string {
	name, filter, filtered := strings.Cut(expression, " | ")
	v := p.lookUp(name)
	if !filtered {
		return fmt.Sprint(v)
	}
	r, ok := v.(row)
	if !ok || filter != "to_list" {
		p.fail("not a filter that is known here: %s", expression)
	}
	var list strings.Builder
	for _, c := range r {
		item, end := "- ", "\n"
		if p.html {
			item, end = "<li>", "</li>"
		}
		list.WriteString(item + p.escape(c.Name) + ": " + p.escape(c.Value) + end)
	}
	if p.html {
		return "<ul>" + list.String() + "</ul>"
	}
	return list.String()
}

func (p *page) escape(s string) string {
	if p.html {
		return html.EscapeString(s)
	}
	return regexp.MustCompile("[_*#\\[\\]()`<>~-]").ReplaceAllStringFunc(s, func(c string) string { return fmt.Sprintf("&#%d;", c[0]) })
}
