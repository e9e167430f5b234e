package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc"
)

func TestParseSweep(t *testing.T) {
	tests := []struct {
		name, body string
		want       sweepCommand
		err        string
	}{
		{"Empty", "", sweepCommand{Action: "sweep"}, ""},
		{"Blank", " \n", sweepCommand{Action: "sweep"}, ""},
		{"Sweep", `{"action":"sweep"}`, sweepCommand{Action: "sweep"}, ""},
		{"AuditOnlyLooks", `{"action":"audit"}`, sweepCommand{Action: "audit", Mode: "report"}, ""},
		{
			"All", `{"action":"sweep","mode":"enforce","prefix":"pay-","region":"cn-beijing","cursor":"2222/b-1~7","max_changes":50}`,
			sweepCommand{Action: "sweep", Mode: "enforce", Prefix: "pay-", Region: "cn-beijing", Cursor: cursor{"2222/b-1", 7}, MaxChanges: bound{count: 50}},
			"",
		},
		{"Share", `{"max_changes":"10%"}`, sweepCommand{Action: "sweep", MaxChanges: bound{percent: 10}}, ""},
		{"Misspelt", `{"mod":"report"}`, sweepCommand{}, "unknown field"},
		{"Twice", `{"mode":"report","mode":"enforce"}`, sweepCommand{}, "given twice"},
		{"TwiceInAnotherCase", `{"mode":"report","MODE":"enforce"}`, sweepCommand{}, "given twice"},
		{"TwoValues", `{"mode":"report"}{}`, sweepCommand{}, "something behind"},
		{"NotJSON", `sweep`, sweepCommand{}, "not well-formed"},
		{"Array", `[]`, sweepCommand{}, "wrong type"},
		{"OtherAction", `{"action":"delete"}`, sweepCommand{}, "neither sweep nor audit"},
		{"OtherMode", `{"mode":"dry"}`, sweepCommand{}, "neither report nor enforce"},
		{"AuditThatEnforces", `{"action":"audit","mode":"enforce"}`, sweepCommand{}, "only looks"},
		{"BadPrefix", `{"prefix":"A"}`, sweepCommand{}, "no part of a bucket name"},
		{"BadRegion", `{"region":"oss-cn-beijing"}`, sweepCommand{}, "no region ID"},
		{"BadCursor", `{"cursor":"b-1"}`, sweepCommand{}, "cursor is"},
		{"NegativeCursor", `{"cursor":"b-1~-5"}`, sweepCommand{}, "cursor is"},
		{"ZeroChanges", `{"max_changes":0}`, sweepCommand{}, "max_changes"},
		{"TooLargeAShare", `{"max_changes":"101%"}`, sweepCommand{}, "max_changes"},
		{"Deep", strings.Repeat(`{"a":`, 1_000_000), sweepCommand{}, "nested"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSweep([]byte(tt.body))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("err = %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || *got != tt.want {
				t.Fatalf("%+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestBound_IsAtLeastOneOfAny(t *testing.T) {
	for _, tt := range []struct {
		b    bound
		n    int
		want int
	}{{bound{}, 100, 0}, {bound{count: 7}, 3, 7}, {bound{percent: 10}, 100, 10}, {bound{percent: 10}, 101, 11}, {bound{percent: 1}, 0, 1}, {bound{percent: 100}, 5, 5}} {
		if got := tt.b.of(tt.n); got != tt.want {
			t.Errorf("%+v of %d = %d, want %d", tt.b, tt.n, got, tt.want)
		}
	}
}

func TestCursor_RoundTrip(t *testing.T) {
	for _, c := range []cursor{{"b-1", 0}, {"2222222222222222/b-1", 12}, {"", 3}} {
		b, err := json.Marshal(c)
		var back cursor
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back != c {
			t.Errorf("%+v: %s, %+v, %v", c, b, back, err)
		}
	}
}

// sweeping is an account of n buckets; every third has a rule. Each look takes
// the given time.
func sweeping(n int, look time.Duration) (*Handler, *memory) {
	m := &memory{rules: map[string]ossenc.Rule{}}
	for i := range n {
		m.rules[fmt.Sprintf("b-%05d", i)] = ossenc.Rule{}
		if i%3 == 0 {
			m.rules[fmt.Sprintf("b-%05d", i)] = kms
		}
	}
	warden := &ossenc.Warden{Store: slow{m, look}, Lister: m}
	h := newHandler(&stub{}, nil)
	h.Encryption, h.Surveyor = warden, warden
	return h, m
}

// slow is a store that takes its time.
type slow struct {
	ossenc.Store
	look time.Duration
}

func (s slow) Get(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	time.Sleep(s.look)
	return s.Store.Get(ctx, b)
}

func sweepOnce(t *testing.T, h *Handler, timeout time.Duration, payload string) (sweepAnswer, *Failure) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	body, err := h.Invoke(ctx, "req-1", []byte(payload))
	failure, _ := errors.AsType[*Failure](err)
	if failure != nil {
		body = []byte(failure.Answer)
	}
	var a sweepAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return a, failure
}

func TestSweep_GoesOnWithItsCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, m := sweeping(3000, 50*time.Millisecond)
		payload, totals, pieces := `{"action":"sweep"}`, map[ossenc.Verdict]int{}, 0
		for {
			a, failure := sweepOnce(t, h, 5*time.Second, payload)
			if failure != nil {
				t.Fatal(failure)
			}
			for v, n := range a.Totals {
				totals[v] += n
			}
			if pieces++; a.Complete {
				if a.Changes != 2000 || a.Next != nil {
					t.Errorf("%d changes in all, next %v", a.Changes, a.Next)
				}
				break
			}
			next, err := json.Marshal(a.Next)
			if err != nil {
				t.Fatal(err)
			}
			payload = `{"action":"sweep","cursor":` + string(next) + `}`
		}
		if pieces < 2 || totals[ossenc.Fixed] != 2000 || totals[ossenc.Compliant] != 1000 || m.writes != 2000 {
			t.Errorf("%d pieces, %v, %d writes", pieces, totals, m.writes)
		}
	})
}

func TestSweep_TheBoundHoldsOverAllPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, m := sweeping(3000, 50*time.Millisecond)
		a, failure := sweepOnce(t, h, 5*time.Second, `{"action":"sweep","max_changes":700}`)
		if failure != nil && failure.Code != ossenc.Refused || a.Next == nil {
			t.Fatalf("%v, %+v", failure, a)
		}
		next, err := json.Marshal(a.Next)
		if err != nil {
			t.Fatal(err)
		}
		_, failure = sweepOnce(t, h, time.Minute, `{"action":"sweep","max_changes":700,"cursor":`+string(next)+`}`)
		if failure == nil || failure.Code != ossenc.Refused || m.writes != 700 {
			t.Errorf("%v, %d writes, want 700", failure, m.writes)
		}
	})
}

func TestSweep_OfATimerThatIsNotFinishedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := sweeping(3000, 50*time.Millisecond)
		a, failure := sweepOnce(t, h, 5*time.Second, `{"triggerName":"n","triggerTime":"2026-11-23T02:30:00Z","payload":""}`)
		if failure == nil || failure.Code != ossenc.Deadline || a.Next == nil {
			t.Errorf("%v, %+v; want a failure with a cursor: nobody goes on with it", failure, a)
		}
	})
}

func TestSweep_AnswerDoesNotGrowWithTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := sweeping(6000, 0)
		a, failure := sweepOnce(t, h, time.Hour, `{"action":"sweep"}`)
		if failure != nil || len(a.Results) != maxListed || a.Omitted != 4000-maxListed || a.Buckets != 6000 {
			t.Errorf("%d listed, %d omitted of %d, %v", len(a.Results), a.Omitted, a.Buckets, failure)
		}
		h, m := sweeping(9000, 0)
		a, failure = sweepOnce(t, h, time.Hour, `{"action":"audit"}`)
		if failure != nil || len(a.Plan.Rows) != maxPlanned || a.Complete || a.Next == nil || m.writes != 0 {
			t.Errorf("%d rows planned, complete %t, next %v, %d writes, %v", len(a.Plan.Rows), a.Complete, a.Next, m.writes, failure)
		}
	})
}

