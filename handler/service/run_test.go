package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// fakeInvoker is a platform that keeps tasks.
type fakeInvoker struct {
	tasks map[string][]byte
	order []string
	// regions are where those of order were sent.
	regions []string
	start   func(taskID string) error // before the task is stored; nil for none
	lost    bool                      // the task is stored and the answer lost
	exists  error
	// forgets is whether a task ID that is known is taken once more, as on a platform
	// that does not honour them.
	forgets bool
}

func (f *fakeInvoker) Start(_ context.Context, region, taskID string, payload []byte) (bool, error) {
	if f.start != nil {
		if err := f.start(taskID); err != nil {
			return false, err
		}
	}
	if _, known := f.tasks[taskID]; known && !f.forgets {
		return true, nil
	}
	f.tasks[taskID] = payload
	f.order = append(f.order, taskID)
	f.regions = append(f.regions, region)
	if f.lost {
		return false, &ossenc.Error{Code: ossenc.Unavailable, Message: "no answer"}
	}
	return false, nil
}

func (f *fakeInvoker) Task(_ context.Context, _, taskID string) ([]byte, bool, error) {
	payload, known := f.tasks[taskID]
	return payload, known && f.exists == nil, f.exists
}

// pieces is a sweeper over n buckets of which one hop takes each.
type pieces struct {
	n, each int
	fails   func(i int) ossenc.Code
	errs    error
	last    ossenc.SweepOptions
	changed int
	// The accounts, and why they are not known.
	accounts    ossenc.AccountList
	accountsErr error
	// How many buckets each region has; nil for all in one. How often they were counted.
	regions  map[string]int
	countErr error
	counts   int
	// What happens while a sweep is under way, and the time that it has.
	during func()
	until  time.Time
}

func (p *pieces) HasAccount(context.Context, string) (bool, error) { return true, p.accountsErr }

func (p *pieces) AccountFacts(context.Context, string) (ossenc.AccountFacts, error) {
	return ossenc.AccountFacts{}, p.accountsErr
}

func (p *pieces) AccountList(_ context.Context, o ossenc.SweepOptions) (ossenc.AccountList, error) {
	return p.accounts, p.accountsErr
}

func (p *pieces) Ensure(context.Context, ossenc.Task) ossenc.Result { panic("not used") }

func (p *pieces) ModeFor(requested ossenc.Mode) ossenc.Mode { return requested }

func (p *pieces) Count(context.Context, ossenc.SweepOptions) (map[string]int, error) {
	p.counts++
	if p.regions != nil {
		return p.regions, p.countErr
	}
	return map[string]int{"cn-hangzhou": p.n}, p.countErr
}

func (p *pieces) Sweep(ctx context.Context, o ossenc.SweepOptions, yield func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
	p.last = o
	p.until, _ = ctx.Deadline()
	if p.during != nil {
		p.during()
	}
	from := 0
	if o.After != "" {
		if _, err := fmt.Sscanf(string(o.After), "b-%d", &from); err != nil {
			return ossenc.SweepSummary{}, err
		}
		from++
	}
	sum := ossenc.SweepSummary{Last: o.After, Changes: o.Changes, Complete: true}
	for i := from; i < p.n; i++ {
		if i == from+p.each {
			sum.Complete, sum.Stopped = false, true
			break
		}
		r := ossenc.Result{Bucket: fmt.Sprintf("b-%06d", i), Verdict: ossenc.Compliant}
		if code := p.fails(i); code != "" {
			r.Verdict, r.Code = ossenc.Blocked, code
		}
		if o.MaxChanges != nil && sum.Changes < *o.MaxChanges {
			sum.Changes++
			p.changed++
		}
		yield(r)
		sum.Last = ossenc.Cursor(r.Bucket)
	}
	return sum, p.errs
}

func runnable(t *testing.T, p *pieces) (*Service, *fakeInvoker) {
	t.Helper()
	if p.fails == nil {
		p.fails = func(int) ossenc.Code { return "" }
	}
	f := &fakeInvoker{tasks: map[string][]byte{}}
	return &Service{Warden: func() Warden { return p }, Policy: new(policy.Policy), Invoker: f, InvokerSetting: "set IT", Log: slog.New(slog.NewJSONHandler(t.Output(), nil))}, f
}

