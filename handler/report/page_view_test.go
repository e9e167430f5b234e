package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// shown is the page of rows, and the text of its table.
func shown(t *testing.T, v View, source Source) (page, table string) {
	t.Helper()
	body, _ := written(t, "html", v, source)
	_, table, _ = strings.Cut(string(body), `id="table"`)
	_, table, _ = strings.Cut(table, "<tbody>")
	table, _, _ = strings.Cut(table, "</table>")
	return string(body), table
}

// underPolicy is a view of what a policy decides.
func underPolicy(language string) View {
	day := func(y int, m time.Month, d int) ossenc.Date {
		return ossenc.Date{Time: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
	}
	v := evidence()
	v.Wanted, v.Language, v.Prefix, v.RegionFilter = ossenc.Rule{}, language, "", ""
	v.Exemptions = []ossenc.Exemption{
		{Rule: "old migration", Owner: "ops@example.com", Until: day(2025, 6, 30), Reason: "R1"},
		{Rule: "partners", Owner: "partners@example.com", Until: day(2026, 12, 1), Reason: "R2"},
		{Rule: "public images", Owner: "web@example.com", Until: day(2199, 12, 31), Reason: "R3"},
	}
	v.EndingSoon = v.Exemptions[1:2]
	return v
}

// failures are rows of each code, as each service causes them.
func failures() []ossenc.Result {
	var all []ossenc.Result
	for _, op := range []string{"GetBucketEncryption", "DescribeKey", "AssumeRole", ""} {
		for _, code := range ossenc.Codes() {
			if code == ossenc.Deadline {
				continue // ends the report
			}
			cause := &ossenc.Error{Op: op, Code: code, OSSCode: "Some.Code", EC: "0003-1", RequestID: "REQ", Message: "Nothing of ours"}
			verdict := ossenc.Unknown
			if op == "DescribeKey" {
				verdict = ossenc.Blocked
			}
			all = append(all, ossenc.Result{
				Bucket: fmt.Sprintf("b-%03d", len(all)), Region: "cn-hangzhou", Verdict: verdict, Code: code, Observed: verdict == ossenc.Blocked, OSSCode: cause.OSSCode,
				Wanted: ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1"}, Reason: "the rule could not be read: " + cause.Error(), Cause: cause,
			})
		}
	}
	return all
}

// decisions are rows that nothing failed for.
func decisions() []ossenc.Result {
	aes, sm4, kms := ossenc.Rule{Algorithm: ossenc.AES256}, ossenc.Rule{Algorithm: ossenc.SM4}, func(id string) ossenc.Rule { return ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: id} }
	row := func(name string, v ossenc.Verdict, present, wanted, target ossenc.Rule) ossenc.Result {
		return ossenc.Result{Bucket: name, Region: "cn-hangzhou", Verdict: v, Observed: v != ossenc.Gone, Before: present, After: present, Wanted: wanted, Target: target, Reason: "words of the log that stay there", PolicyRule: "everything"}
	}
	exempt := row("exempt", ossenc.Exempt, ossenc.Rule{}, ossenc.Rule{}, ossenc.Rule{})
	exempt.PolicyRule = "public images"
	reports := row("reports", ossenc.WouldFix, ossenc.Rule{}, aes, aes)
	reports.Mode = ossenc.ReportOnly
	return []ossenc.Result{
		row("same", ossenc.Compliant, aes, aes, aes), row("stronger", ossenc.Compliant, sm4, aes, sm4), row("other-key", ossenc.Compliant, kms("a"), kms("b"), kms("a")),
		row("none", ossenc.WouldFix, ossenc.Rule{}, aes, aes), row("weak", ossenc.WouldFix, aes, sm4, sm4), row("exact", ossenc.WouldFix, sm4, aes, aes),
		row("joined", ossenc.WouldFix, sm4, kms(""), ossenc.Rule{Algorithm: ossenc.KMS, KMSDataEncryption: ossenc.SM4}), row("gone", ossenc.Gone, ossenc.Rule{}, ossenc.Rule{}, ossenc.Rule{}), exempt, reports,
	}
}

