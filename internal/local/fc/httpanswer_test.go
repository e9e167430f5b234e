package fc

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHTTPTriggerAnswers(t *testing.T) {
	tests := []struct {
		name, answer string
		status       int
		header, body string
	}{
		{
			"text", `{"statusCode":201,"headers":{"x-one":"1","Content-Type":"text/plain"},"body":"hi"}`,
			201, "1", "hi",
		},
		{"base64", `{"statusCode":200,"headers":{"X-One":"1"},"isBase64Encoded":true,"body":"AAE="}`, 200, "1", "\x00\x01"},
		{"null headers and no body", `{"statusCode":204,"headers":null}`, 204, "", ""},
		{"reserved headers are dropped", `{"statusCode":200,"headers":{"X-Fc-One":"1","content-length":"99"},"body":"b"}`, 200, "", "b"},
		{"no object", `"text"`, 502, "", "BadResponse"},
		{"no statusCode", `{"body":"b"}`, 502, "", "BadResponse"},
		{"informational statusCode", `{"statusCode":100}`, 502, "", "BadResponse"},
		{"unknown statusCode", `{"statusCode":600}`, 502, "", "BadResponse"},
		{"fractional statusCode", `{"statusCode":200.5}`, 502, "", "BadResponse"},
		{"object as body", `{"statusCode":200,"body":{}}`, 502, "", "BadResponse"},
		{"number as header", `{"statusCode":200,"headers":{"a":1}}`, 502, "", "BadResponse"},
		{"header injection", `{"statusCode":200,"headers":{"a":"b\r\nc: d"}}`, 502, "", "BadResponse"},
		{"header name with a space", `{"statusCode":200,"headers":{"a b":"c"}}`, 502, "", "BadResponse"},
		{"bad base64", `{"statusCode":200,"isBase64Encoded":true,"body":"*"}`, 502, "", "BadResponse"},
		{
			"headers over 8 KB", `{"statusCode":200,"headers":{"a":"` + strings.Repeat("x", 8<<10) + `"}}`,
			502, "", "BadResponse",
		},
	}
	url := serve(t, start(t, Config{}))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := post(t, url+"/?do=answer", test.answer, nil)
			if got.status != test.status || got.header.Get("X-One") != test.header {
				t.Errorf("got %d %q, want %d %q", got.status, got.header.Get("X-One"), test.status, test.header)
			}
			if test.status == 502 {
				test.body = `{"Code":"BadResponse","Message":"the function's answer `
			}
			if !strings.HasPrefix(got.body, test.body) || (test.body == "") != (got.body == "") {
				t.Errorf("body %q, want %q", got.body, test.body)
			}
		})
	}
}

func TestHTTPTriggerOfAFailingFunction(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, target, body string }{
		{"error", "/?do=error", `{"errorMessage":"","errorType":"typedError"}`},
		{"death", "/?do=exit", `{"errorMessage":"Process exited unexpectedly before completing request (`},
		{"timeout", "/?do=hang", `{"errorMessage":"Function timed out after 1 seconds"}`},
	}
	url := serve(t, start(t, Config{Timeout: time.Second}))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := post(t, url+test.target, "", nil)
			if got.status != 502 || got.header.Get("X-Fc-Error-Type") != UnhandledInvocationError ||
				!strings.HasPrefix(got.body, test.body) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestHTTPTriggerHEADHasNoBody(t *testing.T) {
	url := serve(t, start(t, Config{}))
	got := send(t, http.MethodHead, url+"/", "", nil)
	if got.status != 200 || got.body != "" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", got)
	}
}

func TestHTTPTriggerAsync(t *testing.T) {
	g := newGate(t)
	g.open()
	failed := make(chan []byte, 1)
	f := start(t, Config{MaxAsyncRetryAttempts: -1, OnFailure: func(d []byte) { failed <- d }})
	got := post(t, serve(t, f)+"/?do=error", "", http.Header{headerInvocationType: {"Async"}})
	if got.status != 202 || got.body != "" {
		t.Errorf("got %+v", got)
	}
	if d := <-failed; !bytes.Contains(d, []byte(got.header.Get("X-Fc-Request-Id"))) {
		t.Errorf("destination %s", d)
	}
}

// FuzzDecodeAnswer holds that an accepted answer is a response that a client
// can read back, and anything else a bad gateway.
func FuzzDecodeAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"statusCode":200,"headers":{"Content-Type":"text/plain","Set-Cookie":"a=b"},"body":"x"}`,
		`{"statusCode":304,"headers":null,"isBase64Encoded":true,"body":"AAE="}`,
		`{"statusCode":599,"headers":{"Transfer-Encoding":"chunked","x-fc-a":"b","Trailer":"c"}}`,
		`{"statusCode":200,"headers":{"a":"b\nc"}}`, `{"statusCode":-1}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := decodeAnswer(payload)
		w := httptest.NewRecorder()
		Result{Payload: payload}.respond(w)
		if err != nil {
			if w.Code != http.StatusBadGateway {
				t.Fatalf("refused (%v) but status %d", err, w.Code)
			}
			return
		}
		var wire bytes.Buffer
		if err := w.Result().Write(&wire); err != nil {
			t.Fatal(err)
		}
		back, err := http.ReadResponse(bufio.NewReader(&wire), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer back.Body.Close()
		body, err := io.ReadAll(back.Body)
		if err != nil || back.StatusCode != a.status {
			t.Fatalf("read back %d (%v), want %d", back.StatusCode, err, a.status)
		}
		if a.status != http.StatusNoContent && a.status != http.StatusNotModified && !bytes.Equal(body, a.body) {
			t.Fatalf("read back %q, want %q", body, a.body)
		}
		for name := range back.Header {
			if strings.HasPrefix(name, "X-Fc-") && name != "X-Fc-Invocation-Duration" {
				t.Fatalf("the function set %s", name)
			}
		}
	})
}