// parse returns the request in a payload, as the door reads it.
func parse(t *testing.T, payload []byte) *SweepRequest {
	t.Helper()
	r, err := ParseSweep(payload)
	if err != nil {
		t.Fatalf("%v in %s", err, payload)
	}
	return r
}

// drain runs the tasks in order until there are no more, and returns all results.
func drain(t *testing.T, s *Service, f *fakeInvoker) []*HopResult {
	t.Helper()
	var all []*HopResult
	for i := 0; i < len(f.order); i++ {
		all = append(all, s.Hop(t.Context(), parse(t, f.tasks[f.order[i]])))
	}
	return all
}

func TestRun_ContinuesToTheEnd(t *testing.T) {
	p := &pieces{n: 25, each: 10, fails: func(i int) ossenc.Code {
		return map[int]ossenc.Code{3: ossenc.Denied, 12: ossenc.Throttled, 13: ossenc.Throttled}[i]
	}}
	s, f := runnable(t, p)
	start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true,"run_id":"nightly-1","prefix":"b"}`)))
	if err != nil || start.Parts != 1 || !start.Continues || start.Complete || start.Code != "" {
		t.Fatalf("%+v, %v", start, err)
	}
	hops := drain(t, s, f)
	if len(hops) != 3 {
		t.Fatalf("%d hops: %q", len(hops), f.order)
	}
	for i, h := range hops[:2] {
		// Buckets that failed do not fail a hop that is not the last.
		if h.Code != "" || !h.Continues || h.Complete || h.Next != nil {
			t.Errorf("hop %d: %+v", i+1, h)
		}
	}
	last := hops[2]
	if last.Code != ossenc.Denied || !last.Complete || last.Continues || last.Run.Buckets != 25 || last.Run.Totals[ossenc.Compliant] != 22 ||
		last.Run.Failures[ossenc.Throttled] != 2 || last.Run.Failures[ossenc.Denied] != 1 || last.Run.Hop != 3 {
		t.Errorf("the last hop: %+v, run %+v", last, last.Run)
	}
	if p.last.Prefix != "b" {
		t.Errorf("the request is lost on the way: %+v", p.last)
	}
}

// Who may list the function's tasks reads what they were started with: no credentials, and
// nothing but the members of a request for a sweep.
func TestRun_PayloadsHaveNoSecret(t *testing.T) {
	s, f := runnable(t, &pieces{n: 25, each: 10, accounts: ossenc.AccountList{IDs: []string{"", "2"}}})
	secrets := []string{"STS.of-this-invocation", "secret-of-this-invocation", "token-of-this-invocation"}
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "1", Credentials: ossenc.Credentials{AccessKeyID: secrets[0], AccessKeySecret: secrets[1], SecurityToken: secrets[2]}})
	for _, request := range []string{`{"action":"sweep","continue":true,"run_id":"one"}`, `{"action":"sweep","fan_out":"account","run_id":"many"}`} {
		if start, err := s.StartRun(ctx, parse(t, []byte(request))); err != nil || !start.Continues {
			t.Fatalf("%+v, %v", start, err)
		}
	}
	for i := 0; i < len(f.order); i++ {
		payload := f.tasks[f.order[i]]
		for _, secret := range secrets {
			if strings.Contains(string(payload), secret[:8]) || strings.Contains(string(payload), secret[len(secret)-8:]) {
				t.Errorf("%s has %s", payload, secret)
			}
		}
		s.Hop(ctx, parse(t, payload)) // strict: it takes no other members
	}
	if len(f.order) < 6 {
		t.Errorf("only %d tasks: %q", len(f.order), f.order)
	}
}

// TestStartRun_OnceOnly: a second delivery of the same timer event starts nothing, also
// where the platform would take the task ID a second time, and where it cannot be asked.
func TestStartRun_OnceOnly(t *testing.T) {
	s, f := runnable(t, &pieces{n: 25, each: 10})
	f.forgets = true
	request := []byte(`{"action":"sweep","fan_out":"account","run_id":"r"}`)
	s.Warden = func() Warden { return &pieces{accounts: ossenc.AccountList{IDs: []string{"", "2"}}} }
	if start, err := s.StartRun(t.Context(), parse(t, request)); err != nil || start.Code != "" || start.Parts != 2 {
		t.Fatalf("%+v, %v", start, err)
	}
	start, err := s.StartRun(t.Context(), parse(t, request))
	if err != nil || start.Code != ossenc.Refused || start.Continues || len(f.order) != 2 || !strings.Contains(fmt.Sprint(start.Errors), "was started before") {
		t.Errorf("again: %+v, %v, tasks %q", start, err, f.order)
	}
	f.exists = &ossenc.Error{Code: ossenc.Unavailable, Message: "no answer"}
	if start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true,"run_id":"other"}`))); err != nil || start.Code != ossenc.Unavailable || len(f.order) != 2 {
		t.Errorf("a platform that cannot be asked: %+v, %v, tasks %q", start, err, f.order)
	}
}

