package report

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

// formCounts are what a form says of a report: its rows by verdict, and the facts of its
// end.
type formCounts struct {
	verdicts map[string]int
	digest   string
	complete bool
}

func (c *formCounts) count(verdict string) {
	if c.verdicts == nil {
		c.verdicts = map[string]int{}
	}
	c.verdicts[verdict]++
}

// randomRows are rows of every verdict, sorted as a source sorts them, with texts that
// try to end a cell, a label or an element.
func randomRows(r *rand.Rand) []ossenc.Result {
	texts := []string{"why", "=1+1", `a "quoted", text`, "line\nline\ttab", "]]></testcase>", `\`, "{}\u2028", "支付", "\xff"}
	rules := []ossenc.Rule{{}, {Algorithm: ossenc.AES256}, {Algorithm: ossenc.SM4}, {Algorithm: ossenc.KMS}, {Algorithm: ossenc.KMS, KMSKeyID: "key-1"}, {Algorithm: ossenc.KMS, KMSDataEncryption: ossenc.SM4}}
	var all []ossenc.Result
	for i := range r.IntN(40) {
		res := ossenc.Result{
			Bucket: fmt.Sprintf("b-%03d", i), Region: []string{"cn-hangzhou", "cn-beijing"}[r.IntN(2)], Reason: texts[r.IntN(len(texts))],
			PolicyRule: []string{"", "payments"}[r.IntN(2)], OSSRequestID: "R", Wanted: rules[r.IntN(len(rules))], After: rules[r.IntN(len(rules))], Observed: true,
		}
		if i > 20 {
			res.Account = "2222222222222222"
		}
		switch v := []ossenc.Verdict{ossenc.Compliant, ossenc.WouldFix, ossenc.Exempt, ossenc.Gone, ossenc.Blocked, ossenc.Unknown}[r.IntN(6)]; v {
		case ossenc.Blocked:
			res.Verdict, res.Code = v, []ossenc.Code{ossenc.ForeignKey, ossenc.Refused}[r.IntN(2)]
		case ossenc.Unknown:
			res.Verdict, res.Code, res.Observed, res.After = v, ossenc.Denied, false, ossenc.Rule{}
		case ossenc.Gone:
			res.Verdict, res.Observed, res.After = v, false, ossenc.Rule{}
		default:
			res.Verdict = v
		}
		all = append(all, res)
	}
	return all
}

// Every form of a report has the same rows, counts, digest and end as its JSON. The
// page and JUnit name groups of verdicts; they are compared by group.
func TestEveryForm_HasTheCountsOfJSON(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		source := rows(nil, randomRows(r)...)
		if seed%5 == 4 {
			source = rows(&ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable}, append(randomRows(r), ossenc.Result{Bucket: "zzz", Verdict: ossenc.Compliant, Observed: true})...)
		}
		written := func(form string) []byte { body, _ := written(t, form, evidence(), source); return body }
		want := jsonCounts(t, written("json"))
		for form, read := range map[string]func(*testing.T, []byte) formCounts{"csv": csvCounts, "prometheus": prometheusCounts, "ocsf": ocsfCounts} {
			if got := read(t, written(form)); !maps.Equal(got.verdicts, want.verdicts) || got.digest != want.digest || got.complete != want.complete {
				t.Fatalf("seed %d: %s has %+v, JSON has %+v", seed, form, got, want)
			}
		}
		for form, groups := range map[string]struct {
			of   map[string]string
			read func(*testing.T, []byte) formCounts
		}{"junit": {junitGroups, junitCounts}, "html": {pageGroups, pageCounts}, "sarif": {sarifGroups, sarifCounts}} {
			grouped := formCounts{digest: want.digest, complete: want.complete}
			for verdict, n := range want.verdicts {
				for range n {
					if g := groups.of[verdict]; g != "" {
						grouped.count(g)
					}
				}
			}
			if got := groups.read(t, written(form)); !maps.Equal(got.verdicts, grouped.verdicts) || got.digest != want.digest || got.complete != want.complete {
				t.Fatalf("seed %d: %s has %+v, JSON has %+v", seed, form, got, grouped)
			}
		}
	}
}

func jsonCounts(t *testing.T, body []byte) (c formCounts) {
	var got struct {
		Buckets  []struct{ Verdict string }
		Totals   Totals
		Digest   string
		Complete bool
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, b := range got.Buckets {
		c.count(b.Verdict)
	}
	for v, n := range got.Totals.Verdict {
		if c.verdicts[string(v)] != n || got.Totals.Buckets != len(got.Buckets) {
			t.Fatalf("%d rows are %s, the totals say %d", c.verdicts[string(v)], v, n)
		}
	}
	c.digest, c.complete = got.Digest, got.Complete
	return c
}

// csvCounts reads the form as RFC 4180 has it: CR LF, as many cells in each line.
func csvCounts(t *testing.T, body []byte) (c formCounts) {
	if n := bytes.Count(body, []byte("\n")); n != bytes.Count(body, []byte("\r\n")) {
		t.Fatal("a line does not end with CR LF")
	}
	lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	c.complete = true
	for _, line := range lines[1:] {
		switch verdict := line[3]; {
		case line[1] != "":
			c.count(verdict)
		case verdict == "incomplete":
			c.complete = false
		case verdict == "report" && line[4] == "digest":
			c.digest = line[8]
		}
	}
	return c
}

var sampleLine = regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z_0-9]+="(?:[^"\\]|\\["\\n])*",?)*\})? (-?[0-9]+)$`)

// prometheusCounts reads the text format: each family has HELP and TYPE and is in one
// piece, and no series is there twice.
func prometheusCounts(t *testing.T, body []byte) (c formCounts) {
	family, seen, families := "", map[string]bool{}, map[string]bool{}
	for s := bufio.NewScanner(bytes.NewReader(body)); s.Scan(); {
		line := s.Text()
		if strings.HasPrefix(line, "# ") {
			name := strings.Fields(line)[2]
			if name != family && families[name] {
				t.Fatalf("the family %s is in two pieces", name)
			}
			family, families[name] = name, true
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil || m[1] != family || seen[m[1]+m[2]] {
			t.Fatalf("in the family %s there is %q", family, line)
		}
		seen[m[1]+m[2]] = true
		switch m[1] {
		case "bucketwarden_bucket_info":
			c.count(label(m[2], "verdict"))
		case "bucketwarden_report_complete":
			c.complete = m[3] == "1"
		case "bucketwarden_report_info":
			c.digest = label(m[2], "digest")
		}
	}
	return c
}

func label(labels, name string) string {
	if m := regexp.MustCompile(`[{,]` + name + `="([^"]*)"`).FindStringSubmatch(labels); m != nil {
		return m[1]
	}
	return ""
}

func ocsfCounts(t *testing.T, body []byte) (c formCounts) {
	for line := range bytes.Lines(body) {
		var f struct {
			Metadata struct {
				EventCode string `json:"event_code"`
			}
			Compliance struct {
				StatusCode string `json:"status_code"`
				StatusID   int    `json:"status_id"`
			}
			Unmapped struct{ Bucketwarden struct{ Digest string } }
		}
		if err := json.Unmarshal(line, &f); err != nil {
			t.Fatal(err)
		}
		if f.Metadata.EventCode == "bucketwarden_report" {
			c.digest, c.complete = f.Unmapped.Bucketwarden.Digest, f.Compliance.StatusID == ocsfPass
			continue
		}
		c.count(f.Compliance.StatusCode)
	}
	return c
}

var junitGroups = map[string]string{"compliant": "passed", "would_fix": "failure", "blocked": "failure", "unknown": "error", "exempt": "skipped", "gone": "skipped"}

func junitCounts(t *testing.T, body []byte) (c formCounts) {
	var got junitSuites
	if err := xml.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	c.complete = true
	for _, p := range got.Suites[0].Properties {
		switch p.Name {
		case "digest":
			c.digest = p.Value
		case "complete":
			c.complete = p.Value == "yes"
		}
	}
	for _, one := range got.Suites[0].Cases {
		switch {
		case one.Class == "report": // what is missing
		case one.Failure != nil:
			c.count("failure")
		case one.Error != nil:
			c.count("error")
		case one.Skipped != nil:
			c.count("skipped")
		default:
			c.count("passed")
		}
	}
	return c
}

// pageGroups are the states of the page, as far as the verdict says them.
var pageGroups = map[string]string{"compliant": "ok", "would_fix": "attention", "blocked": "attention", "unknown": "unknown", "exempt": "exempt", "gone": "gone"}

var (
	pageRows   = regexp.MustCompile(`<tr id="b-[^"]*" data-g="([a-z]+)"`)
	pageDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)
)

func pageCounts(_ *testing.T, body []byte) (c formCounts) {
	for _, m := range pageRows.FindAllSubmatch(body, -1) {
		group := string(m[1])
		if group == "foreign" || group == "none" || group == "weak" {
			group = "attention"
		}
		c.count(group)
	}
	c.digest = string(pageDigest.Find(body))
	c.complete = !bytes.Contains(body, []byte(`role="alert"`))
	return c
}

// sarifGroups are the verdicts that are results.
var sarifGroups = map[string]string{"would_fix": "would_fix", "blocked": "blocked", "unknown": "unknown"}

func sarifCounts(t *testing.T, body []byte) (c formCounts) {
	var got struct {
		Runs []struct {
			Results     []struct{ Properties struct{ Verdict string } }
			Invocations []struct{ ExecutionSuccessful bool }
			Properties  struct{ Bucketwarden struct{ Digest string } }
		}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	run := got.Runs[0]
	for _, one := range run.Results {
		c.count(one.Properties.Verdict)
	}
	c.digest, c.complete = run.Properties.Bucketwarden.Digest, run.Invocations[0].ExecutionSuccessful
	return c
}
