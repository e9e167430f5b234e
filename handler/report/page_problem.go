package report

import (
	_ "embed"
	"io"
	"strconv"
)

var (
	//go:embed page/problem.html
	problemTemplate string
	//go:embed page/problem.css
	problemStyle string
)

// Advice says what the reader of a problem's page can do.
type Advice string

// The kinds of advice.
const (
	AdviceToken  Advice = "401_token"  // show a token
	AdviceClosed Advice = "403_closed" // open HTTP
	AdviceScope  Advice = "403_scope"  // ask as a caller who may
	AdviceCloud  Advice = "403_cloud"  // grant the function's role what it lacks
	AdvicePath   Advice = "404_path"   // go to the report
	AdviceBucket Advice = "404_bucket" // see which buckets there are
	AdviceQuery  Advice = "400_text"   // correct the address
	AdviceOther  Advice = "other_text" // try again, see the log
)

// Problem is what a browser is shown in place of a report.
type Problem struct {
	Status int
	Advice Advice
	// Detail, Code and RequestID are those of the answer for programs; safe to show.
	Detail, Code, RequestID string
	// Language is one of [Languages], and BaseURL as in [View].
	Language, BaseURL string
}

// ProblemPolicy returns the Content-Security-Policy of a problem's page.
func ProblemPolicy() string {
	return "default-src 'none'; style-src " + hashSource(problemStyle) + "; img-src data:; base-uri 'none'; form-action 'none'"
}

// WriteProblem writes a problem's page. The error is that of w.
func WriteProblem(w io.Writer, one Problem) error {
	if pageTexts()[one.Language] == nil {
		one.Language = "en"
	}
	p := &page{printer: &printer{w: w}, v: View{BaseURL: one.BaseURL, Language: one.Language}, t: pageTexts()[one.Language]}
	text := func(s string) func() { return func() { p.print(escape(visible(s))) } }
	headline := p.t["problem_"+one.Advice.headline()]
	p.fill(problemTemplate, map[string]func(){
		".lang":     text(LanguageTag(one.Language)),
		".policy":   func() { p.print(escape(ProblemPolicy())) },
		".style":    func() { p.print(problemStyle) },
		".title":    text(strconv.Itoa(one.Status) + " " + headline + " · Bucketwarden"),
		".status":   text(strconv.Itoa(one.Status)),
		".headline": text(headline),
		".advice":   text(p.t["problem_"+string(one.Advice)]),
		".line":     func() { p.problemLine(one.Advice) },
		".link":     func() { p.problemLink(one.Advice) },
		".detail":   text(one.Detail),
		".facts":    func() { p.problemFacts(one) },
	})
	return p.err
}

// headline names the text that begins the page.
func (a Advice) headline() string {
	if a == AdviceOther {
		return "other"
	}
	return string(a[:len("404")])
}

// problemLine is the line that shows the report all the same.
func (p *page) problemLine(a Advice) {
	switch a {
	case AdviceToken:
		p.print("<pre>", escape("bucketwarden open --url '"+p.base()+"' --token-file token"), "</pre>\n")
	case AdviceClosed:
		p.print("<pre>bucketwarden report --output report.html</pre>\n")
	}
}

// problemLink leads to the report, where the caller may see it.
func (p *page) problemLink(a Advice) {
	switch a {
	case AdvicePath, AdviceBucket, AdviceQuery:
		p.print(`<a class="go" href="/report">`, escape(p.t["problem_report"]), "</a>\n")
	}
}

func (p *page) problemFacts(one Problem) {
	for _, fact := range [][2]string{{"code", one.Code}, {"problem_request", one.RequestID}} {
		if fact[1] != "" {
			p.print("<dt>", escape(p.t[fact[0]]), "</dt><dd>", escape(visible(fact[1])), "</dd>")
		}
	}
}
