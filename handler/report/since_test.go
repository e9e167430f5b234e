package report

import (
	"encoding/json"
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
	stories := []struct {
		name    string
		reports [3]*ossenc.Result
		change  Change
		since   time.Time
	}{
		{"always-good", [3]*ossenc.Result{&good, &good, &good}, "", time.Time{}},
		{"fixed", [3]*ossenc.Result{&none, &none, &good}, ChangeFixed, time.Time{}},
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
	if c.New != 1 || c.Fixed != 1 || c.Worse != 2 || c.Open != 2 || !c.Since.Equal(day(2)) || len(c.Trend) != 3 || c.Trend[0].Open != 5 || c.Trend[2].Open != 5 || c.Trend[2].Buckets != 9 {
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
	for _, text := range []string{"", "[]", "{}", `{"buckets":[],"complete":true}`, `{"buckets":{}}`} {
		if _, err := ReadEarlier([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// Every form shows what changed.
func TestHistory_IsInEveryForm(t *testing.T) {
	earlier, _ := written(t, "json", evidence(), rows(nil))
	e, err := ReadEarlier(earlier)
	if err != nil {
		t.Fatal(err)
	}
	v := evidence()
	v.History = NewHistory(e)
	for form, want := range map[string]string{
		"json": `"change":"new"`, "csv": ",new,2026-", "prometheus": `bucketwarden_changes{change="new"} 2`, "ocsf": `"change":"new"`,
		"junit": "change: new", "sarif": `"baselineState":"new"`, "html": "2 new, 0 worse",
	} {
		if body, _ := written(t, form, v, account(t)); !contains(body, want) {
			t.Errorf("%s has no %s:\n%s", form, want, body)
		}
	}
}

func contains(body []byte, text string) bool { return strings.Contains(string(body), text) }
