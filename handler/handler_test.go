package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/handler/internal/memory"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

// stub stands for an account in which every bucket exists without a rule at
// first. It remembers the tasks.
type stub struct {
	service.Warden
	mu    sync.Mutex
	fixed map[string]bool
	tasks []ossenc.Task
	do    func(ossenc.Task) // called before each answer
}

func (s *stub) HasAccount(context.Context, string) (bool, error) { return true, nil }

func (s *stub) Ensure(_ context.Context, t ossenc.Task) ossenc.Result {
	if s.do != nil {
		s.do(t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks = append(s.tasks, t)
	res := ossenc.Result{Bucket: t.Bucket.Name, Region: t.Bucket.Region, Wanted: ossenc.Rule{Algorithm: ossenc.AES256}, Reason: "stub", Observed: true}
	switch {
	case s.fixed[t.Bucket.Name]:
		res.Verdict = ossenc.Compliant
	case t.OwnWrite:
		res.Verdict, res.Code = ossenc.Blocked, ossenc.Refused
	default:
		if s.fixed == nil {
			s.fixed = map[string]bool{}
		}
		res.Verdict = ossenc.Fixed
		s.fixed[t.Bucket.Name] = true
	}
	return res
}

func newHandler(w service.Warden, log *bytes.Buffer) *Handler {
	out := slog.DiscardHandler
	if log != nil {
		out = slog.NewJSONHandler(log, nil)
	}
	return &Handler{
		Service: &service.Service{
			Warden: func() service.Warden { return w },
			Policy: policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}),
			Events: event.Reader{OwnRole: "oss-encryption-guard", RawSetting: "WARDEN_RAW_EVENTS"},
			Log:    slog.New(out),
		},
		Asks: Asks{Allow: []Ask{AskHTTP, AskSweep, AskConfigRule}},
	}
}

// invoke returns the results whether the invocation failed or not.
func invoke(t *testing.T, h *Handler, payload string) ([]service.Result, *Failure) {
	t.Helper()
	body, err := h.Invoke(ossenc.WithRequestID(t.Context(), "req-1"), []byte(payload))
	failure, failed := errors.AsType[*Failure](err)
	if err != nil && !failed {
		t.Fatalf("Invoke: %v, which is no *Failure", err)
	}
	if failed {
		body = json.RawMessage(failure.Answer)
	}
	var got service.Results
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("answer %s: %v", body, err)
	}
	return got.Results, failure
}