// Reasons are in the reader's language, but for what a service answered and what a
// person wrote.
func TestPage_ReasonsAreInEveryLanguage(t *testing.T) {
	english := regexp.MustCompile(`[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}`)
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, language := range []string{"zh", "ja"} {
		for _, res := range append(failures(), decisions()...) {
			_, table := shown(t, underPolicy(language), rows(nil, res))
			text := strings.ReplaceAll(tags.ReplaceAllString(table, "|"), "Nothing of ours", "")
			if found := english.FindString(text); found != "" {
				t.Errorf("%s: %s, code %q: %q in %s", language, res.Bucket, res.Code, found, text)
			}
			if strings.Contains(text, "|||") && strings.Contains(text, "{") {
				t.Errorf("%s: a place is not filled: %s", language, text)
			}
			if res.Code != "" && !strings.Contains(table, `data-r="the rule could not be read`) {
				t.Errorf("%s: %s: the log's words are lost: %s", language, res.Bucket, table)
			}
		}
	}
}

// Who refused is who was asked.
func TestPage_NamesWhoRefused(t *testing.T) {
	for op, want := range map[string]string{"GetBucketEncryption": "OSS refused", "DescribeKey": "KMS refused", "AssumeRole": "STS refused"} {
		_, table := shown(t, underPolicy("en"), rows(nil, ossenc.Result{Bucket: "b", Verdict: ossenc.Unknown, Code: ossenc.Denied, Cause: &ossenc.Error{Op: op, Code: ossenc.Denied}}))
		for _, who := range []string{"OSS refused", "KMS refused", "STS refused"} {
			if strings.Contains(table, who) != (who == want) {
				t.Errorf("%s: %s", op, table)
			}
		}
	}
}

// A rule that only reports says so, where the function enforces; where the function
// only reports, the page says so once.
func TestPage_SaysWhoOnlyReports(t *testing.T) {
	reports := decisions()[9]
	v := underPolicy("en")
	page, table := shown(t, v, rows(nil, reports))
	if !strings.Contains(table, `data-m="report"`) || !strings.Contains(table, "The policy&#39;s rule “everything” only reports") || strings.Contains(page, "The function only reports; it writes nothing") {
		t.Errorf("%s", table)
	}
	v.Mode = ossenc.ReportOnly
	if page, table = shown(t, v, rows(nil, reports)); strings.Contains(table, "only reports") || !strings.Contains(page, "The function only reports; it writes nothing") {
		t.Errorf("%s", table)
	}
}

