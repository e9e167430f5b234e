package report

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// Each bucket is one story over three reports, a day apart.
func TestHistory_ComparesWithTheLatestAndGoesBack(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }
	good := ossenc.Result{Verdict: ossenc.Compliant, Observed: true, After: ossenc.Rule{Algorithm: ossenc.AES256}}
	weak := ossenc.Result{Verdict: ossenc.WouldFix, Observed: true, After: ossenc.Rule{Algorithm: ossenc.AES256}}
	none := ossenc.Result{Verdict: ossenc.WouldFix, Observed: true}
	gone := ossenc.Result{Verdict: ossenc.Gone}
	left := ossenc.Result{Verdict: ossenc.Exempt, Observed: true}
	less := ossenc.Result{Verdict: ossenc.Compliant, Observed: true, After: weak.After} // of a policy that asks for less
	dark := ossenc.Result{Verdict: ossenc.Unknown, Code: ossenc.Denied}
	stories := []struct {
		name    string
		reports [3]*ossenc.Result
		change  Change
		since   time.Time
	}{
		{"always-good", [3]*ossenc.Result{&good, &good, &good}, "", time.Time{}},
		{"fixed", [3]*ossenc.Result{&none, &none, &good}, ChangeFixed, time.Time{}},
		{"exempt-now", [3]*ossenc.Result{&weak, &none, &left}, "", time.Time{}},
		{"exempt-and-better", [3]*ossenc.Result{&weak, &none, {Verdict: ossenc.Exempt, Observed: true, After: good.After}}, "", time.Time{}},
		{"less-is-required", [3]*ossenc.Result{&weak, &weak, &less}, "", time.Time{}},
		{"seen-now", [3]*ossenc.Result{&good, &dark, &good}, ChangeFixed, time.Time{}},
		{"gone", [3]*ossenc.Result{&none, &none, &gone}, "", time.Time{}},
		{"new", [3]*ossenc.Result{nil, nil, &none}, ChangeNew, day(3)},
		{"new-and-good", [3]*ossenc.Result{nil, nil, &good}, "", time.Time{}},
		{"open", [3]*ossenc.Result{&none, &none, &none}, ChangeOpen, day(1)},
		{"open-again", [3]*ossenc.Result{&none, &good, &none}, ChangeWorse, day(3)},
		{"better-and-open", [3]*ossenc.Result{&good, &none, &weak}, ChangeOpen, day(2)},
		{"worse", [3]*ossenc.Result{&weak, &weak, &none}, ChangeWorse, day(1)},
	}
	v := evidence()
	reportOf := func(n int) []byte {
		var all []ossenc.Result
		for _, s := range stories {
			if res := s.reports[n-1]; res != nil {
				one := *res
				one.Bucket = s.name
				all = append(all, one)
			}
		}
		v.Now = day(n)
		body, _ := written(t, "json", v, rows(nil, all...))
		return body
	}
	read := func(data []byte) *Earlier {
		e, err := ReadEarlier(data)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first, second := reportOf(1), reportOf(2)
	v.History = NewHistory(read(second), read(first)) // in any order
	third := reportOf(3)
	var got struct {
		Buckets []struct {
			Bucket    string
			Change    Change
			OpenSince time.Time `json:"open_since"`
		}
		Changes Changes
	}
	if err := json.Unmarshal(third, &got); err != nil {
		t.Fatal(err)
	}
	for i, s := range stories {
		if b := got.Buckets[i]; b.Bucket != s.name || b.Change != s.change || !b.OpenSince.Equal(s.since) {
			t.Errorf("%+v, want %s since %s", b, s.change, s.since)
		}
	}
	c := got.Changes
	if c.New != 1 || c.Fixed != 2 || c.Worse != 2 || c.Open != 2 || !c.Since.Equal(day(2)) || len(c.Trend) != 3 || c.Trend[0].Open != 8 || c.Trend[2].Open != 5 || c.Trend[2].Buckets != 13 {
		t.Errorf("%+v", c)
	}
	validate(t, "../../docs/report.schema.json", third)
	// What an earlier report knows of an even earlier one is not lost.
	v.History = NewHistory(read(third))
	var fourth struct {
		Buckets []struct {
			Bucket    string
			OpenSince time.Time `json:"open_since"`
		}
	}
	v.Now = day(4)
	body, _ := written(t, "json", v, rows(nil, ossenc.Result{Bucket: "open", Verdict: ossenc.WouldFix, Observed: true}))
	if err := json.Unmarshal(body, &fourth); err != nil || !fourth.Buckets[0].OpenSince.Equal(day(1)) {
		t.Errorf("%s, %v", body, err)
	}
}

