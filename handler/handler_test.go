package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc"
)

// stub stands for an account in which every bucket exists without a rule at
// first. It remembers the tasks.
type stub struct {
	mu    sync.Mutex
	fixed map[string]bool
	tasks []ossenc.Task
	do    func(ossenc.Task) // called before each answer
}

func (s *stub) Ensure(_ context.Context, t ossenc.Task) ossenc.Result {
	if s.do != nil {
		s.do(t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tasks = append(s.tasks, t)
	res := ossenc.Result{Bucket: t.Bucket.Name, Region: t.Bucket.Region, Wanted: t.Desired.Rule, Reason: "stub", Observed: true}
	switch {
	case s.fixed[t.Bucket.Name]:
		res.Verdict = ossenc.Compliant
	case t.OwnWrite:
		res.Verdict, res.Code = ossenc.Blocked, ossenc.Refused
	default:
		res.Verdict = ossenc.Fixed
		s.fixed[t.Bucket.Name] = true
	}
	return res
}

func newHandler(s *stub, log *bytes.Buffer) *Handler {
	s.fixed = map[string]bool{}
	out := slog.DiscardHandler
	if log != nil {
		out = slog.NewJSONHandler(log, nil)
	}
	return &Handler{Encryption: s, Want: ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}, OwnRole: "oss-encryption-guard", Log: slog.New(out)}
}

// invoke returns the results whether the invocation failed or not.
func invoke(t *testing.T, h *Handler, payload string) ([]Result, *Failure) {
	t.Helper()
	body, err := h.Invoke(t.Context(), "req-1", []byte(payload))
	failure, failed := errors.AsType[*Failure](err)
	if err != nil && !failed {
		t.Fatalf("Invoke: %v, which is no *Failure", err)
	}
	if failed {
		body = json.RawMessage(failure.Answer)
	}
	var got struct{ Results []Result }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("answer %s: %v", body, err)
	}
	return got.Results, failure
}