// TestRun_ARepeatedHopEndsAtOnce: it neither checks buckets again nor forks the run.
func TestRun_ARepeatedHopEndsAtOnce(t *testing.T) {
	s, f := runnable(t, &pieces{n: 25, each: 10})
	if _, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true,"run_id":"r"}`))); err != nil {
		t.Fatal(err)
	}
	first := parse(t, f.tasks["r-h00001"])
	s.Hop(t.Context(), first)
	again := s.Hop(t.Context(), first)
	if again.Code != "" || !again.Continues || again.Run.Buckets != 0 || len(f.order) != 2 {
		t.Errorf("%+v, tasks %q", again, f.order)
	}
	// The start, repeated, is refused.
	start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true,"run_id":"r"}`)))
	if err != nil || start.Code != ossenc.Refused || len(f.order) != 2 {
		t.Errorf("%+v, %v", start, err)
	}
}

func TestRun_EndsLoudly(t *testing.T) {
	request := func(change func(*Run)) *SweepRequest {
		run := Run{ID: "r", Hop: 1, MaxHops: 5, Ends: time.Now().Add(time.Hour)}
		change(&run)
		return &SweepRequest{Action: "sweep", Run: &run, Cursor: ResumeToken{Place: "b-000002"}}
	}
	for name, c := range map[string]struct {
		run    func(*Run)
		world  func(*Service, *fakeInvoker, *pieces)
		code   ossenc.Code
		reason string
	}{
		"the stop switch":    {func(*Run) {}, func(s *Service, _ *fakeInvoker, _ *pieces) { s.Invoker = nil }, ossenc.Refused, "set IT"},
		"the bound on hops":  {func(r *Run) { r.Hop = 6 }, nil, ossenc.Refused, "has had its 5 hops"},
		"the run's end":      {func(r *Run) { r.Ends = time.Now() }, nil, ossenc.Deadline, "has had its time"},
		"tasks are not kept": {func(*Run) {}, func(_ *Service, f *fakeInvoker, _ *pieces) { clear(f.tasks) }, ossenc.Refused, "asyncTask"},
		"tasks cannot be asked": {func(*Run) {}, func(_ *Service, f *fakeInvoker, _ *pieces) {
			f.exists = &ossenc.Error{Code: ossenc.Denied, Message: "no right"}
		}, ossenc.Denied, "no right"},
		"no progress": {func(*Run) {}, func(_ *Service, _ *fakeInvoker, p *pieces) { p.each = 0 }, ossenc.Deadline, "before a single bucket"},
		"the hand-over is denied": {func(*Run) {}, func(_ *Service, f *fakeInvoker, _ *pieces) {
			f.start = func(string) error { return &ossenc.Error{Code: ossenc.Denied, Message: "no right"} }
		}, ossenc.Denied, "could not be started"},
	} {
		p := &pieces{n: 25, each: 10}
		s, f := runnable(t, p)
		f.tasks["r-h00001"] = nil
		if c.world != nil {
			c.world(s, f, p)
		}
		h := s.Hop(t.Context(), request(c.run))
		if h.Code != c.code || !strings.Contains(fmt.Sprint(h.Errors), c.reason) || h.Next == nil || h.Continues || h.Complete {
			t.Errorf("%s: %+v", name, h)
		}
	}
}