func TestInvoke_EverySampleHasTheOutcomeOfItsManifest(t *testing.T) {
	var manifest map[string]struct {
		Trigger  string
		Settings []string
		Results  []struct{ Bucket, Verdict string }
	}
	readJSON(t, "../events/manifest.json", &manifest)
	files, err := filepath.Glob("../events/*.json")
	if err != nil || len(files) != len(manifest)+1 {
		t.Fatalf("%d files and %d entries in the manifest: each file but the manifest has one", len(files), len(manifest))
	}
	for name, want := range manifest {
		if want.Results == nil || want.Trigger == "http" {
			continue // no event, or one for another test
		}
		t.Run(name, func(t *testing.T) {
			payload, err := os.ReadFile(filepath.Join("../events", name))
			if err != nil {
				t.Fatal(err)
			}
			h := newHandler(&stub{}, nil)
			h.Service.Events.Raw = slices.Contains(want.Settings, "WARDEN_RAW_EVENTS=true")
			results, failure := invoke(t, h, string(payload))
			if len(results) != len(want.Results) {
				t.Fatalf("%d results, want %d: %+v", len(results), len(want.Results), results)
			}
			fails := false
			for i, w := range want.Results {
				r := results[i]
				if r.Bucket != w.Bucket || string(r.Verdict) != w.Verdict {
					t.Errorf("result %d: %s %s (%s), want %s %s", i, r.Bucket, r.Verdict, r.Reason, w.Bucket, w.Verdict)
				}
				fails = fails || r.Verdict.Failed()
			}
			if (failure != nil) != fails {
				t.Errorf("the invocation failed: %t, want %t", failure != nil, fails)
			}
		})
	}
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestInvoke_WhatCannotBeReadIsInvalid(t *testing.T) {
	tests := []struct{ name, payload, reason string }{
		{"Empty", "", "empty"},
		{"Blank", " \n ", "empty"},
		{"Text", "hello", "neither a JSON object nor an array"},
		{"JSONString", `"hello"`, "neither"},
		{"Number", "12", "neither"},
		{"Null", "null", "neither"},
		{"BrokenObject", `{"specversion":`, "not a JSON object"},
		{"BrokenArray", `[{}`, "not JSON"},
		{"TrailingData", `{"eventName":"PutBucket"} x`, "not a JSON object"},
		{"OtherObject", `{"foo":"bar"}`, "not an event that this function knows"},
		{"NoID", `{"specversion":"1.0","source":"acs.oss","type":"oss:BucketCreated:PutBucket"}`, "id is missing"},
		{"NumericID", `{"specversion":"1.0","id":5,"source":"acs.oss","type":"oss:BucketCreated:PutBucket"}`, "id is missing or not a string"},
		{"OtherSpec", `{"specversion":"2.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket"}`, "not a CloudEvent 1.0"},
		{"NoBucket", `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket","data":{}}`, "names no valid bucket"},
		{"BadBucket", `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket","data":{"oss":{"bucket":{"name":"../etc"}}}}`, "names no valid bucket"},
		{"NoRecord", `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:ActionTrail:ApiCall","data":"text"}`, "not an ActionTrail record"},
		{"QueueWithoutMessage", `{"specversion":"1.0","id":"1","source":"my.mns","type":"mns:Queue:SendMessage","data":{}}`, "without a message"},
		{"TooDeep", `[[[[[[{"foo":1}]]]]]]`, "nested"},
		{"TooLong", "[" + strings.Repeat("1,", 10_000) + "1]", "more than 10000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &stub{}
			results, failure := invoke(t, newHandler(s, nil), tt.payload)
			if len(results) != 1 || results[0].Verdict != ossenc.Rejected || !strings.Contains(results[0].Reason, tt.reason) {
				t.Fatalf("results %+v, want one invalid with %q", results, tt.reason)
			}
			if failure == nil || failure.Code != ossenc.Invalid {
				t.Errorf("failure = %v, want the code invalid", failure)
			}
			if len(s.tasks) != 0 {
				t.Errorf("OSS was asked: %+v", s.tasks)
			}
		})
	}
}

// created is a creation event with some attributes replaced or added.
func created(attributes, data string) string {
	if data == "" {
		data = `{"region":"cn-beijing","oss":{"bucket":{"name":"b-1"}}}`
	}
	return `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket"` + attributes + `,"data":` + data + `}`
}

func TestInvoke_WhatTheSDKRefusesIsMended(t *testing.T) {
	tests := []struct{ name, attributes, repaired string }{
		{"TimeWithZoneName", `,"time":"2020-08-17T16:04:46.149Asia/Shanghai"`, "time"},
		{"TimeIsANumber", `,"time":1597651486149`, "time"},
		{"NumericAccount", `,"aliyunaccountid":1234567890123456`, `"aliyunaccountid"`},
		{"ObjectExtension", `,"extra":{"a":1}`, `"extra"`},
		{"BadName", `,"aliyun-region":"x"`, `"aliyun-region"`},
		{"NumericSubject", `,"subject":7`, "subject"},
		{"TextTypeWithObject", `,"datacontenttype":"text/plain"`, "datacontenttype"},
		{"Several", `,"time":"now","extra":[]`, `"extra", time`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			results, failure := invoke(t, newHandler(&stub{}, &log), created(tt.attributes, ""))
			if failure != nil || len(results) != 1 || results[0].Bucket != "b-1" || results[0].Region != "cn-beijing" {
				t.Fatalf("results %+v, failure %v", results, failure)
			}
			var line struct{ Repaired string }
			if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Repaired != tt.repaired {
				t.Errorf("the log tells of %q, want %q", line.Repaired, tt.repaired)
			}
		})
	}
}

