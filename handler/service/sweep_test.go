package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

func TestParseSweep(t *testing.T) {
	tests := []struct {
		name, body string
		want       SweepRequest
		err        string
	}{
		{"Empty", "", SweepRequest{Action: "sweep"}, ""},
		{"Blank", " \n", SweepRequest{Action: "sweep"}, ""},
		{"Sweep", `{"action":"sweep"}`, SweepRequest{Action: "sweep"}, ""},
		{"AuditOnlyReports", `{"action":"audit"}`, SweepRequest{Action: "audit", Mode: "report"}, ""},
		{
			"All", `{"action":"sweep","mode":"enforce","prefix":"pay-","region":"cn-beijing","cursor":"2222/b-1~7","max_changes":50}`,
			SweepRequest{Action: "sweep", Mode: "enforce", Prefix: "pay-", Region: "cn-beijing", Cursor: ResumeToken{"2222/b-1", 7}, MaxChanges: policy.MaxChanges{Count: 50}},
			"",
		},
		{"Share", `{"max_changes":"10%"}`, SweepRequest{Action: "sweep", MaxChanges: policy.MaxChanges{Percent: 10}}, ""},
		{"Misspelt", `{"mod":"report"}`, SweepRequest{}, "unknown field"},
		{"Null", `null`, SweepRequest{}, "not a JSON object"},
		{"ModeWithoutValue", `{"mode":""}`, SweepRequest{}, `"mode" has no value`},
		{"ModeInAnotherCaseWithoutValue", `{"Mode":null}`, SweepRequest{}, `"Mode" has no value`},
		{"RegionWithoutValue", `{"region":""}`, SweepRequest{}, `"region" has no value`},
		{"BucketsOfNothing", `{"mode":"report","buckets":null}`, SweepRequest{}, `"buckets" has no value`},
		{"CursorOfTheFirstPart", `{"cursor":""}`, SweepRequest{Action: "sweep"}, ""},
		{"Twice", `{"mode":"report","mode":"enforce"}`, SweepRequest{}, "given twice"},
		{"TwiceInAnotherCase", `{"mode":"report","MODE":"enforce"}`, SweepRequest{}, "given twice"},
		{"TwoValues", `{"mode":"report"}{}`, SweepRequest{}, "something behind"},
		{"NotJSON", `sweep`, SweepRequest{}, "not well-formed"},
		{"Array", `[]`, SweepRequest{}, "wrong type"},
		{"OtherAction", `{"action":"delete"}`, SweepRequest{}, "neither sweep nor audit"},
		{"OtherMode", `{"mode":"dry"}`, SweepRequest{}, "none of report, approve, enforce"},
		{"AuditThatEnforces", `{"action":"audit","mode":"enforce"}`, SweepRequest{}, "only reports"},
		{"BadPrefix", `{"prefix":"A"}`, SweepRequest{}, "not the beginning of a bucket name"},
		{"BadRegion", `{"region":"oss-cn-beijing"}`, SweepRequest{}, "not a region ID"},
		{"BadCursor", `{"cursor":"b-1"}`, SweepRequest{}, "cursor is"},
		{"NegativeCursor", `{"cursor":"b-1~-5"}`, SweepRequest{}, "cursor is"},
		{"NoChanges", `{"max_changes":0}`, SweepRequest{Action: "sweep", MaxChanges: policy.MaxChanges{None: true}}, ""},
		{"NoBound", `{"max_changes":null}`, SweepRequest{Action: "sweep"}, ""},
		{"FewerThanNone", `{"max_changes":-1}`, SweepRequest{}, "max_changes"},
		{"PlusSign", `{"max_changes":"+5"}`, SweepRequest{}, "max_changes"},
		{"NoShare", `{"max_changes":"0%"}`, SweepRequest{}, "max_changes"},
		{"CursorOfManyChanges", `{"cursor":"b-1~9223372036854775807"}`, SweepRequest{}, "cursor is"},
		{"CursorBeyondInt", `{"cursor":"b-1~99999999999999999999"}`, SweepRequest{}, "cursor is"},
		{"CursorWithPlus", `{"cursor":"b-1~+1"}`, SweepRequest{}, "cursor is"},
		{"CursorWithZeros", `{"cursor":"b-1~007"}`, SweepRequest{}, "cursor is"},
		{"CursorOfTwo", `{"cursor":"b-1~1~1"}`, SweepRequest{}, "cursor is"},
		{"CursorOfNoAccount", `{"cursor":"x/b-1~1"}`, SweepRequest{}, "cursor is"},
		{"CursorAtTheBeginningOfAnAccount", `{"cursor":"22/~1"}`, SweepRequest{Action: "sweep", Cursor: ResumeToken{Place: "22/", Changes: 1}}, ""},
		{"CursorWithoutAnAccount", `{"cursor":"/b-1~1"}`, SweepRequest{}, "cursor is"},
		{"CursorOfABucketInABucket", `{"cursor":"22/b-1/b-2~1"}`, SweepRequest{}, "cursor is"},
		{"TooLargeAShare", `{"max_changes":"101%"}`, SweepRequest{}, "max_changes"},
		{"Deep", strings.Repeat(`{"a":`, 1_000_000), SweepRequest{}, "nested"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseSweep([]byte(tt.body))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("err = %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(*got, tt.want) {
				t.Fatalf("%+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestCursor_RoundTrip(t *testing.T) {
	for _, c := range []ResumeToken{{"b-1", 0}, {"2222222222222222/b-1", 12}, {"", 3}} {
		b, err := json.Marshal(c)
		var back ResumeToken
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || back != c {
			t.Errorf("%+v: %s, %+v, %v", c, b, back, err)
		}
	}
}

var (
	aes256 = ossenc.Rule{Algorithm: ossenc.AES256}
	kms    = ossenc.Rule{Algorithm: ossenc.KMS}
)

// serving returns the use cases over m, wanting AES256.
func serving(m *memory.Account) *Service {
	return servingBy(m.Warden(ossenc.Desired{Rule: aes256}))
}

// servingBy returns the use cases of a warden that requires AES256.
func servingBy(w *ossenc.Warden) *Service {
	return &Service{
		Warden: func() Warden { return w.ForInvocation() },
		Policy: policy.Simple(ossenc.Desired{Rule: aes256}),
		Log:    slog.New(slog.DiscardHandler),
	}
}

// sweeping is an account of n buckets; every third has a rule. Each read takes
// the given time.
func sweeping(n int, read time.Duration) (*Service, *memory.Account) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{}}
	for i := range n {
		m.Rules[fmt.Sprintf("b-%05d", i)] = ossenc.Rule{}
		if i%3 == 0 {
			m.Rules[fmt.Sprintf("b-%05d", i)] = kms
		}
	}
	warden := m.Warden(ossenc.Desired{Rule: aes256})
	warden.Store = slow{m, read}
	return servingBy(warden), m
}

// slow is a store that takes its time.
type slow struct {
	ossenc.Store
	read time.Duration
}

func (s slow) Get(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	time.Sleep(s.read)
	return s.Store.Get(ctx, b)
}

func sweepOnce(t *testing.T, s *Service, timeout time.Duration, body string) *SweepResult {
	t.Helper()
	r, err := ParseSweep([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return sweepFor(t, s, timeout, r)
}

func sweepFor(t *testing.T, s *Service, timeout time.Duration, r *SweepRequest) *SweepResult {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	res, err := s.Sweep(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestSweep_ResumesWithItsCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := sweeping(3000, 50*time.Millisecond)
		r, totals, pieces := &SweepRequest{Action: ActionSweep}, map[ossenc.Verdict]int{}, 0
		for {
			res := sweepFor(t, s, 5*time.Second, r)
			if res.Code != "" {
				t.Fatalf("%+v", res)
			}
			for v, n := range res.Totals {
				totals[v] += n
			}
			if pieces++; res.Complete {
				if res.Changes != 2000 || res.Next != nil {
					t.Errorf("%d changes in all, next %v", res.Changes, res.Next)
				}
				break
			}
			r.Cursor = *res.Next
		}
		if pieces < 2 || totals[ossenc.Fixed] != 2000 || totals[ossenc.Compliant] != 1000 || m.Writes != 2000 {
			t.Errorf("%d pieces, %v, %d writes", pieces, totals, m.Writes)
		}
	})
}

func TestSweep_TheLimitHoldsOverAllPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := sweeping(3000, 50*time.Millisecond)
		r := &SweepRequest{Action: ActionSweep, MaxChanges: policy.MaxChanges{Count: 700}}
		res := sweepFor(t, s, 5*time.Second, r)
		if res.Code != "" && res.Code != ossenc.Refused || res.Next == nil {
			t.Fatalf("%+v", res)
		}
		r.Cursor = *res.Next
		if res = sweepFor(t, s, time.Minute, r); res.Code != ossenc.Refused || m.Writes != 700 {
			t.Errorf("%s, %d writes, want 700", res.Code, m.Writes)
		}
	})
}

