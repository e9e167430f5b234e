package remote

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"bucketwarden/internal/canned"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/acs3"
	"bucketwarden/ossenc/alicloud/fc"
	"bucketwarden/ossenc/alicloud/redact"
)

var key = ossenc.Credentials{AccessKeyID: "STS.NExampleOfTests", AccessKeySecret: "SecretOfTheTests0001", SecurityToken: "CAISTokenOfTheTests0001"}

func get(t *testing.T, target string) request {
	t.Helper()
	q, err := newRequest(http.MethodGet, target)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func newTrigger(transport http.RoundTripper) *trigger {
	t := &trigger{base: &url.URL{Scheme: "https", Host: "x.cn-hangzhou.fcapp.run"}, transport: transport, agent: "bw", secrets: &redact.Secrets{}}
	t.authorize = signed(func() (ossenc.Credentials, error) { return key, nil }, t.secrets)
	return t
}

func text(t *testing.T, a *answer) string {
	t.Helper()
	body, err := io.ReadAll(a.body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// A signed request is signed as the vendor's own code signs it, and has nothing else.
func TestTrigger_Signs(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{Status: 200, Body: "ok"}}}
	got, err := newTrigger(transport).send(t.Context(), get(t, "/report?format=html&lang=z h"))
	if err != nil || text(t, got) != "ok" {
		t.Fatalf("%+v, %v", got, err)
	}
	r := transport.Requests()[0]
	if r.URL.String() != "https://x.cn-hangzhou.fcapp.run/report?format=html&lang=z%20h" {
		t.Errorf("%s", r.URL)
	}
	at, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("X-Acs-Date"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	acs3.SignTrigger(again, key, at)
	again.Header.Set("User-Agent", "bw")
	for name := range r.Header {
		if r.Header.Get(name) != again.Header.Get(name) {
			t.Errorf("%s is %q, want %q", name, r.Header.Get(name), again.Header.Get(name))
		}
	}
	if len(r.Header) != len(again.Header) {
		t.Errorf("headers %v", r.Header)
	}
}

// The key is asked for at each request, so that a session that ends is renewed.
func TestTrigger_RenewsCredentials(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{Status: 200}}}
	to, n := newTrigger(transport), 0
	to.authorize = signed(func() (ossenc.Credentials, error) {
		n++
		if n == 3 {
			return ossenc.Credentials{}, errors.New("the session has ended")
		}
		return ossenc.Credentials{AccessKeyID: "STS." + strings.Repeat("x", n), AccessKeySecret: "s"}, nil
	}, to.secrets)
	for range 2 {
		if _, err := to.send(t.Context(), get(t, "/report")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := to.send(t.Context(), get(t, "/report")); err == nil || err.Error() != "the session has ended" {
		t.Errorf("%v", err)
	}
	for i, id := range []string{"STS.x", "STS.xx"} {
		if got := transport.Requests()[i].Header.Get("Authorization"); !strings.Contains(got, "Credential="+id+",") {
			t.Errorf("request %d: %s", i, got)
		}
	}
}

// Answers that are not passed on, and what is said instead.
func TestTrigger_Answers(t *testing.T) {
	for name, c := range map[string]struct {
		answer canned.Answer
		says   string // in the error, or else in the body
		failed bool
	}{
		"an answer":              {canned.Answer{Status: 200, Body: "page"}, "page", false},
		"a redirect":             {canned.Answer{Status: 302, Header: http.Header{"Location": {"https://evil.example"}}}, "redirect (302), which is not followed", true},
		"a redirect of a method": {canned.Answer{Status: 307}, "redirect (307)", true},
		"the function's problem": {canned.Answer{Status: 409, Body: `{"code":"refused"}`}, `{"code":"refused"}`, false},
		"repeats the token":      {canned.Answer{Status: 403, Body: `the string to sign is x-acs-security-token:` + key.SecurityToken}, redact.LeftOut, false},
		"repeats the secret":     {canned.Answer{Status: 500, Body: strings.ToLower(key.AccessKeySecret)}, redact.LeftOut, false},
		"no answer":              {canned.Answer{Err: syscall.ECONNREFUSED}, "x.cn-hangzhou.fcapp.run cannot be reached: connection refused", true},
		"trouble":                {canned.Answer{Err: errors.New("dial https://x?secret=1")}, "x.cn-hangzhou.fcapp.run gives no answer", true},
	} {
		got, err := newTrigger(&canned.Transport{Answers: []canned.Answer{c.answer}}).send(t.Context(), get(t, "/report"))
		said := ""
		if err != nil {
			said = err.Error()
		} else {
			said = text(t, got)
		}
		if (err != nil) != c.failed || !strings.Contains(said, c.says) || strings.Contains(said, "evil") || strings.Contains(said, "secret=1") {
			t.Errorf("%s: %q", name, said)
		}
	}
}

func TestTrigger_Token(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{Status: 200}, {Status: 401, Body: "no such token: tok-of-the-tests"}}}
	to := newTrigger(transport)
	to.authorize = bearing("tok-of-the-tests", to.secrets)
	if _, err := to.send(t.Context(), get(t, "/report")); err != nil {
		t.Fatal(err)
	}
	h := transport.Requests()[0].Header
	if h.Get("Authorization") != "Bearer tok-of-the-tests" || h.Get("X-Acs-Date") != "" {
		t.Errorf("%v", h)
	}
	got, err := to.send(t.Context(), get(t, "/report"))
	if err != nil || text(t, got) != redact.LeftOut+"\n" {
		t.Errorf("%v", err)
	}
}

