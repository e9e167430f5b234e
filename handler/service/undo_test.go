package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
)

var (
	none   = ossenc.Rule{}
	kmsKey = ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1", KMSDataEncryption: ossenc.SM4}
)

func TestParseChanges(t *testing.T) {
	want := []Change{{Account: "22", Bucket: "b-1", Region: "cn-hangzhou", Before: none, After: kmsKey}}
	result := ossenc.Result{Account: "22", Bucket: "b-1", Region: "cn-hangzhou", Verdict: ossenc.Fixed, Before: none, After: kmsKey, Observed: true}
	other := ossenc.Result{Bucket: "b-2", Verdict: ossenc.Compliant, Before: aes256, After: aes256}
	inJSON := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	answer := inJSON(Results{[]Result{{Result: result}, {Result: other}}})
	tests := map[string]string{
		"AnswerOfEvents":   answer,
		"AnswerOfASweep":   inJSON(SweepResult{Results: []ossenc.Result{result, other}}),
		"AnswerForABucket": inJSON(BucketAnswer{Result: result, Rule: kmsKey}),
		"Report":           `{"buckets":[` + "\n" + inJSON(result) + ",\n" + inJSON(other) + "\n],\n" + `"wanted":null,"complete":true}`,
		"Problem":          `{"type":"about:blank","results":[` + inJSON(result) + `]}`,
		"ProblemOfASweep":  `{"code":"denied","sweep":{"results":[` + inJSON(result) + `]}}`,
		"ProblemOfABucket": `{"code":"denied","result":` + inJSON(result) + `}`,
		"FailedInvocation": `{"errorType":"denied","errorMessage":` + inJSON(answer) + `}`,
		"Log":              logOf(result) + `{"level":"INFO","msg":"sweep","buckets":2}` + "\n" + logOf(other),
		"Journal":          `{"kind":"begin"}` + "\n" + `{"kind":"intent","account":"22","bucket":"b-1","before":null,"target":` + inJSON(kmsKey) + "}\n" + strings.Replace(inJSON(result), "{", `{"kind":"result",`, 1),
		"Indented":         "\n" + strings.ReplaceAll(answer, ",", ",\n  "),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseChanges([]byte(text), 100)
			for i := range got {
				got[i].Time = time.Time{}
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v; want %+v, from\n%s", got, err, want, text)
			}
		})
	}
}

// logOf is the line of the log about a result.
func logOf(r ossenc.Result) string {
	var b strings.Builder
	logResult(context.Background(), invocationLog{logger: slog.New(slog.NewJSONHandler(&b, nil))}, &event.Header{}, &Result{Result: r}, time.Second)
	return b.String()
}

