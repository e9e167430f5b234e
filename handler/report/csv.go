package report

import (
	"cmp"
	"encoding/csv"
	"slices"
	"strings"

	"bucketwarden/ossenc"
)

// csvReport is one line for each bucket (RFC 4180), then lines without a bucket: one
// with the verdict "incomplete" where something is missing, and one with the verdict
// "report" for each fact about the report, its name as the code and its value as the
// reason, one with the verdict "control" for each control, with earlier reports one with the
// verdict "trend" for each of them and this one, its time as the code, and where there are several
// accounts one with the verdict "account" for each, the worst first.
type csvReport struct {
	out *csv.Writer
	own string // the account of rows without one
}

func newCSV(p *printer, v View) writer {
	out := csv.NewWriter(p)
	out.UseCRLF = true
	return csvReport{out, v.Account}
}

func (c csvReport) begin() {
	c.line("account", "bucket", "region", "verdict", "code", "rule", "wanted", "policy_rule", "reason", "oss_request_id", "meets", "change", "open_since")
	c.out.Flush() // what is written is seen
}

func (c csvReport) row(r row) {
	res := r.Result
	c.line(cmp.Or(res.Account, c.own), res.Bucket, res.Region, string(res.Verdict), string(res.Code), ruleOf(res), requiredOf(res), res.PolicyRule, res.Reason, res.OSSRequestID, strings.Join(meets(res), " "), string(r.change), r.since())
}

func (c csvReport) end(s *Summary) {
	if !s.Complete {
		code := ossenc.Code("")
		if s.Error != nil {
			code = s.Error.Code
		}
		c.line("", "", "", "incomplete", string(code), "", "", "", s.Missing, "", "", "", "")
	}
	for fact := range slices.Chunk(s.facts(), 2) {
		c.line("", "", "", "report", fact[0], "", "", "", fact[1], "", "", "", "")
	}
	for _, one := range s.Controls {
		c.line("", "", "", "control", one.Standard+" "+one.Control, "", "", "", one.counts()+"; tested: "+one.Predicate, "", one.Test, "", "")
	}
	if s.Changes != nil {
		for _, point := range s.Changes.Trend {
			c.line("", "", "", "trend", point.when(), "", "", "", point.String(), "", "", "", "")
		}
	}
	for _, one := range s.Accounts {
		c.line(one.Account, "", "", "account", "", "", "", "", one.String(), "", "", "", "")
	}
	c.out.Flush()
}

func (c csvReport) line(cells ...string) {
	for i, cell := range cells {
		cells[i] = noFormula(cell)
	}
	_ = c.out.Write(cells) // the printer keeps the error
}

// noFormula puts an apostrophe before what a spreadsheet would take for a formula:
// a key ID is whatever a person set. Some take the wide forms of East Asia for the others.
func noFormula(s string) string {
	if strings.IndexAny(s, "=+-@\t\r＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
