package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
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
// begins with a picture of all rows and shows the worst first, so it keeps them,
// compressed, until the end.
type page struct {
	*printer
	v    View
	t    texts
	rows *spool
	// names of accounts, by ID.
	names map[string]string
	tallies
}

func newPage(out *printer, v View) writer {
	if pageTexts()[v.Language] == nil {
		v.Language = "en"
	}
	v.Reach = cmp.Or(v.Reach, ReachSigned)
	return &page{printer: out, v: v, t: pageTexts()[v.Language], rows: newSpool(), names: map[string]string{}, tallies: newTallies()}
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

func (p *page) row(r row) {
	p.tallies.add(r.Result, p.v.Account)
	p.keep(r)
}

func (p *page) end(s *Summary) {
	p.nameAccounts(s)
	p.fill(pageTemplate, p.slots(s))
}

// fill writes a template.
func (p *page) fill(template string, slots map[string]func()) {
	for i, part := range strings.Split(template, "{{") {
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
	now := p.v.Now.UTC()
	raw := func(s string) func() { return func() { p.print(s) } }
	text := func(s string) func() { return func() { p.print(escape(s)) } }
	return map[string]func(){
		".lang":   text(LanguageTag(p.v.Language)),
		".policy": text(pagePolicy()),
		".style":  raw(pageStyle),
		".early":  raw(earlyScript),
		".script": raw(pageScript),
		".data":   func() { p.print(scriptJSON(p.data())) },
		".time":   text(now.Format(time.RFC3339)),
		".when":   text(now.Format("2006-01-02 15:04 UTC")),
		".place":  text(strings.Trim(visible(p.v.Account)+" · "+p.v.Region, " ·")),
		".class":  text(p.class(s)),
		".title":  text(p.title(s)),

		".headline":  func() { p.headline(s) },
		".sub":       func() { p.sub(s) },
		".notice":    func() { p.notices(s) },
		".donut":     func() { p.donut(s) },
		".legend":    func() { p.legend(s) },
		".cards":     p.cards,
		".accounts":  func() { p.accounts(s) },
		".languages": p.languages,
		".forms":     p.forms,
		".heads":     p.heads,
		".rows":      p.table,
		".empty":     func() { p.empty(s) },
		".register":  p.register,
		".controls":  func() { p.controls(s) },
		".trend":     func() { p.trend(s.Changes) },
		".facts":     func() { p.facts(s) },
		".others":    p.otherForms,
		".fix":       text(p.fixExample()),
		".fixnote":   text(p.t["fix_note_"+string(p.fixBy())]),
		".terraform": text(terraformExample),
	}
}

// class says what the page shows, for its style: nothing to fix, no buckets, a part.
func (p *page) class(s *Summary) string {
	var all []string
	for _, c := range []struct {
		name string
		on   bool
	}{{"part", s.isPart()}, {"no-rows", p.all.all == 0}, {"fine", p.all.bad() == 0}, {"with-policy", p.hasPolicy()}} {
		if c.on {
			all = append(all, c.name)
		}
	}
	return strings.Join(all, " ")
}

// hasPolicy is whether a policy decides for each bucket.
func (p *page) hasPolicy() bool { return p.v.Wanted.IsNone() }

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
	policy := ""
	if p.v.Origin.Policy != nil {
		policy = p.v.Origin.Policy.Name
	}
	words := texts{}
	for _, name := range scriptTexts() {
		words[name] = p.t[name]
	}
	return map[string]any{
		"texts":   words,
		"wanted":  requiredOf(ossenc.Result{Wanted: p.v.Wanted}),
		"exact":   p.v.Compare == ossenc.Exact,
		"base":    p.base(),
		"target":  p.target(),
		"reach":   p.fixBy(),
		"mode":    p.v.Mode,
		"account": p.v.Account,
		"home":    p.v.Region,
		"policy":  policy,
		"names":   p.names,
	}
}

// base is the address for the curl lines.
func (p *page) base() string { return cmp.Or(p.v.BaseURL, "http://HOST") }

// reachInvoke is how a bucket can be fixed where requests cannot write: by calling the
// function by its name.
const reachInvoke Reach = "invoke"

// fixBy is how a bucket can be fixed.
func (p *page) fixBy() Reach {
	if p.v.ReadOnly {
		return reachInvoke
	}
	return p.v.Reach
}

// target is how the command's verb call names the function: by its address, or by its
// name where it was called so.
func (p *page) target() string {
	if strings.HasSuffix(p.v.BaseURL, "//invoke.local") {
		return "--function bucketwarden"
	}
	return "--url '" + p.base() + "'"
}

// fixExample is the line that fixes one bucket, for a reader without the script.
func (p *page) fixExample() string {
	switch p.fixBy() {
	case ReachToken:
		return `curl -X PUT -H "Authorization: Bearer $TOKEN" '` + p.base() + `/buckets/NAME/encryption'`
	case ReachCommand:
		return "bucketwarden rule set NAME"
	case ReachSigned:
		return "bucketwarden call PUT '/buckets/NAME/encryption' " + p.target()
	}
	return `s invoke -e '{"action":"sweep","prefix":"NAME"}'`
}

// LanguageTag is the language as BCP 47 names it.
func LanguageTag(language string) string {
	if language == "zh" {
		return "zh-CN"
	}
	return language
}