func TestSweep_ThatMustFinishAndDoesNotFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := sweeping(3000, 50*time.Millisecond)
		res := sweepFor(t, s, 5*time.Second, &SweepRequest{Action: ActionSweep, MustFinish: true})
		if res.Code != ossenc.Deadline || res.Next == nil {
			t.Errorf("%+v; want a failure with a cursor", res)
		}
	})
}

func TestSweep_AnswerDoesNotGrowWithTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := sweeping(6000, 0)
		res := sweepOnce(t, s, time.Hour, `{"action":"sweep"}`)
		if res.Code != "" || len(res.Results) != maxListed || res.Omitted != 4000-maxListed || res.Buckets != 6000 {
			t.Errorf("%d listed, %d omitted of %d, %s", len(res.Results), res.Omitted, res.Buckets, res.Code)
		}
		s, m := sweeping(9000, 0)
		res = sweepOnce(t, s, time.Hour, `{"action":"audit"}`)
		if res.Code != "" || len(res.Plan.Rows) != maxPlanned || res.Complete || res.Next == nil || m.Writes != 0 {
			t.Errorf("%d rows planned, complete %t, next %v, %d writes, %s", len(res.Plan.Rows), res.Complete, res.Next, m.Writes, res.Code)
		}
	})
}

// Whatever names, keys and reasons there are, an answer stays below 4 MB: what does not
// fit into the list is counted, and a plan that is full ends the sweep with next.
func TestSweep_AnswerIsBoundedByBytes(t *testing.T) {
	long := ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: strings.Repeat("k", 1000)}
	one := ossenc.Result{Account: "1234567890123456", Bucket: strings.Repeat("b", 63), Region: "cn-hangzhou", Before: long, After: long, Wanted: long, Target: long, Reason: strings.Repeat("\"", 2000)}
	var many []error
	for i := range 5000 {
		many = append(many, errors.New(strings.Repeat("x", 300)+strconv.Itoa(i)))
	}
	for _, verdict := range []ossenc.Verdict{ossenc.WouldFix, ossenc.Blocked} {
		s := &Service{Policy: policy.Simple(ossenc.Desired{Rule: aes256})}
		r := s.newSweepResult(t.Context(), &SweepRequest{Action: ActionAudit}, ossenc.ReportOnly)
		one.Verdict = verdict
		added := 0
		for ; added < 10_000 && !r.full(); added++ {
			r.add(one)
		}
		r.addErrors(errors.Join(many...))
		r.end(ossenc.SweepSummary{Last: "b-1"}, nil)
		b, err := json.Marshal(r)
		if err != nil || len(b) > 4<<20 || len(b) < 1<<20 {
			t.Errorf("%s: %d bytes, %v", verdict, len(b), err)
		}
		if ended := added < maxPlanned; ended != (verdict == ossenc.WouldFix) || r.Next == nil || len(r.Results)+r.Omitted != added {
			t.Errorf("%s: after %d results %d are listed, %d left out, next %v", verdict, added, len(r.Results), r.Omitted, r.Next)
		}
	}
}

