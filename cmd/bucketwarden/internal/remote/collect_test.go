package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// estate is a function that answers from rows: what a request reaches is a report of
// package report itself, so that the collector is held against the real form.
type estate struct {
	t    *testing.T
	rows []ossenc.Result
	size int // rows of a part
	// before changes the view of a part, after its bytes; n counts the requests from 1.
	before func(n int, v *report.View)
	after  func(n int, body []byte) []byte
	// fails answers a request with an error or a status.
	fails func(n int) (status int, err error)
	// lists fails the source behind the rows of an account.
	lists map[string]error

	asked []string
}

func (e *estate) send(_ context.Context, q request) (*answer, error) {
	n := len(e.asked) + 1
	e.asked = append(e.asked, q.query.Get("after"))
	if e.fails != nil {
		if status, err := e.fails(n); err != nil || status != 0 {
			return &answer{status, http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"0"}}, io.NopCloser(strings.NewReader(`{"code":"throttled","detail":"too many\u001b"}`))}, err
		}
	}
	v := report.View{
		Now: time.Unix(1795437000, 0), Account: "1111111111111111", Accounts: true, Limit: e.size, After: q.query.Get("after"), Prefix: q.query.Get("prefix"), RegionFilter: q.query.Get("region"),
		Origin: report.Origin{Tool: "function", Version: "v1", Identity: "acs:ram::1111111111111111:role/f", Policy: &report.PolicyFile{Name: "policy.yaml", SHA256: strings.Repeat("ab", 32)}},
		AccountName: func(id string) string {
			return map[string]string{"2222222222222222": "pay\u202ements"}[id]
		},
	}
	if e.before != nil {
		e.before(n, &v)
	}
	var out bytes.Buffer
	f, _ := report.FormatNamed("json")
	if _, err := report.Write(&out, f, v, e.source(v.After, v.Prefix)); err != nil {
		return &answer{http.StatusBadGateway, http.Header{}, io.NopCloser(strings.NewReader(err.Error()))}, nil
	}
	body := out.Bytes()
	if e.after != nil {
		body = e.after(n, body)
	}
	return &answer{http.StatusOK, http.Header{}, io.NopCloser(bytes.NewReader(body))}, nil
}

// source goes over the rows as a sweep does: a list that fails ends its account only.
func (e *estate) source(after, prefix string) report.Source {
	from, _, found := strings.Cut(after, "/")
	if !found {
		from = ""
	}
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		var errs []error
		for _, r := range e.rows {
			if after != "" && order(r, placeOf(after)) <= 0 || !strings.HasPrefix(r.Bucket, prefix) {
				continue
			}
			if !row(r) {
				return ossenc.SweepSummary{Stopped: true}, errors.Join(errs...)
			}
			if err := e.lists[r.Account]; err != nil && r.Account >= from && !slices.Contains(errs, err) {
				errs = append(errs, err)
			}
		}
		return ossenc.SweepSummary{Complete: true}, errors.Join(errs...)
	}
}

func placeOf(after string) ossenc.Result {
	if account, bucket, found := strings.Cut(after, "/"); found {
		return ossenc.Result{Account: account, Bucket: bucket}
	}
	return ossenc.Result{Bucket: after}
}

func newEstate(t *testing.T) *estate {
	e := &estate{t: t, size: 3}
	for _, account := range []string{"", "2222222222222222", "3333333333333333"} {
		for i := range 5 {
			e.rows = append(e.rows, ossenc.Result{Account: account, Bucket: fmt.Sprintf("b-%d", i), Region: "cn-hangzhou", Verdict: ossenc.Compliant, Observed: true, After: ossenc.Rule{Algorithm: ossenc.AES256}, Wanted: ossenc.Rule{Algorithm: ossenc.AES256}})
		}
	}
	return e
}

func (e *estate) collect(asked Asked) (*Collected, error) {
	c := &collector{asked: asked, to: e, patience: time.Minute, pause: time.Microsecond, limit: 100}
	err := c.collect(e.t.Context())
	return &c.all, err
}

