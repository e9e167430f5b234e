package report

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// junitReport is JUnit's XML as CI systems read it: one test case for each bucket. A
// bucket that is not compliant is a failure, one that could not be read an error, and
// one that is exempt or gone is skipped. The counts come first, so the test cases are
// kept until the end.
type junitReport struct {
	*printer
	own   string
	cases *spool
	count map[string]int
}

func newJUnit(p *printer, v View) writer {
	return &junitReport{p, v.Account, newSpool(), map[string]int{}}
}

func (j *junitReport) begin() {}

func (j *junitReport) row(r row) {
	res := r.Result
	class := strings.Trim(cmp.Or(res.Account, j.own)+"."+res.Region, ".")
	out := printer{w: j.cases}
	out.print(`<testcase classname="`, xmlText(class), `" name="`, xmlText(res.Bucket), `" time="0"`)
	element := junitOutcome(res)
	j.count[element]++
	switch element {
	case "":
		if r.change != "" { // fixed
			out.print("><system-out>change: ", string(r.change), "</system-out></testcase>\n")
			break
		}
		out.print("/>\n")
	case "skipped":
		out.print(`><skipped message="`, xmlText(string(res.Verdict)+": "+res.Reason), `"/></testcase>`, "\n")
	default:
		kind := cmp.Or(string(res.Code), string(res.Verdict))
		details := "rule: " + cmp.Or(ruleOf(res), "not known") + "\nrequired: " + cmp.Or(requiredOf(res), "not known") + "\npolicy rule: " + cmp.Or(res.PolicyRule, "none") + "\nrequest: " + res.OSSRequestID
		if r.change != "" {
			details += "\nchange: " + string(r.change) + "\nopen since: " + r.since()
		}
		out.print(`><`, element, ` message="`, xmlText(res.Reason), `" type="`, xmlText(kind), `">`, xmlText(details), "</", element, "></testcase>\n")
	}
}

// junitOutcome is the element of a test case that did not pass; empty if it did.
func junitOutcome(res ossenc.Result) string {
	switch {
	case isUnread(res):
		return "error"
	case needsAttention(res):
		return "failure"
	case res.Verdict == ossenc.Exempt, res.Verdict == ossenc.Gone:
		return "skipped"
	}
	return ""
}

func (j *junitReport) end(s *Summary) {
	// What is missing is an error of its own: a CI job must not pass without it.
	if !s.Complete && s.Unread == 0 {
		j.count["error"]++
		out := printer{w: j.cases}
		out.print(`<testcase classname="report" name="complete" time="0"><error message="`, xmlText(s.Missing), `" type="incomplete"/></testcase>`, "\n")
	}
	tests := s.Rows + number(!s.Complete && s.Unread == 0)
	counts := ` tests="` + strconv.Itoa(tests) + `" failures="` + strconv.Itoa(j.count["failure"]) + `" errors="` + strconv.Itoa(j.count["error"]) + `" skipped="` + strconv.Itoa(j.count["skipped"]) + `" time="0"`
	j.print(xml.Header, `<testsuites name="bucketwarden"`, counts, ">\n", `<testsuite name="OSS default encryption"`, counts,
		` timestamp="`, s.Provenance.Time.Format("2006-01-02T15:04:05"), `" id="0">`, "\n<properties>\n")
	for fact := range slices.Chunk(s.facts(), 2) {
		j.property(fact[0], fact[1])
	}
	for _, c := range s.Controls {
		j.property(c.Standard+" "+c.Control, c.counts()+"; tested: "+c.Predicate)
	}
	if s.Changes != nil {
		for _, point := range s.Changes.Trend {
			j.property("trend "+point.when(), point.String())
		}
	}
	j.print("</properties>\n")
	j.cases.copyTo(j.printer)
	j.print("</testsuite>\n</testsuites>\n")
}

func (j *junitReport) property(name, value string) {
	j.print(`<property name="`, xmlText(name), `" value="`, xmlText(value), `"/>`, "\n")
}

// xmlText is s as text or attribute. What XML cannot hold is shown as U+FFFD.
func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything
	return b.String()
}