// TestRun_HandOverWithoutAnAnswer: the next hop exists, so the run goes on, once.
func TestRun_HandOverWithoutAnAnswer(t *testing.T) {
	s, f := runnable(t, &pieces{n: 25, each: 10})
	f.tasks["r-h00001"] = nil
	f.lost = true
	h := s.Hop(t.Context(), &SweepRequest{Action: "sweep", Run: &Run{ID: "r", Hop: 1, MaxHops: 5, Ends: time.Now().Add(time.Hour)}})
	if h.Code != "" || !h.Continues || len(f.order) != 1 {
		t.Errorf("%+v, %q", h, f.order)
	}
	// Throttled twice, it is tried again.
	s, f = runnable(t, &pieces{n: 25, each: 10})
	f.tasks["r-h00001"] = nil
	tries := 0
	f.start = func(string) error {
		if tries++; tries < 3 {
			return &ossenc.Error{Code: ossenc.Throttled, Message: "slow down"}
		}
		return nil
	}
	if h := s.Hop(t.Context(), &SweepRequest{Action: "sweep", Run: &Run{ID: "r", Hop: 1, MaxHops: 5, Ends: time.Now().Add(time.Hour)}}); h.Code != "" || !h.Continues || tries != 3 {
		t.Errorf("%+v after %d tries", h, tries)
	}
}

func TestRun_TheLimitHoldsOverAllHops(t *testing.T) {
	p := &pieces{n: 30, each: 10}
	s, f := runnable(t, p)
	if _, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true,"run_id":"r","max_changes":"50%"}`))); err != nil {
		t.Fatal(err)
	}
	hops := drain(t, s, f)
	if got := hops[len(hops)-1]; got.Changes != 15 || *got.Run.Limit != 15 {
		t.Errorf("%d changes of %d", got.Changes, *got.Run.Limit)
	}
}

// TestRun_ThePolicysLimitHolds, whatever a payload says.
func TestRun_ThePolicysLimitHolds(t *testing.T) {
	hop := func(limit *int, cap policy.MaxChanges) (*HopResult, *pieces) {
		p := &pieces{n: 30, each: 10}
		s, f := runnable(t, p)
		f.tasks["r-h00001"] = nil
		s.Policy.MaxChanges = cap
		return s.Hop(t.Context(), &SweepRequest{Action: "sweep", Run: &Run{ID: "r", Hop: 1, MaxHops: 5, Ends: time.Now().Add(time.Hour), Limit: limit}}), p
	}
	for _, limit := range []*int{nil, new(1000)} {
		if h, p := hop(limit, policy.MaxChanges{Count: 2}); h.Code != "" || p.changed != 2 {
			t.Errorf("limit %v: %+v, %d changes", limit, h, p.changed)
		}
	}
	if h, p := hop(nil, policy.MaxChanges{Percent: 10}); h.Code != ossenc.Invalid || p.changed != 0 {
		t.Errorf("no number for a share: %+v", h)
	}
	if h, p := hop(new(0), policy.MaxChanges{Percent: 10}); h.Code != "" || p.changed != 0 {
		t.Errorf("none is left: %+v, %d changes", h, p.changed)
	}
}

func TestFanOut(t *testing.T) {
	p := &pieces{n: 5, each: 10}
	s, f := runnable(t, p)
	p.accounts.IDs = []string{"", "2", "3"}
	start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","fan_out":"account","run_id":"r","max_changes":4,"prefix":"b"}`)))
	if err != nil || start.Parts != 3 || start.Code != "" {
		t.Fatalf("%+v, %v", start, err)
	}
	limits, accounts := 0, []string{}
	for _, id := range f.order {
		r := parse(t, f.tasks[id])
		limits += *r.Run.Limit
		accounts = append(accounts, r.Accounts...)
		if r.Prefix != "b" || r.IsRun() || !strings.HasSuffix(id, "-h00001") || !strings.HasPrefix(id, r.Run.ID) {
			t.Errorf("%s: %s", id, f.tasks[id])
		}
	}
	if fmt.Sprint(accounts) != "[ 2 3]" || limits != 4 {
		t.Errorf("accounts %q, limits %d", accounts, limits)
	}
	for _, h := range drain(t, s, f) {
		if h.Code != "" || !h.Complete || h.Run.Buckets != 5 {
			t.Errorf("%+v", h)
		}
	}
}

