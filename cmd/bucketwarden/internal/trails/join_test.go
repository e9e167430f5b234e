package trails

import (
	"encoding/json"
	"testing"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/history"
)

func day(n int) time.Time { return time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func change(id string, at time.Time, k history.Kind, own bool) history.Change {
	return history.Change{ID: id, Time: at, Kind: k, Own: own, By: ossenc.Actor{Kind: "ram-user", Name: "a"}}
}

// made is the evidence of one bucket over some days.
func made(from, to int, changes ...history.Change) *document {
	d := &document{Kind: documentKind, Version: documentVersion, Period: history.Interval{From: day(from), To: day(to)}, Exemptions: []ossenc.Exemption{{Rule: "r", Reason: "x", Owner: "o", Until: ossenc.Date{Time: day(400)}}}, Problems: []string{}, Covered: []coveredPart{}}
	spans := history.Spans(history.Evidence{Period: d.Period, Covered: []history.Interval{{From: day(-10), To: day(to)}}, Changes: changes, Required: ossenc.Rule{Algorithm: ossenc.AES256}})
	b := bucket{Bucket: "payments", Region: "cn-hangzhou", Required: ossenc.Rule{Algorithm: ossenc.AES256}, Seconds: map[history.State]int64{}, Windows: []window{}}
	for _, s := range spans {
		b.Seconds[s.State] += int64(s.To.Sub(s.From).Seconds())
	}
	for _, w := range history.Windows(spans) {
		b.Windows = append(b.Windows, windowOf(w))
	}
	d.Buckets = []bucket{b}
	d.finish()
	return d
}

// TestJoin: months that are joined say the same windows as one run over all of them.
func TestJoin(t *testing.T) {
	changes := []history.Change{
		change("1", day(-1), history.RuleSet, true),
		change("2", day(5), history.RuleRemoved, false), change("3", day(6), history.RuleSet, true),
		change("4", day(20), history.RuleSet, false), change("5", day(29), history.RuleRemoved, false), change("6", day(65), history.RuleSet, true),
		change("7", day(80), history.RuleRemoved, false),
	}
	whole := made(0, 90, changes...)
	joined, err := join([]*document{made(60, 90, changes...), made(0, 30, changes...), made(30, 60, changes...)})
	if err != nil {
		t.Fatal(err)
	}
	if len(joined.Buckets) != 1 || len(joined.Buckets[0].Windows) != len(whole.Buckets[0].Windows) {
		t.Fatalf("%+v\nwant %+v", joined.Buckets, whole.Buckets)
	}
	for i, w := range joined.Buckets[0].Windows {
		if want := whole.Buckets[0].Windows[i]; !w.From.Equal(want.From) || !w.To.Equal(want.To) || w.Seconds != want.Seconds || w.State != want.State || w.Ending != want.Ending || w.Begun != want.Begun {
			t.Errorf("%d: %+v\nwant %+v", i, w, want)
		}
	}
	if joined.Summary.Repair != whole.Summary.Repair || joined.Summary.Repair.Of != 2 || joined.Summary.Open != 1 {
		t.Errorf("%+v\nwant %+v", joined.Summary, whole.Summary)
	}
	for state, n := range whole.Summary.Seconds {
		if joined.Summary.Seconds[state] != n {
			t.Errorf("%s: %d s, want %d", state, joined.Summary.Seconds[state], n)
		}
	}
}

// TestDigestSurvivesTheFile: what is written and read again has the same digest.
func TestDigestSurvivesTheFile(t *testing.T) {
	d := made(0, 30, change("1", day(1), history.RuleRemoved, false))
	d.Buckets[0].Objects = &objects{AtMost: 7, Bytes: 1 << 40, Counted: day(2)}
	d.finish()
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var read document
	if err := json.Unmarshal(b, &read); err != nil || read.digest() != d.Digest {
		t.Errorf("%v: %s, want %s", err, read.digest(), d.Digest)
	}
	read.Buckets[0].Windows[0].Seconds++
	if read.digest() == d.Digest {
		t.Error("a change does not change the digest")
	}
}

// TestJoin_ALaterExemptionHidesNoWindow: what was exposed in one month is not forgotten
// because the bucket is exempt in another.
func TestJoin_ALaterExemptionHidesNoWindow(t *testing.T) {
	changes := []history.Change{change("1", day(-1), history.RuleSet, true), change("2", day(5), history.RuleRemoved, false), change("3", day(6), history.RuleSet, true)}
	for _, c := range []struct {
		exempt  [3]bool
		windows int
		exempts int
	}{
		{[3]bool{false, false, false}, 1, 0},
		{[3]bool{false, true, true}, 1, 0},
		{[3]bool{true, false, true}, 1, 0},
		{[3]bool{true, true, true}, 0, 1},
	} {
		var parts []*document
		for i, exempt := range c.exempt {
			d := made(30*i, 30*i+30, changes...)
			if exempt {
				d.Buckets[0].Exempt = "a reason"
				d.finish()
			}
			parts = append(parts, d)
		}
		joined, err := join(parts)
		if err != nil || joined.Summary.Windows != c.windows || joined.Summary.Exempt != c.exempts {
			t.Errorf("%v: %+v, %v", c.exempt, joined.Summary, err)
		}
	}
	// A bucket that is in no earlier file was not less exempt then.
	before, after := made(0, 30), made(30, 60)
	before.Buckets, after.Buckets[0].Exempt = nil, "a reason"
	if joined, err := join([]*document{before, after}); err != nil || joined.Summary.Exempt != 1 {
		t.Errorf("%+v, %v", joined.Summary, err)
	}
}
