package fc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWebRequestReachesTheChildAsItIs(t *testing.T) {
	f := start(t, Config{Runtime: RuntimeCustom, Credentials: func() Credentials {
		return Credentials{AccessKeyID: "a", AccessKeySecret: "b", SecurityToken: "c"}
	}})
	got := send(t, http.MethodPatch, serve(t, f)+"/a%2Fb//../c?q=1;2&q=2", "", http.Header{
		"X-Fc-Access-Key-Id": {"forged"}, "X-Fc-Forged": {"forged"}, "X-Multi": {"a", "b"},
	})
	var seen struct {
		Method, URI, Host string
		Header            http.Header
	}
	if err := json.Unmarshal([]byte(got.body), &seen); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	if got.status != http.StatusTeapot || !slices.Equal(got.header["Set-Cookie"], []string{"a=1", "b=2"}) {
		t.Errorf("got %+v", got)
	}
	if seen.Method != "PATCH" || seen.URI != "/a%2Fb//../c?q=1;2&q=2" {
		t.Errorf("the child saw %s %s", seen.Method, seen.URI)
	}
	want := map[string]string{
		"X-Fc-Control-Path": "/http-invoke", "X-Fc-Access-Key-Id": "a", "X-Fc-Access-Key-Secret": "b",
		"X-Fc-Security-Token": "c", "X-Fc-Region": "cn-hangzhou", "X-Fc-Account-Id": "1234567890123456",
		"X-Fc-Forged": "", "X-Multi": "a,b", "X-Fc-Request-Id": got.header.Get("X-Fc-Request-Id"),
		"X-Fc-Function-Timeout": "60",
	}
	for name, value := range want {
		if got := strings.Join(seen.Header[name], ","); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

func TestWebRequestToAFailingChild(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, target, body string }{
		{"death", "/?do=exit", `{"errorMessage":"Process exited unexpectedly before completing request (`},
		{"timeout", "/?do=hang", `{"errorMessage":"Function timed out after 1 seconds"}`},
	}
	f := start(t, Config{Runtime: RuntimeCustom, Timeout: time.Second})
	url := serve(t, f)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pid := f.PID()
			got := post(t, url+test.target, "", nil)
			if got.status != 502 || got.header.Get("X-Fc-Error-Type") != UnhandledInvocationError ||
				!strings.HasPrefix(got.body, test.body) {
				t.Errorf("got %+v", got)
			}
			invoke(t, f, `{"do":"echo"}`)
			if f.PID() == pid {
				t.Error("the child was not replaced")
			}
		})
	}
}

func TestWebRequestAfterStop(t *testing.T) {
	f := start(t, Config{Runtime: RuntimeCustom})
	url := serve(t, f)
	if err := f.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := post(t, url, "", nil)
	want := `{"Code":"InternalServerError","Message":"localfc: the function is stopped","RequestId":"` + got.header.Get(headerRequestID) + `"}`
	if got.status != 500 || got.body != want {
		t.Errorf("got %+v", got)
	}
}