func TestInvoke_OneFailureDoesNotStopTheOthers(t *testing.T) {
	s := &stub{do: func(task ossenc.Task) {
		if task.Bucket.Name == "b-2" {
			panic("secret value")
		}
	}}
	var log bytes.Buffer
	var events []string
	for _, name := range []string{"b-1", "b-2", "b-3"} {
		events = append(events, strings.ReplaceAll(strings.Replace(created("", ""), `"id":"1"`, `"id":"`+name+`"`, 1), `"b-1"}`, `"`+name+`"}`))
	}
	results, failure := invoke(t, newHandler(s, &log), "["+strings.Join(events, ",")+"]")
	want := []ossenc.Verdict{ossenc.Fixed, ossenc.Unknown, ossenc.Fixed}
	for i, r := range results {
		if r.Verdict != want[i] || r.EventID != []string{"b-1", "b-2", "b-3"}[i] {
			t.Errorf("result %d = %+v, want %s", i, r, want[i])
		}
	}
	if failure == nil || failure.Code != ossenc.Internal {
		t.Errorf("failure %v, want the code internal", failure)
	}
	if strings.Contains(log.String()+failure.Answer, "secret value") {
		t.Error("the panic's value got out")
	}
	if !strings.Contains(log.String(), "handler_test.go") {
		t.Error("the log has no stack")
	}
}

func TestInvoke_OneBucketsEventsRunInOrderAndOthersBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		s := &stub{do: func(ossenc.Task) {
			most.Store(max(most.Load(), running.Add(1)))
			time.Sleep(time.Second)
			running.Add(-1)
		}}
		var events []string
		for i := range 40 {
			name := "b-" + string(rune('a'+i/2)) // two events for each of 20 buckets
			events = append(events, strings.ReplaceAll(strings.Replace(created("", ""), `"id":"1"`, `"id":"`+strconv.Itoa(i)+`"`, 1), `"b-1"}`, `"`+name+`"}`))
		}
		h := newHandler(s, nil)
		start := time.Now()
		results, _ := invoke(t, h, "["+strings.Join(events, ",")+"]")
		for i, r := range results {
			want := []ossenc.Verdict{ossenc.Fixed, ossenc.Compliant}[i%2]
			if r.Verdict != want {
				t.Errorf("result %d (%s) = %s, want %s", i, r.Bucket, r.Verdict, want)
			}
		}
		if most.Load() != 8 {
			t.Errorf("%d at a time, want %d", most.Load(), 8)
		}
		if took := time.Since(start); took > 7*time.Second { // 20 buckets, 8 at a time, 2 s each
			t.Errorf("took %v", took)
		}
	})
}

func TestInvoke_KeepsTimeToAnswer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	outer, _ := ctx.Deadline()
	const margin = 500 * time.Millisecond
	h := newHandler(ensuring(func(ctx context.Context, _ ossenc.Task) ossenc.Result {
		if inner, _ := ctx.Deadline(); !inner.Equal(outer.Add(-margin)) {
			t.Errorf("deadline %v, want %v before %v", inner, margin, outer)
		}
		return ossenc.Result{Verdict: ossenc.Compliant}
	}), nil)
	if _, err := h.Invoke(ctx, []byte(created("", ""))); err != nil {
		t.Fatal(err)
	}
}

// ensurer is a warden that can do no more than ensure a bucket.
type ensurer struct {
	service.Warden
	ensure func(context.Context, ossenc.Task) ossenc.Result
}

func ensuring(ensure func(context.Context, ossenc.Task) ossenc.Result) service.Warden {
	return ensurer{ensure: ensure}
}

func (e ensurer) Ensure(ctx context.Context, t ossenc.Task) ossenc.Result { return e.ensure(ctx, t) }