// Parts of every size give the rows of the whole, in order, once each, with the names.
func TestCollect_JoinsTheParts(t *testing.T) {
	for size := 1; size <= 16; size++ {
		e := newEstate(t)
		e.size = size
		got, err := e.collect(Asked{})
		if err != nil || got.Missing != nil || len(got.Rows) != len(e.rows) || got.Parts != len(e.asked) || got.Parts < len(e.rows)/size {
			t.Fatalf("in parts of %d: %d rows in %d parts, %v, %v", size, len(got.Rows), got.Parts, got.Missing, err)
		}
		if report.DigestOf(got.Rows) != report.DigestOf(e.rows) {
			t.Errorf("in parts of %d the rows differ", size)
		}
		if got.Account != "1111111111111111" || !got.Several || got.Names["2222222222222222"] != "pay‹U+202E›ments" {
			t.Errorf("%+v", got)
		}
	}
}

// What the flags leave out is not in the report, and is asked for as little as possible.
func TestCollect_Selects(t *testing.T) {
	e := newEstate(t)
	got, err := e.collect(Asked{Prefix: "b-4", Takes: func(res ossenc.Result, own string) bool { return res.Account == "" && own == "1111111111111111" }})
	if err != nil || len(got.Rows) != 1 || len(e.asked) != 1 || got.Missing != nil {
		t.Errorf("%+v in %d requests, %v", got.Rows, len(e.asked), err)
	}
}

// What makes the joined report incomplete, and what it says. The rows before stay.
func TestCollect_SaysWhatIsMissing(t *testing.T) {
	denied := &ossenc.Error{Op: "ListBuckets", Code: ossenc.Denied, Message: "no role in 2222222222222222"}
	edit := func(at int, old, with string) func(int, []byte) []byte {
		return func(n int, body []byte) []byte {
			if n != at {
				return body
			}
			if !bytes.Contains(body, []byte(old)) {
				t.Fatalf("there is no %s in\n%s", old, body)
			}
			return bytes.Replace(body, []byte(old), []byte(with), 1)
		}
	}
	for name, c := range map[string]struct {
		change func(*estate)
		says   string
		rows   int
		asked  int
	}{
		"another version": {func(e *estate) {
			e.before = func(n int, v *report.View) { v.Origin.Version = fmt.Sprint("v", min(n, 2)) }
		}, "behind b-2 are missing: the function changed while it was asked: its version was v1 and is v2; ask again", 3, 2},
		"another policy": {func(e *estate) {
			e.before = func(n int, v *report.View) {
				if n == 3 {
					v.Origin.Policy = &report.PolicyFile{Name: "policy.yaml", SHA256: strings.Repeat("cd", 32)}
				}
			}
		}, "its policy was policy.yaml (SHA-256 abab", 6, 3},
		"no policy": {func(e *estate) {
			e.before = func(n int, v *report.View) {
				if n == 2 {
					v.Origin.Policy = nil
				}
			}
		}, " and is none", 3, 2},
		"another account": {func(e *estate) {
			e.before = func(n int, v *report.View) { v.Account = fmt.Sprintf("111111111111111%d", n) }
		}, "its account was", 3, 2},
		"another question": {func(e *estate) { e.after = edit(2, `"scope":{`, `"scope":{"prefix":"x",`) }, "to another question", 3, 2},
		"the same part again": {func(e *estate) {
			e.before = func(_ int, v *report.View) { v.After = "" }
		}, "to another question", 3, 2},
		"a row twice": {func(e *estate) {
			e.before = func(n int, _ *report.View) {
				if n == 2 {
					e.rows = append(e.rows[:4:4], e.rows[3:]...)
				}
			}
		}, "has b-3 a second time", 3, 2},
		"a cursor that repeats": {func(e *estate) { e.after = edit(2, `"next":"2222222222222222/b-0"`, `"next":"b-2"`) }, "leads to b-2, which is not behind its last bucket", 3, 2},
		"a cursor that skips":   {func(e *estate) { e.after = edit(1, `"next":"b-2"`, `"next":"b-3"`) }, "", 0, 1},
		"a part that is down":   {func(e *estate) { e.fails = func(n int) (int, error) { return map[bool]int{true: 503}[n > 2], nil } }, `behind 2222222222222222/b-0 are missing: the function answers 503 Service Unavailable: too many\u{1B}`, 6, 5},
		"no connection": {func(e *estate) {
			e.fails = func(n int) (int, error) { return 0, map[bool]error{true: errors.New("gone")}[n > 1] }
		}, "missing: gone", 3, 4},
		"half an answer": {func(e *estate) { e.after = func(n int, b []byte) []byte { return b[:len(b)/n] } }, "cannot be used: it is not a report", 3, 2},
		"too long": {func(e *estate) {
			e.after = func(n int, b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), (n-1)*maxPart)...) }
		}, "more than 16 MB", 3, 2},
		"an account": {func(e *estate) { e.lists = map[string]error{"2222222222222222": denied} }, "no role in 2222222222222222", 15, 5},
		"a hidden gap": {func(e *estate) {
			e.after = edit(5, `"complete":true`, `"complete":false,"missing":"the dog ate it"`)
		}, "not complete: the dog ate it", 15, 5},
		"unread as compliant": {func(e *estate) { e.after = edit(2, `"rule":"AES256"`, `"rule":""`) }, "row 1: b-3:", 3, 2},
		"no digest":           {func(e *estate) { e.after = edit(2, `"digest":"sha256:`, `"digest":"sha256:0`) }, "its digest is not that of its rows", 3, 2},
		"no end": {func(e *estate) {
			e.size = 1
			for i := range 200 {
				e.rows = append(e.rows, ossenc.Result{Account: "4444444444444444", Bucket: fmt.Sprintf("c-%03d", i), Verdict: ossenc.Gone})
			}
		}, "has given 100 parts, and no end", 100, 100},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEstate(t)
			c.change(e)
			got, err := e.collect(Asked{})
			if c.says == "" {
				if err == nil || len(e.asked) != c.asked {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			if err != nil || got.Missing == nil || !strings.Contains(got.Missing.Detail, c.says) || len(got.Rows) != c.rows || len(e.asked) != c.asked {
				t.Errorf("%d rows in %d requests, missing %v, %v", len(got.Rows), len(e.asked), got.Missing, err)
			}
			if strings.ContainsAny(fmt.Sprint(got.Missing), "\x1b\u202e") {
				t.Errorf("%q can act on a terminal", got.Missing.Detail)
			}
		})
	}
}

