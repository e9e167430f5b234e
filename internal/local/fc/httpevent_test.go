package fc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

// triggered sends a request to the HTTP trigger of a function that answers
// with the event it received.
func triggered(t *testing.T, url, method, target, body string, header http.Header) httpEvent {
	t.Helper()
	got := send(t, method, url+target, body, header)
	if got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	var e httpEvent
	if err := json.Unmarshal([]byte(got.body), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestHTTPEvent(t *testing.T) {
	now := time.Date(2023, 9, 5, 14, 41, 11, 895_000_000, time.FixedZone("CST", 8*3600))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/a%2Fb%20c//d?q=1&q=2&e=&s=%2C", strings.NewReader("x"))
	r.Host = "demo.cn-hangzhou.fcapp.run:8443"
	r.RemoteAddr = "203.0.113.20:4711"
	r.Header = http.Header{
		"User-Agent": {"curl/8.5.0"}, "Accept": {"a", "b,c"}, "X-Fc-Request-Id": {"forged"},
		"X-Fc-Access-Key-Id": {"forged"}, "Connection": {"close"}, "Keep-Alive": {"1"},
	}
	got := Config{}.withDefaults().event(r, []byte("grün"), "1-a-b-c", now)
	want := httpEvent{
		Version: "v1", RawPath: "/a%2Fb%20c//d", Body: "grün",
		Headers: map[string]string{
			"Accept": "a,b,c", "Host": "demo.cn-hangzhou.fcapp.run:8443", "User-Agent": "curl/8.5.0",
		},
		QueryParameters: map[string]string{"q": "1,2", "e": "", "s": ","},
		RequestContext: httpContext{
			AccountID: "1234567890123456", DomainName: "demo.cn-hangzhou.fcapp.run", DomainPrefix: "demo",
			HTTP: httpRequest{
				Method: "PUT", Path: "/a/b c//d", Protocol: "HTTP/1.1", SourceIP: "203.0.113.20", UserAgent: "curl/8.5.0",
			},
			RequestID: "1-a-b-c", Time: "2023-09-05T06:41:11Z", TimeEpoch: "1693896071895",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", marshal(got), marshal(want))
	}
	if !strings.Contains(string(marshal(got)), `"timeEpoch":"1693896071895"`) {
		t.Error("timeEpoch is not a string")
	}
}

func TestHTTPEventBody(t *testing.T) {
	tests := []struct {
		name, contentType, body, want string
		encoded                       bool
	}{
		{"none is empty text", "", "", "", false},
		{"JSON is text", "application/json; charset=utf-8", `{"a":1}`, `{"a":1}`, false},
		{"CloudEvents is text", "application/cloudevents-batch+json", `[]`, `[]`, false},
		{"form is text", "application/x-www-form-urlencoded", "a=b", "a=b", false},
		{"plain is text", "text/plain", "a", "a", false},
		{"octets are binary", "application/octet-stream", "a", "YQ==", true},
		{"unknown is binary", "image/png", "a", "YQ==", true},
		{"malformed type is binary", ";", "a", "YQ==", true},
		{"text that is not UTF-8 is binary", "text/plain", "\xff", "/w==", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, encoded := encodeBody([]byte(test.body), test.contentType)
			if got != test.want || encoded != test.encoded {
				t.Errorf("got %q %v, want %q %v", got, encoded, test.want, test.encoded)
			}
		})
	}
}

func TestHTTPTriggerReachesTheFunction(t *testing.T) {
	url := serve(t, start(t, Config{}))
	for _, target := range []string{
		"/", "/a%2Fb", "//a/../b", "/2023-03-30/functions/bucketwarden/invocations?x=1", "/redirect/",
	} {
		e := triggered(t, url, http.MethodDelete, target, "", nil)
		if path, _, _ := strings.Cut(target, "?"); e.RawPath != path || e.RequestContext.HTTP.Method != "DELETE" {
			t.Errorf("%s arrived as %s %s", target, e.RequestContext.HTTP.Method, e.RawPath)
		}
	}
	e := triggered(t, url, http.MethodPost, "/", "\x00\x01", http.Header{
		"Content-Type": {"application/octet-stream"}, "X-Fc-Account-Id": {"forged"}, "X-Multi": {"a", "b"},
	})
	if e.Body != "AAE=" || !e.IsBase64Encoded || e.Headers["X-Multi"] != "a,b" || e.Headers["X-Fc-Account-Id"] != "" {
		t.Errorf("got %+v", e)
	}
}

// An event has no place for a query that cannot be read.
func TestHTTPTriggerRefusesABrokenQuery(t *testing.T) {
	url := serve(t, start(t, Config{Runtime: RuntimeGo1}))
	for _, query := range []string{"dry_run=true;x", "dry_run=%zz"} {
		if got := post(t, url+"/?"+query, "", nil); got.status != 400 || !strings.Contains(got.body, `"Message":"the query is not well-formed"`) {
			t.Errorf("%s: %d %s", query, got.status, got.body)
		}
	}
}

func TestHTTPTriggerLimits(t *testing.T) {
	inBoth(t, func(t *testing.T, runtime string) {
		url := serve(t, start(t, Config{Runtime: runtime}))
		long := strings.Repeat("a", 8<<10)
		tests := []struct {
			name, target, body, message string
			header                      http.Header
		}{
			{"headers", "/", "", "headers size exceeds maximum allowed size (8192 bytes)", http.Header{"X-Long": {long}}},
			{"target", "/?" + long[:4<<10], "", "path and query size exceeds maximum allowed size (4096 bytes)", nil},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				got := post(t, url+test.target, test.body, test.header)
				want := `{"Code":"InvalidArgument","Message":"` + test.message + `","RequestId":"` + got.header.Get(headerRequestID) + `"}`
				if got.status != 400 || got.body != want {
					t.Errorf("got %d %s, want %s", got.status, got.body, want)
				}
			})
		}
		got := post(t, url, strings.Repeat("a", 32<<20+1), nil)
		if got.status != 400 || !strings.HasPrefix(got.body, `{"Code":"InvalidArgument"`) {
			t.Errorf("body over the limit: %d %s", got.status, got.body)
		}
	})
}