func TestSweep_TellsOfExemptionsThatEndSoon(t *testing.T) {
	h, _ := sweeping(1, 0)
	h.EndingSoon = func(time.Time) []ossenc.Exemption {
		return []ossenc.Exemption{{Rule: "public assets", Reason: "web assets", Owner: "web team", Until: ossenc.Date{Time: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}}}
	}
	a, failure := sweepOnce(t, h, time.Minute, `{"action":"audit"}`)
	if failure != nil || len(a.EndingSoon) != 1 || a.EndingSoon[0].Owner != "web team" {
		t.Errorf("%+v, %v", a.EndingSoon, failure)
	}
}

func TestPlan_Check(t *testing.T) {
	sealed := func(rows ...planRow) *plan {
		p := &plan{Rows: rows}
		p.seal()
		return p
	}
	good := planRow{Bucket: "b-1", Region: "cn-hangzhou", Target: aes256}
	if err := sealed(good).check(""); err != nil {
		t.Fatal(err)
	}
	other := sealed(good)
	other.Rows[0].Target = ossenc.Rule{}
	tests := []struct {
		name     string
		plan     *plan
		approved string
		want     string
	}{
		{"OtherRows", other, "", "not those of its digest"},
		{"OtherDigestApproved", sealed(good), "sha256:00", "another digest"},
		{"BadBucket", sealed(planRow{Bucket: "B", Target: aes256}), "", "is no bucket"},
		{"BadAccount", sealed(planRow{Account: "x", Bucket: "b-1", Target: aes256}), "", "is no bucket"},
		{"BadRegion", sealed(planRow{Bucket: "b-1", Region: "http://evil", Target: aes256}), "", "no region ID"},
		{"BadRule", sealed(planRow{Bucket: "b-1", Target: ossenc.Rule{Algorithm: "DES"}}), "", "is no rule"},
		{"Twice", sealed(good, good), "", "there twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.plan.check(tt.approved); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

// The digest is of the rows whatever their order, and of every part of them.
func TestPlan_DigestIsOfEveryPart(t *testing.T) {
	rows := []planRow{{Bucket: "b-1", Region: "cn-hangzhou", Target: aes256}, {Account: "22", Bucket: "b-2", Before: aes256, Target: kms}}
	want := (&plan{Rows: rows}).digest()
	reversed := slices.Clone(rows)
	slices.Reverse(reversed)
	if got := (&plan{Rows: reversed}).digest(); got != want {
		t.Error("the order changes the digest")
	}
	for i, change := range []func(*planRow){
		func(r *planRow) { r.Account = "33" },
		func(r *planRow) { r.Bucket = "b-3" },
		func(r *planRow) { r.Region = "cn-beijing" },
		func(r *planRow) { r.Before = kms },
		func(r *planRow) { r.Target.KMSKeyID = "key-1" },
	} {
		changed := slices.Clone(rows)
		change(&changed[1])
		if got := (&plan{Rows: changed}).digest(); got == want {
			t.Errorf("change %d does not change the digest", i)
		}
	}
}

// A plan cannot be a way to weaken a rule: what may be written is decided anew.
func TestApply_AForgedPlanWeakensNothing(t *testing.T) {
	m := &memory{rules: map[string]ossenc.Rule{"b-1": kms}}
	web, _ := newWeb(m, everything)
	forged := &plan{Rows: []planRow{{Bucket: "b-1", Before: kms, Target: aes256}}}
	forged.seal()
	body, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, web, "POST", "/apply", string(body))
	if m.rules["b-1"] != kms || m.writes != 0 {
		t.Errorf("%s in force after %d writes", m.rules["b-1"], m.writes)
	}
}

func FuzzSweepIn(f *testing.F) {
	for _, s := range []string{`{"action":"sweep"}`, `{"action":"audit","cursor":"b~1","max_changes":"5%"}`, `{"triggerName":"n","triggerTime":"t","payload":"{}"}`, `{"action":1}`, `[]`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, _, err := sweepIn(payload)
		if err != nil && c != nil {
			t.Error("a command and an error")
		}
		if c == nil {
			return
		}
		if c.Action != "sweep" && c.Action != "audit" || c.Action == "audit" && c.Mode != "report" {
			t.Errorf("%+v", c)
		}
		if c.Region != "" && !ossenc.ValidRegion(c.Region) || c.Cursor.changes < 0 {
			t.Errorf("%+v", c)
		}
	})
}