func TestSweep_AShareIsOfTheBucketsThereAre(t *testing.T) {
	s, m := sweeping(101, 0)
	s.Policy.MaxChanges = policy.MaxChanges{Percent: 10}
	res := sweepOnce(t, s, time.Minute, "")
	if res.MaxChanges == nil || *res.MaxChanges != 11 || res.Code != ossenc.Refused || m.Writes != 11 {
		t.Errorf("%+v after %d writes, want 11", res, m.Writes)
	}
	empty := serving(&memory.Account{})
	empty.Policy.MaxChanges = policy.MaxChanges{Percent: 1}
	if res := sweepOnce(t, empty, time.Minute, ""); res.MaxChanges == nil || *res.MaxChanges != 0 {
		t.Errorf("a share of no buckets is %v, want 0", res.MaxChanges)
	}
}

// The lowest cap holds: a request can lower the policy's, and never raise it.
func TestSweep_ARequestOnlyLowersTheLimit(t *testing.T) {
	count, share, none := policy.MaxChanges{Count: 8}, policy.MaxChanges{Percent: 10}, policy.MaxChanges{None: true}
	tests := []struct {
		name    string
		policy  policy.MaxChanges
		request string
		writes  int // of the 40 that are needed among 60 buckets
	}{
		{"NoBound", policy.MaxChanges{}, "", 40},
		{"Policy", count, "", 8},
		{"Lower", count, `{"max_changes":5}`, 5},
		{"Higher", count, `{"max_changes":1000000}`, 8},
		{"HigherShare", count, `{"max_changes":"100%"}`, 8},
		{"LowerShare", count, `{"max_changes":"1%"}`, 1},
		{"RequestAlone", policy.MaxChanges{}, `{"max_changes":5}`, 5},
		{"PolicysShare", share, "", 6},
		{"AboveThePolicysShare", share, `{"max_changes":7}`, 6},
		{"PolicyAllowsNone", none, `{"max_changes":7}`, 0},
		{"RequestAllowsNone", count, `{"max_changes":0}`, 0},
		{"RequestAloneAllowsNone", policy.MaxChanges{}, `{"max_changes":0}`, 0},
		{"NullIsNoBound", count, `{"max_changes":null}`, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, m := sweeping(60, 0)
			s.Policy.MaxChanges = tt.policy
			res := sweepOnce(t, s, time.Minute, tt.request)
			if m.Writes != tt.writes || res.Changes != tt.writes || tt.writes < 40 != (res.Code == ossenc.Refused) {
				t.Errorf("%d writes, %d changes, code %q; want %d", m.Writes, res.Changes, res.Code, tt.writes)
			}
		})
	}
}

