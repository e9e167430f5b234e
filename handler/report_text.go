package handler

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// jsonReport is one object: the rows under buckets first, as they come, then
// the members of [reportEnd].
type jsonReport struct {
	x     *exchange
	comma string
}

func newJSONReport(x *exchange, _ reportQuery) reportWriter { return &jsonReport{x: x} }

func (j *jsonReport) begin() { j.x.print(`{"buckets":[`) }

func (j *jsonReport) row(res ossenc.Result) {
	j.x.print(j.comma, "\n", encoded(res))
	j.comma = ","
}

func (j *jsonReport) end(e *reportEnd) {
	j.x.print("\n],\n", strings.TrimPrefix(encoded(e), "{"), "\n")
}

func encoded(v any) string {
	var b bytes.Buffer
	_ = strictjson.Encode(&b, v) // plain structs always encode
	return strings.TrimSpace(b.String())
}

// csvReport is one line for each bucket (RFC 4180), and one more with the
// verdict "incomplete" where something is missing.
type csvReport struct{ x *exchange }

func newCSVReport(x *exchange, _ reportQuery) reportWriter {
	x.Header().Set("Content-Disposition", `inline; filename="bucketwarden-report.csv"`)
	return csvReport{x}
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

func (c csvReport) end(e *reportEnd) {
	if e.Complete {
		return
	}
	code := ossenc.Code("")
	if e.Error != nil {
		code = e.Error.Code
	}
	c.line("", "", "", "incomplete", string(code), "", "", "", e.incomplete(), "")
}

func (c csvReport) line(cells ...string) {
	for i, cell := range cells {
		cells[i] = csvCell(cell)
	}
	c.x.print(strings.Join(cells, ","), "\r\n")
}

// csvCell quotes a cell where it must be. One that a spreadsheet would take for
// a formula gets an apostrophe in front: a key ID is whatever somebody set.
func csvCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		s = "'" + s
	}
	if strings.ContainsAny(s, "\",\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

// prometheusReport is Prometheus's text format, version 0.0.4.
type prometheusReport struct{ x *exchange }

func newPrometheusReport(x *exchange, _ reportQuery) reportWriter { return prometheusReport{x} }

func (p prometheusReport) begin() {
	p.family("bucketwarden_bucket_compliant", "0 if the bucket needs a look, 1 if its default encryption is as wanted, or it is exempt or gone.")
}

func (p prometheusReport) row(res ossenc.Result) {
	labels := []string{"bucket", res.Bucket, "region", res.Region, "algorithm", algorithmOf(res), "verdict", string(res.Verdict)}
	if res.Account != "" { // to Prometheus an empty label is none
		labels = append([]string{"account", res.Account}, labels...)
	}
	p.sample("bucketwarden_bucket_compliant", number(!needsALook(res)), labels...)
}

func (p prometheusReport) end(e *reportEnd) {
	p.family("bucketwarden_buckets", "Buckets by region, algorithm in force and verdict.")
	cells := slices.Collect(maps.Keys(e.cells))
	sort.Slice(cells, func(i, j int) bool { return compareCells(cells[i], cells[j]) < 0 })
	for _, c := range cells {
		p.sample("bucketwarden_buckets", e.cells[c], "region", c.region, "algorithm", c.algorithm, "verdict", string(c.verdict))
	}
	p.family("bucketwarden_report_complete", "Whether every bucket is in this report and was read (1) or not (0).")
	p.sample("bucketwarden_report_complete", number(e.Complete))
}

func (p prometheusReport) family(name, help string) {
	p.x.print("# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n")
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// sample writes one value. labels are names and values in turn.
func (p prometheusReport) sample(name string, value int, labels ...string) {
	var pairs []string
	for pair := range slices.Chunk(labels, 2) {
		pairs = append(pairs, pair[0]+`="`+labelEscapes.Replace(strings.ToValidUTF8(pair[1], "\ufffd"))+`"`)
	}
	if len(pairs) > 0 {
		name += "{" + strings.Join(pairs, ",") + "}"
	}
	p.x.print(name, " ", strconv.Itoa(value), "\n")
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareCells(a, b reportCell) int {
	return cmp.Or(strings.Compare(a.region, b.region), strings.Compare(a.algorithm, b.algorithm), strings.Compare(string(a.verdict), string(b.verdict)))
}