func TestInvoke_EverySampleHasTheOutcomeOfItsManifest(t *testing.T) {
	var manifest map[string]struct {
		Trigger string
		Results []struct{ Bucket, Verdict string }
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
			results, failure := invoke(t, newHandler(&stub{}, nil), string(payload))
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
		{"OtherObject", `{"foo":"bar"}`, "no event that this function knows"},
		{"NoID", `{"specversion":"1.0","source":"acs.oss","type":"oss:BucketCreated:PutBucket"}`, "id is missing"},
		{"NumericID", `{"specversion":"1.0","id":5,"source":"acs.oss","type":"oss:BucketCreated:PutBucket"}`, "id is missing or not a string"},
		{"OtherSpec", `{"specversion":"2.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket"}`, "not a CloudEvent 1.0"},
		{"NoBucket", `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket","data":{}}`, "names no valid bucket"},
		{"BadBucket", `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket","data":{"oss":{"bucket":{"name":"../etc"}}}}`, "names no valid bucket"},
		{"NoRecord", `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:ActionTrail:ApiCall","data":"text"}`, "not an ActionTrail record"},
		{"QueueWithoutMessage", `{"specversion":"1.0","id":"1","source":"my.mns","type":"mns:Queue:SendMessage","data":{}}`, "without a message"},
		{"TooDeep", `[[[[[[{"foo":1}]]]]]]`, "nested"},
		{"TooLong", "[" + strings.Repeat("1,", maxElements) + "1]", "more than 10000"},
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

func TestRepairTime_KeepsTheInstant(t *testing.T) {
	elements := decode([]byte(created(`,"time":"2020-08-17T16:04:46.149Asia/Shanghai"`, "")), "")
	if want := time.Date(2020, 8, 17, 8, 4, 46, 149e6, time.UTC); !elements[0].time.Equal(want) {
		t.Errorf("time = %v, want %v", elements[0].time, want)
	}
}

// actionTrail is a record of a call, with fields added.
func actionTrail(eventName, fields string) string {
	return `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:ActionTrail:ApiCall","subject":"acs:oss:cn-shanghai:1:from-subject/","aliyunregionid":"cn-qingdao",` +
		`"data":{"serviceName":"Oss","eventName":"` + eventName + `"` + fields + `}}`
}

func TestDecode_FindsTheBucketAndItsRegion(t *testing.T) {
	tests := []struct {
		name, payload string
		want          []ossenc.Bucket
	}{
		{"Native", created("", ""), []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"NativeRegionInside", created("", `{"oss":{"region":"oss-cn-beijing","bucket":{"name":"b-1"}}}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"NativeFromSubject", created(`,"subject":"acs:oss:cn-chengdu:1:b-2"`, `{}`), []ossenc.Bucket{{Name: "b-2", Region: "cn-chengdu"}}},
		{"NativeDataIsText", created(`,"subject":"acs:oss:cn-chengdu:1:b-2/"`, `"text"`), []ossenc.Bucket{{Name: "b-2", Region: "cn-chengdu"}}},
		{"RegionFromExtension", created(`,"aliyunregionid":"us-west-1"`, `{"oss":{"bucket":{"name":"b-1"}}}`), []ossenc.Bucket{{Name: "b-1", Region: "us-west-1"}}},
		{"RegionUnknown", created("", `{"region":"http://evil","oss":{"bucket":{"name":"b-1"}}}`), []ossenc.Bucket{{Name: "b-1"}}},
		{"References", actionTrail("PutBucket", `,"acsRegion":"cn-beijing","referencedResources":{"ACS::OSS::Bucket":["b-1"]}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"AllReferences", actionTrail("PutBucket", `,"referencedResources":{"ACS::OSS::Bucket":["b-1","b-2","b-1"]}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}, {Name: "b-2", Region: "cn-shanghai"}}},
		{"ReferencesOfOddType", actionTrail("PutBucket", `,"referencedResources":["b-1"],"resourceType":"ACS::OSS::Bucket","resourceName":"b-2"`), []ossenc.Bucket{{Name: "b-2", Region: "cn-shanghai"}}},
		{"ResourceNames", actionTrail("PutBucket", `,"resourceType":"ACS::RAM::Role;ACS::OSS::Bucket","resourceName":"r-1;b-1,b-2"`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}, {Name: "b-2", Region: "cn-shanghai"}}},
		{"ResourceOfOtherType", actionTrail("PutBucket", `,"resourceType":"ACS::RAM::Role","resourceName":"r-1"`), []ossenc.Bucket{{Name: "from-subject", Region: "cn-shanghai"}}},
		{"RequestParameters", actionTrail("PutBucket", `,"requestParameters":{"n":1,"BucketName":"b-1"}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}}},
		{"InvalidReferenceIsSkipped", actionTrail("PutBucket", `,"referencedResources":{"ACS::OSS::Bucket":["Bad_Name"]},"requestParameters":{"bucket":"b-1"}`), []ossenc.Bucket{{Name: "b-1", Region: "cn-shanghai"}}},
		{"Subject", actionTrail("DeleteBucketEncryption", ``), []ossenc.Bucket{{Name: "from-subject", Region: "cn-shanghai"}}},
		{"EventSource", `{"eventName":"PutBucket","serviceName":"Oss","eventType":"ApiCall","eventSource":"b-1.oss-cn-hangzhou-cross.aliyuncs.com"}`, []ossenc.Bucket{{Name: "b-1"}}},
		{"QueueText", `[{"specversion":"1.0","id":"q","source":"my.mns","type":"mns:Queue:SendMessage","data":{"messageBody":` + quoted(created("", "")) + `}}]`, []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
		{"KafkaText", `[` + quoted(`{"specversion":"1.0","id":"q","source":"k","type":"alikafka:Topic:Message","data":{"value":`+quoted(created("", ""))+`}}`) + `]`, []ossenc.Bucket{{Name: "b-1", Region: "cn-beijing"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			elements := decode([]byte(tt.payload), "")
			if len(elements) != len(tt.want) {
				t.Fatalf("elements %+v, want %+v", elements, tt.want)
			}
			for i, e := range elements {
				if e.bucket != tt.want[i] || e.verdict != "" {
					t.Errorf("element %d = %+v, want %+v", i, e, tt.want[i])
				}
			}
		})
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestDecode_WhatAsksForNothingIsIgnored(t *testing.T) {
	tests := []struct{ name, payload, reason string }{
		{"OtherSource", strings.Replace(created("", ""), "acs.oss", "acs.ecs", 1), "does not come from OSS"},
		{"OtherType", strings.Replace(created("", ""), "oss:BucketCreated:PutBucket", "oss:BucketRemoved:DeleteBucket", 1), "events of this type"},
		{"SimilarType", strings.Replace(created("", ""), "oss:BucketCreated:PutBucket", "oss:BucketCreated:PutBucketX", 1), "events of this type"},
		{"FailedCall", actionTrail("PutBucket", `,"errorCode":"BucketAlreadyExists"`), "failed"},
		{"FailedCallWithOddCode", actionTrail("PutBucket", `,"errorCode":403`), "failed"},
		{"OtherCall", actionTrail("PutBucketAcl", ""), "recorded call does not"},
		{"OtherService", `{"eventName":"PutBucketEncryption","serviceName":"Ecs","referencedResources":{"ACS::OSS::Bucket":["b-1"]}}`, "not one to OSS"},
		{"RawObjectEvent", `{"eventName":"ObjectCreated:PutObject","oss":{"bucket":{"name":"b-1"}}}`, "events of this type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			elements := decode([]byte(tt.payload), "")
			if len(elements) != 1 || elements[0].verdict != ossenc.Ignored || !strings.Contains(elements[0].reason, tt.reason) {
				t.Fatalf("elements %+v, want one ignored with %q", elements, tt.reason)
			}
		})
	}
}

func TestDecode_EmptyErrorCodeIsNoFailure(t *testing.T) {
	for _, fields := range []string{`,"errorCode":""`, `,"errorCode":null`} {
		if e := decode([]byte(actionTrail("PutBucket", fields)), ""); e[0].verdict != "" || !e[0].created {
			t.Errorf("%s: %+v, want a creation", fields, e[0])
		}
	}
}

func TestDecode_KnowsOurOwnWrites(t *testing.T) {
	self := `,"userIdentity":{"type":"assumed-role","userName":"OSS-Encryption-Guard:fc"}`
	tests := []struct {
		name, eventName, fields, role string
		want                          bool
	}{
		{"ByRole", "PutBucketEncryption", self, "oss-encryption-guard", true},
		{"RoleNotConfigured", "PutBucketEncryption", self, "", false},
		{"OtherRole", "PutBucketEncryption", self, "other", false},
		{"RAMUserOfThatName", "PutBucketEncryption", `,"userIdentity":{"type":"ram-user","userName":"oss-encryption-guard:fc"}`, "oss-encryption-guard", false},
		{"ByUserAgent", "PutBucketEncryption", `,"userAgent":"alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26)/bucketwarden"`, "", true},
		{"OurRemovalIsNoWrite", "DeleteBucketEncryption", self, "oss-encryption-guard", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := decode([]byte(actionTrail(tt.eventName, tt.fields)), tt.role)
			if len(e) != 1 || e[0].ownWrite != tt.want {
				t.Fatalf("elements %+v, want ownWrite %t", e, tt.want)
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
		if most.Load() != batchWidth {
			t.Errorf("%d at a time, want %d", most.Load(), batchWidth)
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
	h := newHandler(&stub{}, nil)
	h.Encryption = ensureFunc(func(ctx context.Context, _ ossenc.Task) ossenc.Result {
		if inner, _ := ctx.Deadline(); !inner.Equal(outer.Add(-answerMargin)) {
			t.Errorf("deadline %v, want %v before %v", inner, answerMargin, outer)
		}
		return ossenc.Result{Verdict: ossenc.Compliant}
	})
	if _, err := h.Invoke(ctx, "r", []byte(created("", ""))); err != nil {
		t.Fatal(err)
	}
}

type ensureFunc func(context.Context, ossenc.Task) ossenc.Result

func (f ensureFunc) Ensure(ctx context.Context, t ossenc.Task) ossenc.Result { return f(ctx, t) }

func TestInvoke_AnswersInTheDocumentedForm(t *testing.T) {
	h := newHandler(&stub{}, nil)
	body, err := h.Invoke(t.Context(), "r", []byte(created("", "")))
	want := `{"results":[{"bucket":"b-1","region":"cn-beijing","verdict":"fixed","before":null,"wanted":{"algorithm":"AES256","kms_key_id":"","kms_data_encryption":""},"after":null,"reason":"stub","oss_request_id":"","event_id":"1","event_type":"oss:BucketCreated:PutBucket"}]}`
	if err != nil || string(body) != want {
		t.Errorf("answer = %s, %v\n    want %s", body, err, want)
	}
	if body, err = h.Invoke(t.Context(), "r", []byte("[]")); err != nil || string(body) != `{"results":[]}` {
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