// One account that cannot be counted fails itself and no other.
func TestSweep_AShareCountsWhatCanBeCounted(t *testing.T) {
	_, m := sweeping(60, 0)
	warden := m.Warden(ossenc.Desired{Rule: aes256})
	warden.Accounts = &memory.Accounts{IDs: []string{"22"}, RoleErr: &ossenc.Error{Op: "AssumeRole", Code: ossenc.Denied, Message: "no right"}}
	s := servingBy(warden)
	s.Policy.MaxChanges = policy.MaxChanges{Percent: 50}
	res := sweepOnce(t, s, time.Minute, "")
	if res.Buckets != 60 || m.Writes != 30 || res.Code != ossenc.Denied || len(res.Errors) != 1 {
		t.Errorf("%d buckets, %d writes, code %q, errors %q; want 60, 30, denied and one error", res.Buckets, m.Writes, res.Code, res.Errors)
	}
}

// A cursor of another sweep would leave buckets out and call the rest complete.
func TestSweep_ACursorSkipsNothing(t *testing.T) {
	for _, body := range []string{`{"cursor":"22/b-1~0"}`, `{"cursor":"99999999/zz~0","prefix":"zz"}`, `{"cursor":"zzz~0","prefix":"b-"}`} {
		s, m := sweeping(6, 0)
		res := sweepOnce(t, s, time.Minute, body)
		if res.Complete || res.Code != ossenc.Invalid || m.Writes != 0 || res.Next != nil {
			t.Errorf("%s: %+v", body, res)
		}
	}
	s, _ := sweeping(6, 0)
	if res := sweepOnce(t, s, time.Minute, `{"cursor":"b-00002~0","prefix":"b-"}`); !res.Complete || res.Buckets != 3 {
		t.Errorf("a cursor of this sweep: %+v", res)
	}
}

func TestSweep_ReportsExemptionsThatEndSoon(t *testing.T) {
	s, _ := sweeping(1, 0)
	var err error
	s.Policy, err = policy.Parse("policy.yaml", fmt.Appendf(nil, `
version: 1
rules:
  - {name: public assets, match: {buckets: [assets-*]}, exempt: {reason: public, owner: web team, until: %s}}
  - {name: sandbox, match: {buckets: [sandbox-*]}, exempt: {reason: tests, owner: tools team, until: %s}}
  - {name: rest, want: {algorithm: AES256}}
`, time.Now().AddDate(0, 0, 7).Format(time.DateOnly), time.Now().AddDate(0, 0, 70).Format(time.DateOnly)))
	if err != nil {
		t.Fatal(err)
	}
	if res := sweepOnce(t, s, time.Minute, `{"action":"audit"}`); len(res.EndingSoon) != 1 || res.EndingSoon[0].Owner != "web team" {
		t.Errorf("%+v", res.EndingSoon)
	}
}