func TestInvoke_AnswersInTheDocumentedForm(t *testing.T) {
	h := newHandler(&stub{}, nil)
	body, err := h.Invoke(t.Context(), []byte(created("", "")))
	want := `{"results":[{"bucket":"b-1","region":"cn-beijing","verdict":"fixed","before":null,"wanted":{"algorithm":"AES256","kms_key_id":"","kms_data_encryption":""},"after":null,"reason":"stub","oss_request_id":"","event_id":"1","event_type":"oss:BucketCreated:PutBucket"}]}`
	if err != nil || string(body) != want {
		t.Errorf("answer = %s, %v\n    want %s", body, err, want)
	}
	if body, err = h.Invoke(t.Context(), []byte("[]")); err != nil || string(body) != `{"results":[]}` {
		t.Errorf("answer to an empty batch = %s, %v", body, err)
	}
}

func TestInvoke_LogsOneLineForEachElement(t *testing.T) {
	var log bytes.Buffer
	payload := created(`,"time":"2026-03-11T05:40:45Z","secretextension":"s3cr3t"`, `{"oss":{"bucket":{"name":"b-1"}},"userIdentity":{"accessKeyId":"LTAIs3cr3t"}}`)
	invoke(t, newHandler(&stub{}, &log), payload)
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Fatalf("%d lines:\n%s", lines, &log)
	}
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"msg": "verdict", "level": "INFO", "request_id": "req-1", "event_id": "1", "bucket": "b-1",
		"verdict": "fixed", "before": "none", "wanted": "AES256", "after": "none",
	} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
	for _, key := range []string{"duration_ms", "event_age_ms", "oss_request_id", "reason", "event_type", "region"} {
		if _, ok := line[key]; !ok {
			t.Errorf("no %s in the line", key)
		}
	}
	if strings.Contains(log.String(), "s3cr3t") {
		t.Errorf("the event's own words are in the log: %s", &log)
	}
}

// webOnly answers every HTTP trigger's event with its name.
type webOnly struct{}

func (webOnly) Trigger(context.Context, []byte) json.RawMessage { return json.RawMessage(`"web"`) }