func TestParseChanges_Refuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"results":[],"omitted":3}`:              "left out some",
		`{"sweep":{"results":[],"omitted":3}}`:    "left out some",
		`{"results":[{"bucket":7}]}`:              "not of a form",
		`[1]`:                                     "not of a form",
		`{"bucket":"b-1","bucket":"b-2"}`:         "given twice",
		`{"bucket":"b-1"} oops`:                   "value 2 is not JSON",
		`{"bucket":"b-1","before":"AES512"}`:      "is not a rule",
		`{"errorMessage":"the time ran out"}`:     "value 1",
		`{"results":[{"before":"KMS(","a":"b"}]}`: "is not a rule",
	} {
		if got, err := ParseChanges([]byte(text), 100); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v; want %q", text, got, err, want)
		}
	}
	if _, err := ParseChanges([]byte(`{"results":[],"omitted":1}`), 100); !errors.Is(err, ErrOmitted) {
		t.Error("what is left out has no error of its own")
	}
	for text, want := range map[string]bool{
		"": false, "{}": false, `{"kind":"begin"}{}{}`: false, `{"kind":"begin"}{}`: true, `{"msg":"sweep"}`: false, `{"results":[]}`: true, `{"results":[{"bucket":"b-1","verdict":"compliant"}]}`: true, `{"kind":"begin"}`: true,
		`{"results":[{"bucket":"b-1"},{"bucket":"b-2"}]}`: true, `{"results":[{"bucket":"b-1"},{"bucket":"b-2"},{"bucket":"b-3"}]}`: false,
		`{"bucket":"b-1"}{"bucket":"b-2"}{"bucket":"b-3"}`: false, "\ufeff" + `{"bucket":"b-1"}`: true,
	} {
		if got, err := ParseChanges([]byte(text), 2); (err == nil) != want || len(got) != 0 {
			t.Errorf("%s gives %+v, %v", text, got, err)
		}
	}
}

// A write that was begun and never noted as ended may have been made.
func TestParseChanges_AnIntentWithoutAnEnd(t *testing.T) {
	got, err := ParseChanges([]byte(`{"kind":"intent","bucket":"b-1","before":null,"target":{"algorithm":"AES256"}}`+"\n"+
		`{"kind":"intent","bucket":"b-2","before":null,"target":{"algorithm":"AES256"}}`+"\n"+
		`{"kind":"result","bucket":"b-2","verdict":"blocked","before":null,"after":null}`), 3)
	want := []Change{{Bucket: "b-1", After: aes256, Unconfirmed: true}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// A journal of many writes that were begun and have no end: each is one change, in its
// order. (To look behind each for its end took a minute.)
func TestParseChanges_ManyIntentsWithoutAnEnd(t *testing.T) {
	var journal strings.Builder
	const n = 50_000
	for i := range n {
		fmt.Fprintf(&journal, `{"kind":"intent","bucket":"b-%d","before":null,"target":null}`+"\n", i)
	}
	got, err := ParseChanges([]byte(journal.String()), n)
	if err != nil || len(got) != n || got[0].Bucket != "b-0" || got[n-1].Bucket != "b-49999" || !got[7].Unconfirmed {
		t.Errorf("%d changes, %v", len(got), err)
	}
}

func TestNewest(t *testing.T) {
	change := func(bucket string, before, after ossenc.Rule, at int) Change {
		c := Change{Bucket: bucket, Before: before, After: after}
		if at > 0 {
			c.Time = time.Unix(int64(at), 0)
		}
		return c
	}
	tests := []struct {
		name            string
		changes         []Change
		joined, earlier string
	}{
		{"One", []Change{change("a", none, aes256, 0)}, "[a none→AES256]", "[]"},
		{"Chain", []Change{change("a", none, aes256, 0), change("b", none, kms, 0), change("a", aes256, kms, 0)}, "[a none→KMS b none→KMS]", "[]"},
		{"ByTime", []Change{change("a", aes256, kms, 2), change("a", none, aes256, 1)}, "[a none→KMS]", "[]"},
		{"SomeoneBetween", []Change{change("a", none, aes256, 0), change("a", none, kms, 0)}, "[a none→KMS]", "[a none→AES256]"},
		{"BeyondABreakNothingJoins", []Change{change("a", none, kms, 0), change("a", kms, aes256, 0), change("a", kms, kmsKey, 0)}, "[a KMS→KMS(key-1)+SM4]", "[a KMS→AES256 a none→KMS]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			joined, earlier := Newest(tt.changes)
			if got := texts(joined); got != tt.joined {
				t.Errorf("joined %s, want %s", got, tt.joined)
			}
			if got := texts(earlier); got != tt.earlier {
				t.Errorf("earlier %s, want %s", got, tt.earlier)
			}
		})
	}
}

func texts(changes []Change) string {
	all := []string{}
	for _, c := range changes {
		all = append(all, fmt.Sprintf("%s %s→%s", c.Bucket, c.Before, c.After))
	}
	return "[" + strings.Join(all, " ") + "]"
}

func FuzzParseChanges(f *testing.F) {
	f.Add([]byte(`{"results":[{"bucket":"b-1","verdict":"fixed","before":"none","after":{"algorithm":"AES256"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, err := ParseChanges(data, 1000)
		if err != nil && len(changes) > 0 {
			t.Errorf("%d changes beside %v", len(changes), err)
		}
		joined, earlier := Newest(changes)
		if len(joined)+len(earlier) > len(changes) {
			t.Errorf("%d changes became %d and %d", len(changes), len(joined), len(earlier))
		}
	})
}

func TestPlan_Only(t *testing.T) {
	p, err := serving(&memory.Account{}).NewPlan("").With([]PlanRow{{Bucket: "b-1", Target: aes256}, {Bucket: "b-2", Target: kms}, {Account: "22", Bucket: "b-2", Target: kms}})
	if err != nil {
		t.Fatal(err)
	}
	cut, err := p.Only([]string{"b-2"})
	if err != nil || len(cut.Rows) != 2 || cut.Digest == p.Digest || cut.Check(cut.Digest) != nil || cut.Check(p.Digest) == nil {
		t.Errorf("%+v, %v", cut, err)
	}
	if _, err := p.Only([]string{"b-2", "b-9"}); err == nil || !strings.Contains(err.Error(), `"b-9" is not in the plan`) {
		t.Errorf("a bucket that is not there: %v", err)
	}
}
