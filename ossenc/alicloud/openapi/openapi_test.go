package openapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/openapi"
)

var marked = ossenc.Credentials{AccessKeyID: "STS.MARKAKID0", AccessKeySecret: "MARKSECRET", SecurityToken: "MARKTOKEN0"}

// wire answers each request with the next of its answers, the last for ever.
type wire struct {
	answers  []answer
	requests []*http.Request
	bodies   []string
	at       []time.Time
}

type answer struct {
	status int
	body   string
	err    error
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.requests, w.bodies, w.at = append(w.requests, r), append(w.bodies, string(body)), append(w.at, time.Now())
	a := w.answers[0]
	if len(w.answers) > 1 {
		w.answers = w.answers[1:]
	}
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{"X-Acs-Request-Id": {"R1"}}, Body: io.NopCloser(strings.NewReader(a.body))}, nil
}

func (w *wire) client() *openapi.Client {
	return &openapi.Client{Version: "2020-09-07", Transport: w, MaxAnswer: 100}
}

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: marked, Region: "cn-hangzhou", AccountID: "1234567890123456"})
}

func call() openapi.Call {
	return openapi.Call{
		Endpoint: &url.URL{Scheme: "https", Host: "config.cn-shanghai.aliyuncs.com"}, Action: "PutEvaluations", Subject: "bucket b",
		Form: url.Values{"ResultToken": {"TOK+/="}, "A": {"b c"}}, Secrets: []string{"RESULTTOKEN/=x"},
	}
}

func TestDo_Request(t *testing.T) {
	w := &wire{answers: []answer{{200, `{"Result":true}`, nil}}}
	got, err := w.client().Do(identified(t.Context()), call())
	if err != nil || got.Status != 200 || string(got.Body) != `{"Result":true}` {
		t.Fatalf("%+v, %v", got, err)
	}
	r := w.requests[0]
	if r.Method != http.MethodPost || r.URL.String() != "https://config.cn-shanghai.aliyuncs.com/" || w.bodies[0] != "A=b%20c&ResultToken=TOK%2B%2F%3D" {
		t.Errorf("%s %s %s", r.Method, r.URL, w.bodies[0])
	}
	for name, want := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "x-acs-action": "PutEvaluations", "x-acs-version": "2020-09-07", "x-acs-security-token": marked.SecurityToken,
	} {
		if r.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, r.Header.Get(name), want)
		}
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "ACS3-HMAC-SHA256 Credential=STS.MARKAKID0,") {
		t.Errorf("Authorization %q", r.Header.Get("Authorization"))
	}
}

func TestDo_TriesAgain(t *testing.T) {
	throttled := answer{400, `{"Code":"Throttling.User","Message":"m","RequestId":"1"}`, nil}
	good := answer{200, `{}`, nil}
	for name, c := range map[string]struct {
		answers []answer
		once    bool
		tries   int
		code    ossenc.Code // empty: succeeds
	}{
		"throttled twice":     {[]answer{throttled, throttled, good}, false, 3, ""},
		"throttled for ever":  {[]answer{throttled}, false, 3, ossenc.Throttled},
		"unavailable":         {[]answer{{503, `{"Code":"ServiceUnavailable"}`, nil}, good}, false, 2, ""},
		"no answer":           {[]answer{{err: syscall.ECONNRESET}, good}, false, 2, ""},
		"not the service's":   {[]answer{{502, `<html>`, nil}, good}, false, 2, ""},
		"too long":            {[]answer{{200, strings.Repeat(" ", 101), nil}}, false, 3, ossenc.Unavailable},
		"a redirect":          {[]answer{{302, ``, nil}}, false, 3, ossenc.Unavailable},
		"denied":              {[]answer{{400, `{"Code":"NoPermission"}`, nil}}, false, 1, ossenc.Denied},
		"once":                {[]answer{throttled, good}, true, 1, ossenc.Throttled},
		"unknown code":        {[]answer{{400, `{"Code":"Odd"}`, nil}}, false, 1, ossenc.Internal},
		"wrong kind of error": {[]answer{{400, `["NoPermission"]`, nil}}, false, 3, ossenc.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := &wire{answers: c.answers}
			ask := call()
			ask.Once = c.once
			_, err := w.client().Do(identified(t.Context()), ask)
			if len(w.requests) != c.tries || (err == nil) != (c.code == "") || err != nil && ossenc.CodeOf(err) != c.code {
				t.Errorf("%s: %v after %d tries", name, err, len(w.requests))
			}
			if e, ok := errors.AsType[*ossenc.Error](err); err != nil && (!ok || e.Op != "PutEvaluations" || !strings.HasPrefix(e.Message, "bucket b: ")) {
				t.Errorf("%s: %v", name, err)
			}
			nonces := map[string]bool{}
			for _, r := range w.requests {
				nonces[r.Header.Get("x-acs-signature-nonce")] = true
			}
			if len(nonces) != len(w.requests) {
				t.Errorf("%s: a nonce was sent twice", name)
			}
		})
	}
}