// A list that ended early in the first account is asked for anew by the next part, and
// what passes is tried again.
func TestCollect_GoesOnBehindWhatPasses(t *testing.T) {
	e := newEstate(t)
	e.fails = func(n int) (int, error) { return map[bool]int{true: 503}[n%3 != 0], nil }
	if got, err := e.collect(Asked{}); err != nil || got.Missing != nil || len(got.Rows) != 15 || len(e.asked) != 15 {
		t.Errorf("%d rows in %d requests, %v, %v", len(got.Rows), len(e.asked), got.Missing, err)
	}
	e = newEstate(t)
	e.rows, e.size = e.rows[:5], 0
	failed := false
	e.lists = map[string]error{"": &ossenc.Error{Op: "ListBuckets", Code: ossenc.Unavailable}}
	e.before = func(n int, _ *report.View) {
		if n > 1 {
			failed, e.lists = true, nil
		}
	}
	if got, err := e.collect(Asked{}); err != nil || got.Missing != nil || !failed {
		t.Errorf("%v, %v", got.Missing, err)
	}
}

// Without a first part there is no report.
func TestCollect_NothingWithoutAFirstPart(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		err    error
		asked  int
	}{
		"refused":       {403, nil, 3}, // its code is throttled
		"down":          {503, nil, 3},
		"not reachable": {0, errors.New("connection refused"), 1},
		"throttled":     {0, &ossenc.Error{Op: "InvokeFunction", Code: ossenc.Throttled}, 3},
		"denied":        {0, &ossenc.Error{Op: "InvokeFunction", Code: ossenc.Denied}, 1},
	} {
		e := newEstate(t)
		e.fails = func(int) (int, error) { return c.status, c.err }
		if got, err := e.collect(Asked{}); err == nil || len(got.Rows) != 0 || len(e.asked) != c.asked {
			t.Errorf("%s: %d requests, %v", name, len(e.asked), err)
		}
	}
}