// A payload is classified by its own shape, and what is in text is not.
func TestClassify(t *testing.T) {
	const http = `"version":"v1","requestContext":{"http":{"method":"GET"}}`
	const run = "sweep-n-20261123T023000"
	timer := `"triggerName":"n","triggerTime":"2026-11-23T02:30:00Z"`
	tests := []struct {
		name, payload string
		want          class
	}{
		{"Empty", "", class{}},
		{"Array", `[{` + http + `}]`, class{}},
		{"CloudEvent", created("", ""), class{}},
		{"HTTP", ` {` + http + `}`, class{kind: httpRequest}},
		{"HTTPv2", `{"version":"v2","requestContext":{"http":{"method":"GET"}}}`, class{}},
		{"HTTPWithoutRequest", `{"version":"v1","requestContext":{"requestId":"x"}}`, class{}},
		{"HTTPNull", `{"version":"v1","requestContext":{"http":null}}`, class{}},
		{"HTTPOfOddType", `{"version":"v1","requestContext":{"http":"GET"}}`, class{}},
		{"HTTPAndCloudEvent", `{"specversion":"1.0",` + http + `}`, class{}},
		{"HTTPWithSpecversionInText", `{` + http + `,"body":"{\"specversion\":1}"}`, class{kind: httpRequest}},
		{"HTTPWithSpecversionInTheQuery", `{` + http + `,"queryParameters":{"specversion":"1.0"}}`, class{kind: httpRequest}},
		{"Broken", `{` + http, class{}},
		{"Timer", `{` + timer + `,"payload":"{}"}`, class{sweepRequest, []byte("{}"), true, run}},
		{"TimerWithoutPayload", `{` + timer + `}`, class{sweepRequest, nil, true, run}},
		{"TimerPayloadNull", `{` + timer + `,"payload":null}`, class{sweepRequest, nil, true, run}},
		{"TimerOfOddType", `{"triggerName":1,"triggerTime":"t"}`, class{}},
		{"TimersTestEvent", `{"triggerName":"","triggerTime":"","payload":""}`, class{sweepRequest, nil, true, ""}},
		{"TimerWithoutName", `{"triggerTime":"t"}`, class{}},
		{"HTTPAndEscapedSpecversion", `{"\u0073pecversion":"1.0",` + http + `}`, class{}},
		{"HTTPAndFoldedSpecversion", `{"ſpecVersion":"1.0",` + http + `}`, class{}},
		{"HTTPAndSpecversionNull", `{"specversion":null,` + http + `}`, class{}},
		{"ActionAndCloudEvent", `{"specversion":"1.0","action":"sweep"}`, class{}},
		{"ActionAndEscapedSpecversion", `{"\u0073pecversion":"1.0","action":"sweep"}`, class{}},
		{"TimerAndFoldedSpecversion", `{"SPECVERSION":"1.0",` + timer + `}`, class{}},
		{"TimerPayloadOfOddType", `{` + timer + `,"payload":{}}`, class{}},
		{"Action", ` {"action":"audit"} `, class{sweepRequest, []byte(`{"action":"audit"}`), false, ""}},
		{"ActionOfOddType", `{"action":1}`, class{}},
		{"Other", `{"foo":1}`, class{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := classify([]byte(tt.payload))
			if got.kind != tt.want.kind || got.byTimer != tt.want.byTimer || got.runID != tt.want.runID || string(got.sweep) != string(tt.want.sweep) {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestInvoke_HTTPIsForTheWebOrInvalid(t *testing.T) {
	h := newHandler(&stub{}, nil)
	const payload = `{"version":"v1","rawPath":"/healthz","requestContext":{"http":{"method":"GET"}}}`
	if results, failure := invoke(t, h, payload); failure == nil || failure.Code != ossenc.Invalid || len(results) != 1 {
		t.Errorf("without a web: %+v, %v", results, failure)
	}
	h.HTTP = webOnly{}
	if body, err := h.Invoke(t.Context(), []byte(payload)); err != nil || string(body) != `"web"` {
		t.Errorf("%s, %v", body, err)
	}
}

// What a payload may ask for is a setting's choice, not that of its publisher.
func TestInvoke_WhatMayBeAsked(t *testing.T) {
	const (
		http  = `{"version":"v1","rawPath":"/healthz","requestContext":{"http":{"method":"GET"}}}`
		timer = `{"triggerName":"n","triggerTime":"t","payload":""}`
		sweep = `{"action":"audit"}`
	)
	tests := []struct {
		name    string
		asks    Asks
		payload string
		refused bool
	}{
		{"HTTP", Asks{Allow: []Ask{AskHTTP}}, http, false},
		{"Sweep", Asks{Allow: []Ask{AskSweep}}, sweep, false},
		{"Timer", Asks{Allow: []Ask{AskSweep}}, timer, false},
		{"HTTPNotListed", Asks{Allow: []Ask{AskSweep}}, http, true},
		{"SweepNotListed", Asks{Allow: []Ask{AskHTTP}}, sweep, true},
		{"TimerNotListed", Asks{Allow: []Ask{AskHTTP}}, timer, true},
		{"ZeroHTTP", Asks{}, http, true},
		{"ZeroSweep", Asks{}, sweep, true},
		{"ZeroTimer", Asks{}, timer, true},
		{"ConfigRule", Asks{Allow: []Ask{AskHTTP, AskSweep}}, `{"resultToken":"t","invokingEvent":{}}`, true},
		{"AnEventAsksForNothing", Asks{}, created("", ""), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHandler((&memory.Account{All: true, Rules: map[string]ossenc.Rule{}}).Warden(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}), nil)
			h.HTTP, h.Asks = webOnly{}, tt.asks
			h.Asks.Refusal = "SOME_SETTING does not list it"
			_, err := h.Invoke(t.Context(), []byte(tt.payload))
			f, failed := errors.AsType[*Failure](err)
			refused := failed && f.Code == ossenc.Invalid && strings.Contains(f.Answer, "and SOME_SETTING does not list it")
			if refused != tt.refused || failed != tt.refused {
				t.Errorf("%v, want it refused: %t", err, tt.refused)
			}
		})
	}
}

func TestInvoke_Sweeps(t *testing.T) {
	m := &memory.Account{Rules: map[string]ossenc.Rule{"b-1": {}}}
	h := newHandler(m.Warden(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}), nil)
	body, err := h.Invoke(t.Context(), []byte(`{"action":"sweep"}`))
	if err != nil || !strings.Contains(string(body), `"complete":true`) || m.Writes != 1 {
		t.Errorf("%s, %v, %d writes", body, err, m.Writes)
	}
	_, err = h.Invoke(t.Context(), []byte(`{"action":"sweep","mod":"report"}`))
	failure, _ := errors.AsType[*Failure](err)
	if failure == nil || failure.Code != ossenc.Invalid || failure.ErrorType() != "invalid" || !strings.Contains(failure.Answer, `unknown field`) || m.Writes != 1 {
		t.Errorf("%v, %d writes", err, m.Writes)
	}
	// A timer cannot resume, so an unfinished sweep of a timer fails.
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = h.Invoke(ctx, []byte(`{"triggerName":"n","triggerTime":"t","payload":""}`))
	if failure, _ = errors.AsType[*Failure](err); failure == nil || failure.Code != ossenc.Deadline {
		t.Errorf("%v, want the code deadline", err)
	}
	m.Errs = map[string]error{"": &ossenc.Error{Code: ossenc.Denied, Message: "no right to list"}}
	_, err = h.Invoke(t.Context(), []byte(`{"action":"sweep","max_changes":"10%"}`))
	if failure, _ = errors.AsType[*Failure](err); failure == nil || failure.Code != ossenc.Denied {
		t.Errorf("%v, want the code denied", err)
	}
}

// FuzzSweep checks what holds for any payload that asks for a sweep: it is read
// strictly or refused with an error that is fit for an answer, and only what says
// so writes.
func FuzzSweep(f *testing.F) {
	for _, s := range []string{
		`{"action":"sweep"}`,
		`{"action":"audit","prefix":"app-","region":"cn-hangzhou","cursor":"app-none~3","max_changes":"10%"}`,
		`{"action":"sweep","mode":"report","max_changes":5}`,
		`{"triggerName":"t","triggerTime":"2026-11-23T00:00:00Z","payload":"{\"action\":\"sweep\",\"mode\":\"enforce\"}"}`,
		`{"triggerName":"t","triggerTime":"2026-11-23T00:00:00Z","payload":""}`,
		`{"action":"sweep","action":"audit"}`,
		`{"action":"sweep","Mode":"report"}`,
		`{"action":1}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c := classify(payload)
		if c.kind != sweepRequest {
			return
		}
		r, err := service.ParseSweep(c.sweep)
		if err != nil {
			if s := err.Error(); s == "" || len(s) > 1000 || r != nil {
				t.Errorf("%+v, error %q", r, s)
			}
			return
		}
		if r.Action != service.ActionSweep && r.Action != service.ActionAudit || r.Action == service.ActionAudit && r.Mode != ossenc.ReportOnly ||
			!service.ValidPrefix(r.Prefix) || r.MaxChanges.Count < 0 || r.MaxChanges.Percent > 100 || r.Cursor.Changes < 0 || r.Region != "" && !ossenc.ValidRegion(r.Region) {
			t.Errorf("%+v of %q", r, payload)
		}
		if strings.Contains(strings.ToLower(string(payload)), "report") && r.Mode == "" && r.Prefix+r.Region+string(r.Cursor.Place) == "" && !c.byTimer {
			t.Errorf("%q asks for a report and gets %+v", payload, r)
		}
	})
}