// An invocation carries the request as the trigger would, and its answer back.
func TestInvocation(t *testing.T) {
	for name, c := range map[string]struct {
		answer canned.Answer
		status int    // 0: an error
		says   string // in the body, or in the error
	}{
		"text":            {canned.Answer{Body: `{"statusCode":200,"headers":{"content-type":"text/html"},"isBase64Encoded":false,"body":"<p>"}`}, 200, "<p>"},
		"base64":          {canned.Answer{Body: `{"statusCode":404,"headers":{},"isBase64Encoded":true,"body":"PHA+"}`}, 404, "<p>"},
		"not base64":      {canned.Answer{Body: `{"statusCode":200,"headers":{},"isBase64Encoded":true,"body":"?"}`}, 0, "not base64"},
		"a redirect":      {canned.Answer{Body: `{"statusCode":302,"headers":{"location":"https://evil.example"},"body":""}`}, 0, "redirect (302)"},
		"another program": {canned.Answer{Body: `{"hello":"world"}`}, 0, "not with an HTTP answer"},
		"not JSON":        {canned.Answer{Body: `hello`}, 0, "not with an HTTP answer"},
		"the function fails": {
			canned.Answer{Body: `{"errorMessage":"HTTP is not\n for invocations","errorType":"invalid"}`, Header: http.Header{"X-Fc-Error-Type": {"UnhandledInvocationError"}, "X-Fc-Request-Id": {"1-2"}}},
			0, `the function failed (invalid): HTTP is not\u{A} for invocations (request 1-2)`,
		},
		"no such function": {canned.Answer{Status: 404, Body: `{"Code":"FunctionNotFound","Message":"function 'bucketwarden' does not exist"}`}, 0, "FunctionNotFound"},
		"no right":         {canned.Answer{Status: 403, Body: `{"Code":"AccessDenied","Message":"no"}`}, 0, "denied"},
	} {
		transport := &canned.Transport{Answers: []canned.Answer{c.answer}}
		v := &invocation{
			client: fc.New(transport, func() (ossenc.Credentials, error) { return key, nil }), function: fc.Function{Name: "bucketwarden", Qualifier: "live"},
			identity: ossenc.Identity{Region: "cn-hangzhou", AccountID: "1234567890123456"}, agent: "bw", token: "tok",
		}
		q := get(t, "/report?format=html")
		q.header.Set("Accept-Language", "zh")
		got, err := v.send(t.Context(), q)
		said := ""
		if err != nil {
			said = err.Error()
		} else if got.status != c.status {
			t.Errorf("%s: status %d", name, got.status)
		} else {
			said = text(t, got)
		}
		if (err != nil) != (c.status == 0) || !strings.Contains(said, c.says) || strings.Contains(said, "evil") {
			t.Errorf("%s: %q", name, said)
		}
		r := transport.Requests()[0]
		if r.URL.String() != "https://1234567890123456.cn-hangzhou.fc.aliyuncs.com/2023-03-30/functions/bucketwarden/invocations?qualifier=live" {
			t.Errorf("%s", r.URL)
		}
		var e httpEvent
		if err := json.Unmarshal([]byte(r.Text), &e); err != nil || e.Version != "v1" || e.RawPath != "/report" || e.QueryParameters["format"] != "html" ||
			e.Headers["Accept-Language"] != "zh" || e.Headers["Authorization"] != "Bearer tok" || e.RequestContext.HTTP.Method != "GET" || e.RequestContext.AccountID != "1234567890123456" {
			t.Errorf("%s: the event is %s, %v", name, r.Text, err)
		}
	}
}