func TestDo_EndsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(identified(t.Context()), time.Second)
		defer cancel()
		w := &wire{answers: []answer{{503, `{"Code":"ServiceUnavailable"}`, nil}}}
		_, err := w.client().Do(ctx, call())
		if len(w.requests) != 2 || ossenc.CodeOf(err) != ossenc.Unavailable {
			t.Errorf("%v after %d tries: the third would begin at the deadline", err, len(w.requests))
		}
	})
	ctx, cancel := context.WithCancel(identified(t.Context()))
	cancel()
	w := &wire{answers: []answer{{err: context.Canceled}}}
	if _, err := w.client().Do(ctx, call()); ossenc.CodeOf(err) != ossenc.Deadline {
		t.Errorf("ended: %v", err)
	}
}

func TestDo_Credentials(t *testing.T) {
	w := &wire{answers: []answer{{200, `{}`, nil}}}
	if _, err := w.client().Do(t.Context(), call()); ossenc.CodeOf(err) != ossenc.Denied || len(w.requests) != 0 {
		t.Errorf("%v after %d requests", err, len(w.requests))
	}
	client := w.client()
	client.Fallback = func() (ossenc.Credentials, error) {
		return ossenc.Credentials{AccessKeyID: "id", AccessKeySecret: "s"}, nil
	}
	if _, err := client.Do(t.Context(), call()); err != nil || w.requests[0].Header.Get("x-acs-security-token") != "" {
		t.Errorf("%v", err)
	}
}

// TestDo_ErrorsHoldNoSecret lets the server repeat all that it was sent.
func TestDo_ErrorsHoldNoSecret(t *testing.T) {
	for _, echo := range []string{"RESULTTOKEN", "a RESULTTOKEN/=x b", "STS.MARKAKID0", "MARKTOKEN0", "server string to sign is:POST&MARKTOKEN0", "signed with MARKSECRET"} {
		for _, fallback := range []bool{false, true} {
			w := &wire{answers: []answer{{400, fmt.Sprintf(`{"Code":"Odd","Message":%q,"RequestId":%q}`, echo, echo), nil}}}
			client, ctx := w.client(), identified(t.Context())
			if fallback {
				ctx = t.Context()
				client.Fallback = func() (ossenc.Credentials, error) { return marked, nil }
			}
			client.MaxAnswer = 1000
			_, err := client.Do(ctx, call())
			for e := err; e != nil; e = errors.Unwrap(e) {
				text := fmt.Sprintf("%v %+v %#v", e, e, e)
				if strings.Contains(text, "RESULTTOKEN") || strings.Contains(text, "MARK") {
					t.Errorf("echo %q, fallback %v: %s", echo, fallback, text)
				}
			}
			if err == nil {
				t.Errorf("echo %q: no error", echo)
			}
		}
	}
}

func FuzzFailure(f *testing.F) {
	for _, seed := range []string{
		`{"Code":"NoPermission","Message":"m","RequestId":"1"}`, `{"Code":1}`, `null`, `[]`, ``, `{`, `{"code":"x","message":"STS.MARKAKID0"}`,
	} {
		f.Add(400, seed)
		f.Add(503, seed)
		f.Add(301, seed)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 300 || status > 599 {
			t.Skip("not the status of a failure")
		}
		w := &wire{answers: []answer{{status, body, nil}}}
		ask := call()
		ask.Once = true
		_, err := w.client().Do(identified(t.Context()), ask)
		e, ok := errors.AsType[*ossenc.Error](err)
		if !ok || e.Code == "" || strings.ContainsAny(e.Error(), "\n\r") || len(e.Error()) > 1500 {
			t.Fatalf("%d %q: %v", status, body, err)
		}
		if strings.Contains(err.Error(), "MARKTOKEN0") {
			t.Fatalf("the token is in %v", err)
		}
	})
}