func TestRestore_UndoesWhatIsFixedAndNothingElse(t *testing.T) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": kms, "b-2": kms, "b-3": aes256}}
	results, err := serving(m).Restore(t.Context(), []ossenc.Result{
		{Bucket: "b-1", Verdict: ossenc.Fixed, Before: aes256, After: kms},
		{Bucket: "b-2", Verdict: ossenc.Compliant, Before: aes256, After: kms},
		{Bucket: "b-3", Verdict: ossenc.Fixed, Before: ossenc.Rule{}, After: kms}, // changed since
	}, ChangeOptions{})
	if err != nil || len(results.Results) != 2 || results.Code() != ossenc.Refused {
		t.Fatalf("%+v, %v", results, err)
	}
	if m.Rules["b-1"] != aes256 || m.Rules["b-2"] != kms || m.Rules["b-3"] != aes256 {
		t.Errorf("%v", m.Rules)
	}
}

// What lies behind another writer's change is not undone, and the answer says so: it has a
// result that fails.
func TestUndo_SaysWhatIsNotUndone(t *testing.T) {
	sm4 := ossenc.Rule{Algorithm: ossenc.SM4}
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": kms}}
	at := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	results, err := serving(m).Undo(t.Context(), []Change{
		{Bucket: "b-1", Before: ossenc.Rule{}, After: aes256, Time: at},
		{Bucket: "b-1", Before: sm4, After: kms, Time: at.Add(time.Hour)}, // another writer set SM4 between them
	}, ChangeOptions{})
	if err != nil || len(results.Results) != 2 || m.Rules["b-1"] != sm4 {
		t.Fatalf("%+v, %v; the rule is %s", results, err, m.Rules["b-1"])
	}
	if done, not := results.Results[0], results.Results[1]; done.Verdict != ossenc.Fixed || not.Verdict != ossenc.Blocked || not.Code != ossenc.Refused || !strings.Contains(not.Reason, "is not undone") {
		t.Errorf("%+v", results.Results)
	}
}

func TestOne_DryRunAndReportModeWriteNothing(t *testing.T) {
	for _, report := range []bool{false, true} {
		m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
		warden := m.Warden(ossenc.Desired{Rule: aes256})
		if report {
			warden.Mode = ossenc.ReportOnly
		}
		s := servingBy(warden)
		a := s.One(t.Context(), BucketRequest{Bucket: ossenc.Bucket{Name: "b-1"}, Action: Ensure, DryRun: !report, Source: "test"})
		if a.Verdict != ossenc.WouldFix || !a.DryRun || m.Writes != 0 {
			t.Errorf("%+v after %d writes", a, m.Writes)
		}
		if a := s.One(t.Context(), BucketRequest{Bucket: ossenc.Bucket{Name: "b-1"}, Action: Show}); a.DryRun || m.Writes != 0 {
			t.Errorf("%+v after %d writes", a, m.Writes)
		}
	}
}

// A region or a prefix that no bucket has is more likely misspelt than empty.
func TestSweep_WhatMatchesNothingIsNotComplete(t *testing.T) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
	s := serving(m)
	for _, tt := range []struct {
		request SweepRequest
		nothing bool
	}{
		{SweepRequest{Action: ActionAudit, Mode: ossenc.ReportOnly}, false},
		{SweepRequest{Action: ActionAudit, Mode: ossenc.ReportOnly, Prefix: "b-"}, false},
		{SweepRequest{Action: ActionAudit, Mode: ossenc.ReportOnly, Prefix: "c-"}, true},
		{SweepRequest{Action: ActionAudit, Mode: ossenc.ReportOnly, Region: "cn-nowhere"}, true},
		{SweepRequest{Action: ActionAudit, Mode: ossenc.ReportOnly, Prefix: "b-", Cursor: ResumeToken{Place: "b-1"}}, false},
	} {
		tt.request.MustFinish = true
		res, err := s.Sweep(t.Context(), &tt.request)
		if err != nil || res.Complete == tt.nothing || (res.Code == ossenc.NotFound) != tt.nothing || (len(res.Errors) > 0) != tt.nothing {
			t.Errorf("%+v: complete %t, code %q, errors %q, %v", tt.request, res.Complete, res.Code, res.Errors, err)
		}
	}
}