// Without an earlier report a bucket is open since now, at least, and nothing has changed.
func TestHistory_AloneAReportIsTheFirst(t *testing.T) {
	body, _ := written(t, "json", view(), rows(nil, every()...))
	var got struct {
		Buckets []struct {
			Verdict   ossenc.Verdict
			Change    *Change
			OpenSince *time.Time `json:"open_since"`
		}
		Changes *Changes
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	for _, b := range got.Buckets {
		open := b.Verdict == ossenc.WouldFix || b.Verdict == ossenc.Blocked || b.Verdict == ossenc.Unknown
		if b.Change != nil || open != (b.OpenSince != nil && b.OpenSince.Equal(view().Now)) || !open && b.OpenSince != nil {
			t.Errorf("%+v", b)
		}
	}
	if got.Changes != nil {
		t.Errorf("%+v", got.Changes)
	}
	// The forms that say what is new do not take the first look for the first day.
	for form, not := range map[string]string{"ocsf": "first_seen_time", "junit": "open since", "sarif": "open_since", "html": "data-s="} {
		if body, _ := written(t, form, evidence(), rows(nil, every()...)); contains(body, not) {
			t.Errorf("%s says %s", form, not)
		}
	}
}

func TestReadEarlier_RefusesWhatIsNotAReport(t *testing.T) {
	for _, text := range []string{
		"", "[]", "{}", `{"buckets":[],"complete":true}`, `{"buckets":{}}`, `{"buckets":null,"digest":"sha256:1","provenance":{"time":"2026-11-23T12:30:00Z"}}`,
		`{"version":1,"time":"2026-11-23T12:30:00Z","rows":[],"digest":"sha256:1","provenance":{"time":"2026-11-23T12:30:00Z","scope":{}}}`, // a plan
		`{"buckets":[],"digest":"sha256:1","provenance":{"time":"2026-11-23T12:30:00Z"}}`,                                                   // rows were taken out
	} {
		if _, err := ReadEarlier([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// Every form says what is new, worse, open and fixed, of which bucket where it has rows,
// and the trend over several reports.
func TestHistory_IsInEveryForm(t *testing.T) {
	at := func(bucket string, v ossenc.Verdict, rule string) ossenc.Result {
		return ossenc.Result{Bucket: bucket, Region: "cn-hangzhou", Verdict: v, Observed: true, After: ossenc.Rule{Algorithm: rule}, Wanted: ossenc.Rule{Algorithm: ossenc.KMS}}
	}
	earlier := func(days int, all ...ossenc.Result) *Earlier {
		v := evidence()
		v.Now = v.Now.AddDate(0, 0, -days)
		body, _ := written(t, "json", v, rows(nil, all...))
		e, err := ReadEarlier(body)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	v := evidence()
	v.History = NewHistory(
		earlier(2, at("fixed", ossenc.WouldFix, ""), at("open", ossenc.WouldFix, "")),
		earlier(1, at("fixed", ossenc.WouldFix, ""), at("open", ossenc.WouldFix, ""), at("worse", ossenc.WouldFix, ossenc.AES256)),
	)
	now := []ossenc.Result{at("fixed", ossenc.Compliant, ossenc.KMS), at("new", ossenc.WouldFix, ""), at("open", ossenc.WouldFix, ""), at("worse", ossenc.WouldFix, "")}
	for form, wants := range map[string][]string{
		"json": {
			`"bucket":"fixed"[^\n]*"change":"fixed"}`, `"bucket":"new"[^\n]*"change":"new","open_since":"2026-11-23T12:30:00Z"}`, `"bucket":"open"[^\n]*"change":"open","open_since":"2026-11-21T12:30:00Z"}`, `"bucket":"worse"[^\n]*"change":"worse","open_since":"2026-11-22T12:30:00Z"}`,
			`"trend":\[{"time":"2026-11-21T12:30:00Z","buckets":2,"open":2,"complete":true},{"time":"2026-11-22T12:30:00Z","buckets":3,"open":3,"complete":true},{"time":"2026-11-23T12:30:00Z","buckets":4,"open":3,"complete":true}\]`,
		},
		"csv": {
			`,fixed,[^\n]*,fixed,\r`, `,new,[^\n]*,new,2026-11-23T12:30:00Z\r`, `,open,[^\n]*,open,2026-11-21T12:30:00Z\r`, `,worse,[^\n]*,worse,2026-11-22T12:30:00Z\r`,
			`,,,trend,2026-11-21T12:30:00Z,,,,2 of 2 buckets need attention,,,,\r\n,,,trend,2026-11-22T12:30:00Z,,,,3 of 3 buckets need attention,,,,\r\n,,,trend,2026-11-23T12:30:00Z,,,,3 of 4 buckets`,
		},
		"prometheus": {
			`bucketwarden_changes{change="new"} 1\n`, `bucketwarden_changes{change="worse"} 1\n`, `bucketwarden_changes{change="open"} 1\n`, `bucketwarden_changes{change="fixed"} 1\n`,
			`bucketwarden_trend_buckets_attention{reports_ago="2"} 2\n[^#]*{reports_ago="1"} 3\n[^#]*{reports_ago="0"} 3\n`, `bucketwarden_trend_buckets{reports_ago="0"} 4\n`, `bucketwarden_trend_timestamp_seconds{reports_ago="1"} 1795350600\n`, `bucketwarden_trend_complete{reports_ago="2"} 1\n`,
		},
		"ocsf": {
			`"activity_name":"Close"[^\n]*"change":"fixed"`, `"activity_name":"Create"[^\n]*"change":"new"`, `"activity_name":"Update"[^\n]*"first_seen_time":1795264200000[^\n]*"change":"open"`, `"activity_name":"Update"[^\n]*"change":"worse"`,
			`"trend":\[{"time":"2026-11-21T12:30:00Z"`,
		},
		"junit": {
			`name="fixed" time="0"><system-out>change: fixed<`, `name="new"[^\n]*change: new&#xA;open since: 2026-11-23T`, `name="open"[^\n]*change: open&#xA;open since: 2026-11-21T`, `name="worse"[^\n]*change: worse&#xA;open since: 2026-11-22T`,
			`<property name="trend 2026-11-21T12:30:00Z" value="2 of 2 buckets need attention"/>\n<property name="trend 2026-11-22`,
		},
		"sarif": {
			`"toolExecutionNotifications":\[{"level":"note","message":{"text":"fixed: fixed \(cn-hangzhou\)"}}\]`, `"baselineState":"new"[^\n]*"text":"new \(`, `"baselineState":"unchanged"[^\n]*"text":"open \(`, `"baselineState":"updated"[^\n]*"text":"worse \(`,
			`"trend":\[{"time":"2026-11-21T12:30:00Z"`,
		},
		"html": {
			`1 new, 1 worse, 1 open as before, 1 fixed`, `id="b-fixed"[^\n]*<em>fixed</em>`, `id="b-new"[^\n]*data-n="new"[^\n]*<em>new</em>`, `id="b-open"[^\n]*data-s="2026-11-21T12:30:00Z"[^\n]*<em>open as before</em>`, `id="b-worse"[^\n]*<em>worse</em>`,
			`>2026-11-23 12:30 UTC</th><td>3 of 4 need attention</td>[^\n]*\n[^\n]*>2026-11-22 12:30 UTC</th><td>3 of 3 need attention<`,
		},
	} {
		body, _ := written(t, form, v, rows(nil, now...))
		for _, want := range wants {
			if !regexp.MustCompile(want).Match(body) {
				t.Errorf("%s has no %s:\n%s", form, want, body)
			}
		}
	}
}

// A report that was not complete had fewer open buckets than there were, and the trend
// says so.
func TestHistory_ATrendKnowsWhatWasNotComplete(t *testing.T) {
	body, _ := written(t, "json", view(), rows(&ossenc.Error{Code: ossenc.Unavailable}, ossenc.Result{Bucket: "a", Verdict: ossenc.Compliant, Observed: true}))
	e, err := ReadEarlier(body)
	if err != nil {
		t.Fatal(err)
	}
	v := view()
	v.History = NewHistory(e)
	for form, want := range map[string]string{"csv": "0 of 1 buckets need attention, not complete", "html": "0 of 1 need attention, not complete", "prometheus": `bucketwarden_trend_complete{reports_ago="1"} 0`, "json": `"complete":false},{"time"`} {
		if body, _ := written(t, form, v, rows(nil)); !contains(body, want) {
			t.Errorf("%s has no %q:\n%s", form, want, body)
		}
	}
}

func contains(body []byte, text string) bool { return strings.Contains(string(body), text) }
