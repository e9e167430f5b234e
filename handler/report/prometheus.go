package report

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// prometheusReport is Prometheus's text format, version 0.0.4.
// A bucket's sample carries only what identifies it: a label that changes would make
// another series. What changes is in bucketwarden_bucket_info.
type prometheusReport struct {
	*printer
	own  string // the account of rows without one
	info *spool
}

func newPrometheus(p *printer, v View) writer { return prometheusReport{p, v.Account, newSpool()} }

func (p prometheusReport) begin() {
	p.family("bucketwarden_bucket_compliant", "1 if the bucket is compliant, exempt or gone; 0 if it needs attention.")
}

func (p prometheusReport) row(r row) {
	res := r.Result
	bucket := []string{"account", cmp.Or(res.Account, p.own), "bucket", res.Bucket, "region", res.Region}
	p.sample("bucketwarden_bucket_compliant", number(!needsAttention(res)), bucket...)
	info := prometheusReport{printer: &printer{w: p.info}}
	info.sample("bucketwarden_bucket_info", 1, append(bucket, "algorithm", algorithmOf(res), "verdict", string(res.Verdict), "code", string(res.Code), "rule", ruleOf(res), "required", requiredOf(res), "policy_rule", res.PolicyRule)...)
}

func (p prometheusReport) end(s *Summary) {
	p.family("bucketwarden_bucket_info", "What was read and decided of the bucket, always 1.")
	p.info.copyTo(p.printer)
	p.family("bucketwarden_buckets", "Buckets by region, current algorithm and verdict.")
	cells := slices.Collect(maps.Keys(s.cells))
	sort.Slice(cells, func(i, j int) bool { return compareCells(cells[i], cells[j]) < 0 })
	for _, c := range cells {
		p.sample("bucketwarden_buckets", s.cells[c], "region", c.region, "algorithm", c.algorithm, "verdict", string(c.verdict))
	}
	p.accounts(s.Accounts)
	p.family("bucketwarden_control_buckets", "Buckets that pass or fail the test of a control, or whose rule is unknown.")
	for _, c := range s.Controls {
		for _, one := range []struct {
			status string
			n      int
		}{{"pass", c.Pass}, {"fail", c.Fail}, {"unknown", c.Unknown}} {
			p.sample("bucketwarden_control_buckets", one.n, "standard", c.Standard, "control", c.Control, "test", c.Test, "status", one.status)
		}
	}
	p.changes(s.Changes)
	p.family("bucketwarden_report_complete", "Whether every bucket is in this report and was read (1) or not (0).")
	p.sample("bucketwarden_report_complete", number(s.Complete))
	p.family("bucketwarden_report_timestamp_seconds", "When the report was made, in seconds since 1970.")
	p.sample("bucketwarden_report_timestamp_seconds", int(s.Provenance.Time.Unix()))
	p.family("bucketwarden_report_info", "Where the report comes from, always 1.")
	p.sample("bucketwarden_report_info", 1, s.lasting()...)
}

// changes writes what changed and the trend. A report is known by how many came after it:
// a time as a label would make other series each day.
func (p prometheusReport) changes(c *Changes) {
	if c == nil {
		return
	}
	p.family("bucketwarden_changes", "Buckets by what became of them since the latest earlier report.")
	p.sample("bucketwarden_changes", c.New, "change", string(ChangeNew))
	p.sample("bucketwarden_changes", c.Worse, "change", string(ChangeWorse))
	p.sample("bucketwarden_changes", c.Open, "change", string(ChangeOpen))
	p.sample("bucketwarden_changes", c.Fixed, "change", string(ChangeFixed))
	for _, one := range []struct {
		name, help string
		value      func(TrendPoint) int
	}{
		{"bucketwarden_trend_timestamp_seconds", "When this report (0) and the earlier ones were made, in seconds since 1970.", func(t TrendPoint) int { return int(t.Time.Unix()) }},
		{"bucketwarden_trend_buckets", "Buckets of this report (0) and the earlier ones.", func(t TrendPoint) int { return t.Buckets }},
		{"bucketwarden_trend_buckets_attention", "Buckets that need attention in this report (0) and the earlier ones.", func(t TrendPoint) int { return t.Open }},
		{"bucketwarden_trend_complete", "Whether this report (0) and the earlier ones have every bucket (1) or not (0).", func(t TrendPoint) int { return number(t.Complete) }},
	} {
		p.family(one.name, one.help)
		for i, point := range c.Trend {
			p.sample(one.name, one.value(point), "reports_ago", strconv.Itoa(len(c.Trend)-1-i))
		}
	}
}

// accounts writes the totals of each account. A name may change, so it is a label of
// another sample than the counts.
func (p prometheusReport) accounts(all []AccountTotal) {
	if len(all) == 0 {
		return
	}
	p.family("bucketwarden_account_buckets", "Buckets of the account.")
	for _, a := range all {
		p.sample("bucketwarden_account_buckets", a.Buckets, "account", a.Account)
	}
	p.family("bucketwarden_account_buckets_attention", "Buckets of the account that need attention.")
	for _, a := range all {
		p.sample("bucketwarden_account_buckets_attention", a.Attention, "account", a.Account)
	}
	p.family("bucketwarden_account_info", "What the Resource Directory calls the account, always 1.")
	for _, a := range all {
		p.sample("bucketwarden_account_info", 1, "account", a.Account, "name", a.Name)
	}
}

func (p prometheusReport) family(name, help string) {
	p.print("# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n")
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// sample writes one value. labels are names and values in turn; to Prometheus an
// empty value is none, so it is left out.
func (p prometheusReport) sample(name string, value int, labels ...string) {
	var pairs []string
	for pair := range slices.Chunk(labels, 2) {
		if pair[1] == "" {
			continue
		}
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