// The register has every exemption, those that have ended too, with what it covers.
func TestPage_TheRegisterOfExemptions(t *testing.T) {
	page, _ := shown(t, underPolicy("en"), rows(nil, decisions()...))
	for _, want := range []string{
		`<tr class="ended"><th scope="row">old migration</th><td><b>ended</b></td><td>2025-06-30</td><td>ops@example.com</td><td>R1</td><td>–</td></tr>`,
		`<tr class="soon"><th scope="row">partners</th><td><b>ends soon</b></td><td>2026-12-01</td><td>partners@example.com</td><td>R2</td><td>–</td></tr>`,
		`<tr class="active"><th scope="row">public images</th><td><b>active</b></td><td>2199-12-31</td><td>web@example.com</td><td>R3</td><td>1 (1 not encrypted)</td></tr>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}

// A policy brings its columns and cards, and several accounts theirs.
func TestPage_ColumnsAndCards(t *testing.T) {
	several := underPolicy("en")
	several.Accounts = true
	for name, tt := range map[string]struct {
		v           View
		heads, card string
	}{
		"settings": {view(), "bucket region rule state why", "rule region"},
		"policy":   {underPolicy("en"), "bucket region rule required policy state why", "rule region policy required"},
		"accounts": {several, "bucket account region rule required policy state why", "rule region policy required account"},
	} {
		page, _ := shown(t, tt.v, rows(nil, decisions()...))
		var heads, cards []string
		for _, m := range regexp.MustCompile(`<th scope="col" data-f="([a-z]+)">`).FindAllStringSubmatch(page, -1) {
			heads = append(heads, m[1])
		}
		for _, m := range regexp.MustCompile(`<h2 id="h-(rule|region|policy|required|account)">`).FindAllStringSubmatch(page, -1) {
			cards = append(cards, m[1])
		}
		if got := strings.Join(heads, " "); got != tt.heads {
			t.Errorf("%s: columns %s", name, got)
		}
		if got := strings.Join(cards, " "); got != tt.card {
			t.Errorf("%s: cards %s", name, got)
		}
	}
}

// The lines fit how the report is asked for.
func TestPage_TheLinesFit(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*View)
		fix    string
		links  bool
	}{
		"signed":    {func(v *View) { v.Reach = ReachSigned }, "bucketwarden call PUT &#39;/buckets/NAME/encryption&#39; --url &#39;http://example.com&#39;", true},
		"by name":   {func(v *View) { v.BaseURL = "http://invoke.local" }, "bucketwarden call PUT &#39;/buckets/NAME/encryption&#39; --function bucketwarden", true},
		"token":     {func(v *View) { v.Reach = ReachToken }, "curl -X PUT -H &#34;Authorization: Bearer $TOKEN&#34;", false},
		"read only": {func(v *View) { v.Reach, v.ReadOnly = ReachToken, true }, "s invoke -e", false},
		"command":   {func(v *View) { v.Reach = ReachCommand }, "bucketwarden rule set NAME", false},
	} {
		v := view()
		tt.change(&v)
		page, _ := shown(t, v, account(t))
		if _, help, _ := strings.Cut(page, `class="help"`); !strings.Contains(help, "<pre>"+tt.fix) {
			t.Errorf("%s: no %s", name, tt.fix)
		}
		if got := strings.Contains(page, `href="?format=csv"`); got != tt.links {
			t.Errorf("%s: links to other forms: %t", name, got)
		}
	}
}

// A part of the whole has no shares: they would be read as those of the whole.
func TestPage_APartHasNoShares(t *testing.T) {
	v := view()
	v.Limit = 3
	page, _ := shown(t, v, account(t))
	if strings.Contains(page, "%</span>") || strings.Contains(page, `class="donut"`) || !strings.Contains(page, "<title>This page is a part of the report") {
		t.Error("the part has a score")
	}
}

func TestPage_StaysSmall(t *testing.T) {
	for _, language := range Languages() {
		var all []ossenc.Result
		for i := range 50 {
			res := decisions()[i%10]
			res.Bucket, res.OSSRequestID = fmt.Sprintf("a-rather-long-name-of-a-bucket-%03d", i), "69B1000000000000000000A1"
			all = append(all, res)
		}
		if page, _ := shown(t, underPolicy(language), rows(nil, all...)); len(page) > 100_000 {
			t.Errorf("%s: %d bytes", language, len(page))
		} else {
			t.Logf("%s: %d bytes for 50 buckets", language, len(page))
		}
	}
}

// A long key is shortened in its middle, and stays whole in the title.
func TestPage_ShortensLongKeys(t *testing.T) {
	key := "acs:kms:eu-central-1:1234567890123456:key/key-ger64f1cb66fa42qo9n"
	res := ossenc.Result{Bucket: "b", Verdict: ossenc.Compliant, Observed: true, After: ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: key, KMSDataEncryption: ossenc.SM4}, Wanted: ossenc.Rule{Algorithm: ossenc.AES256}}
	if _, table := shown(t, view(), rows(nil, res)); !strings.Contains(table, `<span title="KMS(`+key+`)+SM4"><i>KMS(acs:kms:eu-…cb66fa42qo9n)+SM4</i></span>`) {
		t.Errorf("%s", table)
	}
	for rule, want := range map[string]string{"none": "none", "KMS(key-hzz62f1cb66fa42qo9n)": "KMS(key-hzz62f1cb66fa42qo9n)", "KMS(": "KMS(", "KMS)(": "KMS)("} {
		if got := shortened(rule); got != want {
			t.Errorf("%s: %s", rule, got)
		}
	}
}

// What is kept of a row until the end is small.
func TestPage_KeepsLittleOfARow(t *testing.T) {
	const n = 5000
	p := newPage(&printer{w: io.Discard}, view()).(*page)
	for i := range n {
		res := decisions()[i%5]
		res.Bucket, res.OSSRequestID = fmt.Sprintf("team-%02d-data-%05d", i%37, i), fmt.Sprintf("%024X", uint64(i)*0x9E3779B97F4A7C15)
		p.row(row{Result: res})
	}
	each := p.rows.kept.Len() / n
	t.Logf("%d bytes a row, %d before they are compressed", each, p.rows.n/n)
	if each > 100 {
		t.Errorf("%d bytes a row", each)
	}
}