// TestFanOut_ManyAccounts share a bounded number of parts; none is left out, and a
// part without changes to make makes none.
func TestFanOut_ManyAccounts(t *testing.T) {
	p := &pieces{n: 5, each: 10}
	s, f := runnable(t, p)
	p.accounts.IDs = []string{""}
	for i := range 10_000 {
		p.accounts.IDs = append(p.accounts.IDs, fmt.Sprintf("%016d", i+1))
	}
	start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","fan_out":"account","run_id":"r","max_changes":3}`)))
	if err != nil || start.Parts != maxParts {
		t.Fatalf("%+v, %v", start, err)
	}
	seen := map[string]bool{}
	for _, id := range f.order {
		if len(f.tasks[id]) > maxRunPayload {
			t.Fatalf("a payload of %d bytes", len(f.tasks[id]))
		}
		for _, account := range parse(t, f.tasks[id]).Accounts {
			seen[account] = true
		}
	}
	drain(t, s, f)
	if len(seen) != 10_001 || p.changed != 3 {
		t.Errorf("%d accounts, %d changes", len(seen), p.changed)
	}
}

// TestFanOut_AccountsThatAreNotKnown: no part is started, because one would be missing;
// a problem of the selection alone stops nothing and is told.
func TestFanOut_AccountsThatAreNotKnown(t *testing.T) {
	silent := &ossenc.Error{Op: "ListAccounts", Code: ossenc.Unavailable, Message: "no answer"}
	p := &pieces{n: 5, each: 10, accountsErr: silent, accounts: ossenc.AccountList{IDs: []string{""}}}
	s, f := runnable(t, p)
	request := []byte(`{"action":"sweep","fan_out":"account","run_id":"r"}`)
	if start, err := s.StartRun(t.Context(), parse(t, request)); err != nil || start.Parts != 0 || start.Code != ossenc.Unavailable || len(f.order) != 0 {
		t.Errorf("%+v, %v", start, err)
	}
	p.accountsErr, p.accounts.Problems = nil, []error{&ossenc.Error{Code: ossenc.Invalid, Message: "no account is in folder fd-x"}}
	if start, err := s.StartRun(t.Context(), parse(t, request)); err != nil || start.Parts != 1 || start.Code != ossenc.Invalid || len(start.Errors) != 1 {
		t.Errorf("%+v, %v", start, err)
	}
}

