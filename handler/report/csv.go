package report

import (
	"encoding/csv"
	"strings"

	"bucketwarden/ossenc"
)

// csvReport is one line for each bucket (RFC 4180), and one more with the verdict
// "incomplete" where something is missing.
type csvReport struct{ out *csv.Writer }

func newCSV(p *printer, _ View) writer {
	out := csv.NewWriter(p)
	out.UseCRLF = true
	return csvReport{out}
}

func (c csvReport) begin() {
	c.line("account", "bucket", "region", "verdict", "code", "rule", "wanted", "policy_rule", "reason", "oss_request_id")
}

func (c csvReport) row(res ossenc.Result) {
	wanted := ""
	if !res.Wanted.IsNone() {
		wanted = res.Wanted.String()
	}
	c.line(res.Account, res.Bucket, res.Region, string(res.Verdict), string(res.Code), ruleOf(res), wanted, res.PolicyRule, res.Reason, res.OSSRequestID)
}

func (c csvReport) end(s *Summary) {
	if !s.Complete {
		code := ossenc.Code("")
		if s.Error != nil {
			code = s.Error.Code
		}
		c.line("", "", "", "incomplete", string(code), "", "", "", s.Incomplete(), "")
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
// a key ID is whatever a person set.
func noFormula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
