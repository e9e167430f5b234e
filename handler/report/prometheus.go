package report

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// prometheusReport is Prometheus's text format, version 0.0.4.
type prometheusReport struct{ *printer }

func newPrometheus(p *printer, _ View) writer { return prometheusReport{p} }

func (p prometheusReport) begin() {
	p.family("bucketwarden_bucket_compliant", "1 if the bucket is compliant, exempt or gone; 0 if it needs attention.")
}

func (p prometheusReport) row(res ossenc.Result) {
	labels := []string{"bucket", res.Bucket, "region", res.Region, "algorithm", algorithmOf(res), "verdict", string(res.Verdict)}
	if res.Account != "" { // to Prometheus an empty label is none
		labels = append([]string{"account", res.Account}, labels...)
	}
	p.sample("bucketwarden_bucket_compliant", number(!needsAttention(res)), labels...)
}

func (p prometheusReport) end(s *Summary) {
	p.family("bucketwarden_buckets", "Buckets by region, current algorithm and verdict.")
	cells := slices.Collect(maps.Keys(s.cells))
	sort.Slice(cells, func(i, j int) bool { return compareCells(cells[i], cells[j]) < 0 })
	for _, c := range cells {
		p.sample("bucketwarden_buckets", s.cells[c], "region", c.region, "algorithm", c.algorithm, "verdict", string(c.verdict))
	}
	p.family("bucketwarden_report_complete", "Whether every bucket is in this report and was read (1) or not (0).")
	p.sample("bucketwarden_report_complete", number(s.Complete))
}

func (p prometheusReport) family(name, help string) {
	p.print("# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n")
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
	p.print(name, " ", strconv.Itoa(value), "\n")
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func compareCells(a, b cell) int {
	return cmp.Or(strings.Compare(a.region, b.region), strings.Compare(a.algorithm, b.algorithm), strings.Compare(string(a.verdict), string(b.verdict)))
}