// TestHop_AccountsThatAreNotKnown: the hop fails with the cursor and starts nothing, so
// that its repetition finds all accounts.
func TestHop_AccountsThatAreNotKnown(t *testing.T) {
	p := &pieces{n: 5, each: 10, accountsErr: &ossenc.Error{Op: "ListAccounts", Code: ossenc.Unavailable, Message: "no answer"}}
	s, f := runnable(t, p)
	if _, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true,"run_id":"r"}`))); err != nil {
		t.Fatal(err)
	}
	h := s.Hop(t.Context(), parse(t, f.tasks[f.order[0]]))
	if h.Code != ossenc.Unavailable || h.Continues || h.Complete || h.Next == nil || p.last.Mode != "" {
		t.Errorf("%+v", h)
	}
	p.accountsErr = nil
	if h := s.Hop(t.Context(), parse(t, f.tasks[f.order[0]])); h.Code != "" || !h.Complete {
		t.Errorf("the repetition: %+v", h)
	}
}

func TestStartRun_Refuses(t *testing.T) {
	s, f := runnable(t, &pieces{})
	f.start = func(string) error { return &ossenc.Error{Code: ossenc.Denied, Message: "no right"} }
	if start, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true}`))); err != nil || start.Code != ossenc.Denied || start.Continues {
		t.Errorf("%+v, %v", start, err)
	}
	s.Invoker = nil
	if _, err := s.StartRun(t.Context(), parse(t, []byte(`{"action":"sweep","continue":true}`))); ossenc.CodeOf(err) != ossenc.Invalid || !strings.Contains(err.Error(), "set IT") {
		t.Errorf("%v", err)
	}
	for _, body := range []string{
		`{"action":"sweep","fan_out":"bucket"}`, `{"action":"sweep","run_id":"1"}`, `{"action":"sweep","run_id":"rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"}`,
		`{"action":"sweep","fan_out":"region","region":"cn-hangzhou"}`, `{"action":"sweep","fan_out":"region","except_regions":["cn-hangzhou"]}`,
		`{"action":"sweep","fan_out":"region","cursor":"b-1~1"}`, `{"action":"sweep","except_regions":["oss-cn-hangzhou"]}`, `{"action":"sweep","run_id":"a b"}`, `{"action":"sweep","accounts":["x"]}`,
		`{"action":"sweep","accounts":["2"],"fan_out":"account"}`, `{"action":"sweep","run":{}}`, `{"action":"sweep","run":{"id":"r","hop":0,"max_hops":1,"ends":"2026-11-26T00:00:00Z"}}`,
	} {
		if _, err := ParseSweep([]byte(body)); err == nil {
			t.Errorf("%s is accepted", body)
		}
	}
}

func TestRunID(t *testing.T) {
	at := time.Date(2026, 11, 26, 10, 30, 0, 0, time.FixedZone("", 8*3600))
	for trigger, want := range map[string]string{"nightly": "sweep-nightly-20261126T023000", "Ä b/<script>": "sweep---b--script--20261126T023000", strings.Repeat("x", 300): "sweep-" + strings.Repeat("x", 40) + "-20261126T023000"} {
		if got := RunID(trigger, at); got != want || !validRunID(got, maxRunID) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestSweep_Slim: the answer fits a workflow's 64 KiB, whatever happened.
func TestSweep_Slim(t *testing.T) {
	p := &pieces{n: 5000, each: 5000, fails: func(int) ossenc.Code { return ossenc.Denied }}
	var errs []error
	for i := range 1000 {
		errs = append(errs, &ossenc.Error{Code: ossenc.Denied, Message: fmt.Sprintf("account %d: %s", i, strings.Repeat("x", 300))})
	}
	p.errs = errors.Join(errs...)
	s, _ := runnable(t, p)
	s.Log = slog.New(slog.DiscardHandler)
	res, err := s.Sweep(t.Context(), parse(t, []byte(`{"action":"sweep","slim":true}`)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(res)
	if err != nil || len(b) > 32<<10 || res.Omitted != 5000 || res.Code != ossenc.Denied || !strings.Contains(string(b), `"next":"~0"`) {
		t.Errorf("%d bytes, %v: %.300s", len(b), err, b)
	}
}

// FuzzParseSweep_Run: whatever a run says, it is refused or a hop that ends.
func FuzzParseSweep_Run(f *testing.F) {
	f.Add(`{"action":"sweep","cursor":"b-000001~1","run":{"id":"r","hop":1,"max_hops":3,"ends":"2999-01-01T00:00:00Z","limit":0,"buckets":1,"by_verdict":{"fixed":1}}}`)
	f.Add(`{"action":"sweep","run":{"id":"r","hop":9223372036854775807,"max_hops":9223372036854775807,"ends":"2999-01-01T00:00:00Z"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		r, err := ParseSweep([]byte(body))
		if err != nil || r.Run == nil {
			return
		}
		s, platform := runnable(t, &pieces{n: 3, each: 10})
		s.Log = slog.New(slog.DiscardHandler)
		r.Cursor.Place = ""
		platform.tasks[r.Run.taskID(r.Run.Hop)] = nil
		h := s.Hop(t.Context(), r)
		if h.Continues || h.Complete == (h.Next != nil) {
			t.Fatalf("%s: %+v", body, h)
		}
		if _, err := json.Marshal(h); err != nil {
			t.Fatal(err)
		}
	})
}