func TestSend_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the time of --timeout is over"))
	transport := &canned.Transport{Answers: []canned.Answer{{Err: context.Canceled}}}
	for _, to := range []sender{newTrigger(transport), &invocation{client: fc.New(transport, func() (ossenc.Credentials, error) { return key, nil }), identity: ossenc.Identity{Region: "cn-hangzhou", AccountID: "1"}}} {
		if _, err := to.send(ctx, get(t, "/report")); err == nil || err.Error() != "the time of --timeout is over" {
			t.Errorf("%T: %v", to, err)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://x.cn-hangzhou.fcapp.run": "https://x.cn-hangzhou.fcapp.run",
		"https://warden.example.com/":     "https://warden.example.com",
		"https://warden.example.com:8443": "https://warden.example.com:8443",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080",
		"http://[::1]:8080":               "http://[::1]:8080",
		"http://localhost:8080":           "http://localhost:8080",
		"http://x.cn-hangzhou.fcapp.run":  "",
		"http://127.0.0.1.evil.example":   "",
		"http://localhost.evil.example":   "",
		"http://10.0.0.1":                 "",
		"ftp://x.cn-hangzhou.fcapp.run":   "",
		"x.cn-hangzhou.fcapp.run":         "",
		"https://":                        "",
		"https://:443":                    "",
		"https://user:pw@x.fcapp.run":     "",
		"https://x.fcapp.run/report":      "",
		"https://x.fcapp.run?x=1":         "",
		"https://x.fcapp.run#x":           "",
		"https://x.fcapp.run\r\nHost: y":  "",
	} {
		got, err := parseAddress("--url", address)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%s: %v, %v", address, got, err)
		}
	}
	for host, want := range map[string]bool{"x.cn-hangzhou.fcapp.run": true, "X.CN-HANGZHOU.FCAPP.RUN": true, "fcapp.run": false, "xfcapp.run": false, "x.fcapp.run.evil.example": false} {
		if isTestDomain(host) != want {
			t.Errorf("%s", host)
		}
	}
}

func TestBrowserCommand(t *testing.T) {
	for _, c := range []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"darwin", nil, "open"},
		{"windows", nil, "rundll32 url.dll,FileProtocolHandler"},
		{"linux", map[string]string{"DISPLAY": ":0"}, "xdg-open"},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "w"}, "xdg-open"},
		{"linux", nil, ""},
		{"linux", map[string]string{"BROWSER": "firefox --private-window"}, "firefox --private-window"},
	} {
		if got := strings.Join(browserCommand(c.goos, c.env), " "); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.goos, c.env, got, c.want)
		}
	}
}
