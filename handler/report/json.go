package report

import (
	"bytes"
	"strings"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// jsonReport is one object: the rows under buckets first, as they come, then the
// members of [Summary].
type jsonReport struct {
	*printer
	comma string
}

// jsonRow is a row with what programs would have to derive.
type jsonRow struct {
	ossenc.Result
	// Rule is the current rule in one word, none for no rule; empty if it was not read.
	Rule string `json:"rule"`
	// Required is the required rule in one word; empty if none is known.
	Required string `json:"required"`
	// Meets are the tests of the controls that the rule passes; null if it was not read.
	Meets []string `json:"meets"`
	// Change compares with earlier reports. OpenSince is since when at least the bucket
	// needs attention; empty if it does not.
	Change    Change `json:"change,omitempty"`
	OpenSince string `json:"open_since,omitempty"`
}

func newJSON(p *printer, _ View) writer { return &jsonReport{printer: p} }

func (j *jsonReport) begin() { j.print(`{"buckets":[`) }

func (j *jsonReport) row(r row) {
	res := r.Result
	j.print(j.comma, "\n", encoded(jsonRow{res, ruleOf(res), requiredOf(res), meets(res), r.change, r.since()}))
	j.comma = ","
}

func (j *jsonReport) end(s *Summary) {
	j.print("\n],\n", strings.TrimPrefix(encoded(s), "{"), "\n")
}

func encoded(v any) string {
	var b bytes.Buffer
	_ = strictjson.Encode(&b, v) // plain structs always encode
	return strings.TrimSpace(b.String())
}