// hostileRow is a row of a report that tries to be taken for another.
func TestReadPart_RefusesRowsThatContradictThemselves(t *testing.T) {
	good := map[string]any{
		"bucket": "b", "region": "cn-hangzhou", "verdict": "compliant", "reason": "", "oss_request_id": "", "rule": "KMS", "required": "AES256", "meets": []string{"kms"},
		"before": map[string]string{"algorithm": "KMS", "kms_key_id": "", "kms_data_encryption": ""},
		"after":  map[string]string{"algorithm": "KMS", "kms_key_id": "", "kms_data_encryption": ""},
		"wanted": map[string]string{"algorithm": "AES256", "kms_key_id": "", "kms_data_encryption": ""},
	}
	rule := func(algorithm string) any {
		return map[string]string{"algorithm": algorithm, "kms_key_id": "", "kms_data_encryption": ""}
	}
	for name, change := range map[string]map[string]any{
		"":                              {},
		"a name with a slash":           {"bucket": "a/b"},
		"no name":                       {"bucket": ""},
		"another name":                  {"bucket": "B\u001b[31m"},
		"no account ID":                 {"account": "own"},
		"no region":                     {"region": "<b>"},
		"a verdict of a new version":    {"verdict": "fine"},
		"a verdict of an event":         {"verdict": "ignored"},
		"a code without a failure":      {"code": "denied"},
		"a failure without a code":      {"verdict": "unknown"},
		"a code of a new version":       {"verdict": "unknown", "code": "tired"},
		"a row that had no turn":        {"verdict": "unknown", "code": "deadline"},
		"an unknown algorithm":          {"after": rule("ROT13")},
		"another word for the rule":     {"rule": "AES256"},
		"another word for the required": {"required": "KMS"},
		"a rule without a word":         {"rule": ""},
		"compliant but weaker":          {"wanted": rule("SM4"), "required": "SM4"},
		"compliant without a rule":      {"after": nil, "rule": "none"},
		"would fix what is right":       {"verdict": "would_fix", "wanted": rule("KMS"), "required": "KMS"},
		"gone and read":                 {"verdict": "gone"},
		"a cell that is no text":        {"reason": 5},
	} {
		row := map[string]any{}
		for k, v := range good {
			row[k] = v
		}
		for k, v := range change {
			row[k] = v
		}
		var one partRow
		data, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		err = json.Unmarshal(data, &one)
		if err == nil {
			err = one.check()
		}
		if (err == nil) != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := readPart([]byte(`{"buckets":[` + string(data) + `]}`)); err == nil {
			t.Errorf("%s: a part without an end is read", name)
		}
	}
}

// The call that failed is read from the reason, as the function writes it.
func TestCauseOf(t *testing.T) {
	for _, e := range []ossenc.Error{
		{Op: "GetBucketEncryption", Bucket: "pay-1", Code: ossenc.Denied, OSSCode: "AccessDenied", EC: "0003-00000001", RequestID: "69B1", Message: "You have no right: (none)"},
		{Op: "AssumeRole", Code: ossenc.Denied, Message: "no role"},
		{Op: "DescribeKey", Code: ossenc.Unavailable, Message: "no answer"},
	} {
		res := ossenc.Result{Verdict: ossenc.Unknown, Code: e.Code, OSSCode: e.OSSCode, OSSRequestID: e.RequestID, Reason: "the rule could not be read, so nothing was written: " + e.Error()}
		want := e
		want.Bucket = ""
		if got := causeOf(res); got == nil || *got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	if got := causeOf(ossenc.Result{Verdict: ossenc.Blocked, Code: ossenc.Refused, Reason: "the key is off; nothing was written"}); got == nil || got.Op != "" {
		t.Errorf("%+v", got)
	}
	if got := causeOf(ossenc.Result{Verdict: ossenc.Compliant, Reason: "GetBucketEncryption: denied: no"}); got != nil {
		t.Errorf("%+v", got)
	}
}

// FuzzReadPart: no answer of a function ends the command.
func FuzzReadPart(f *testing.F) {
	e := newEstate(nil)
	e.size = 0
	got, err := e.send(context.Background(), request{query: map[string][]string{}})
	if err != nil {
		f.Fatal(err)
	}
	body, _ := io.ReadAll(got.body) // of memory
	f.Add(body)
	f.Add([]byte(`{"buckets":null}`))
	f.Add([]byte(`{"buckets":[{"bucket":"a","verdict":"gone"}],"digest":"x","provenance":{"time":"2026-01-01T00:00:00Z","tool":"function"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readPart(data)
		if err != nil {
			return
		}
		var rows []ossenc.Result
		for _, r := range p.Buckets {
			rows = append(rows, r.Result)
		}
		if report.DigestOf(rows) != p.Digest || p.Totals.Buckets != len(rows) {
			t.Errorf("%+v", p)
		}
	})
}
