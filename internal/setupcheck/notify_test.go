package setupcheck

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// render does what EventBridge's transformer does for the form TEMPLATE: it takes
// each variable out of the event by its path, and pastes it as text.
func render(t *testing.T, paths, template string, event []byte) string {
	t.Helper()
	var byName map[string]string
	var root any
	if err := json.Unmarshal([]byte(paths), &byName); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(event, &root); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\$\{(\w+)\}`).ReplaceAllStringFunc(template, func(v string) string {
		path, ok := byName[v[2:len(v)-1]]
		if !ok {
			t.Errorf("the template has %s, the paths do not", v)
		}
		at := root
		for name := range strings.SplitSeq(strings.TrimPrefix(path, "$."), ".") {
			m, ok := at.(map[string]any)
			if at, ok = m[name]; !ok {
				t.Fatalf("the event has no %s", path)
			}
		}
		return fmt.Sprint(at)
	})
}

// event is what the bus carries: an envelope around the failed invocation.
func event(t *testing.T, letter string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"specversion": "1.0", "id": "1", "source": "acs.fc", "type": "fc:AsyncInvoke:Failure", // not known; nothing depends on them
		"aliyuneventbusname": "bucketwarden", "data": json.RawMessage(letter),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// robot is a stand-in for the four services: each takes only its own form, and
// says so as the real one does.
func robot(got *string) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, max int, text func(body []byte) (string, error), ok, bad string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			var s string
			if err == nil {
				s, err = text(body)
			}
			if err != nil || s == "" || len(s) > max || !utf8.ValidString(s) {
				fmt.Fprint(w, bad)
				return
			}
			*got = s
			fmt.Fprint(w, ok)
		})
	}
	handle("POST /dingtalk", 20000, func(b []byte) (string, error) {
		var m struct {
			MsgType string `json:"msgtype"`
			Text    struct{ Content string }
		}
		return m.Text.Content, strict(b, &m, func() bool { return m.MsgType == "text" })
	}, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":40035,"errmsg":"bad form"}`)
	handle("POST /feishu", 20000, func(b []byte) (string, error) {
		var m struct {
			MsgType string `json:"msg_type"`
			Content struct{ Text string }
		}
		return m.Content.Text, strict(b, &m, func() bool { return m.MsgType == "text" })
	}, `{"code":0,"msg":"success"}`, `{"code":9499,"msg":"Bad Request"}`)
	handle("POST /wecom", 2048, func(b []byte) (string, error) {
		var m struct {
			MsgType string `json:"msgtype"`
			Text    struct{ Content string }
		}
		return m.Text.Content, strict(b, &m, func() bool { return m.MsgType == "text" })
	}, `{"errcode":0,"errmsg":"ok"}`, `{"errcode":40008,"errmsg":"invalid message type"}`)
	handle("POST /slack", 40000, func(b []byte) (string, error) {
		var m struct{ Text string }
		return m.Text, strict(b, &m, func() bool { return true })
	}, "ok", "invalid_payload")
	return mux
}

func strict(b []byte, v any, right func() bool) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if !right() {
		return fmt.Errorf("wrong type of message: %s", b)
	}
	return nil
}

// rule returns the target of the rule that notifies a robot, or by mail.
func rule(t *testing.T, m *Module, name string) (target Block, params map[string]Block) {
	t.Helper()
	var r *Resource
	switch name {
	case "dingtalk":
		r = m.find(t, "event_bridge_rule", "dingtalk", name)
	case "mail":
		r = m.find(t, "event_bridge_rule", "mail", "0")
	default:
		r = m.find(t, "event_bridge_rule", "robot", name)
	}
	params = map[string]Block{}
	for _, p := range r.Blocks["targets"][0].Blocks["param_list"] {
		params[p.Text("resource_key")] = p
	}
	return r.Blocks["targets"][0], params
}

// The rules of Terraform make, of a failed invocation, a message that each service
// takes. It names the request and the function, and nothing of the event, which a
// stranger may have written.
func TestRobotsTakeTheMessages(t *testing.T) {
	m := evaluate(t, everything())
	letter := read(t, "events/async-destination-failure.json")
	hostile := strings.ReplaceAll(letter, "demo-bucket-a", `\\\"}</b>*`)
	// With on_fight: stop a fight is a failed invocation like any other.
	contested := strings.Replace(letter, `"responseContext"`, `"responsePayload": {"errorType": "contested", "errorMessage": "demo-bucket-a </b>"}, "responseContext"`, 1)
	if contested == letter || hostile == letter || !json.Valid([]byte(hostile)) {
		t.Fatal("the hostile letter is none")
	}
	for name := range robots {
		_, params := rule(t, m, name)
		for _, letter := range []string{letter, hostile, contested} {
			body := render(t, params["Body"].Text("value"), params["Body"].Text("template"), event(t, letter))
			var got string
			server := httptest.NewServer(robot(&got))
			answer, err := http.Post(server.URL+"/"+name, "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			server.Close()
			if err != nil || !strings.Contains("ok{\"errcode\":0,\"errmsg\":\"ok\"}{\"code\":0,\"msg\":\"success\"}", string(text)) {
				t.Errorf("%s answered %s to %s: %v", name, text, body, err)
			}
			// Robots that ask for a keyword can ask for this one.
			if !strings.HasPrefix(got, "Bucketwarden: ") || !strings.Contains(got, "1-65f00000-15a4c5d6-0123456789ab") || strings.Contains(got, "${") {
				t.Errorf("%s got %q", name, got)
			}
			if strings.Contains(got, "demo-bucket-a") || strings.Contains(got, "errorMessage") || strings.Contains(got, "</b>") {
				t.Errorf("%s got parts of the event: %q", name, got)
			}
		}
	}
}

// A stand-in that took everything would prove nothing.
func TestRobotsRefuseEachOthersForms(t *testing.T) {
	for name := range robots {
		for other := range robots {
			var got string
			w := httptest.NewRecorder()
			body := read(t, "docs/setup/notify/"+other+".json")
			robot(&got).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/"+name, strings.NewReader(body)))
			same := name == other || (name == "dingtalk" && other == "wecom") || (name == "wecom" && other == "dingtalk")
			if (got != "") != same {
				t.Errorf("%s took %q of the form for %s: %s", name, got, other, w.Body)
			}
		}
	}
}

// Each target has the parameters that its type asks for, and an address only where
// it must be.
func TestTargets(t *testing.T) {
	m := evaluate(t, everything())
	tests := []struct {
		name, typ, url string
		constants      []string
	}{
		{"dingtalk", "acs.dingtalk", "URL", []string{"URL", "SecretKey"}},
		{"feishu", "https", "url", []string{"url", "Network"}},
		{"wecom", "https", "url", []string{"url", "Network"}},
		{"slack", "https", "url", []string{"url", "Network"}},
		{"mail", "acs.mail", "", []string{"Subject", "AccountName", "AddressType", "ReplyToAddress", "ToAddress", "IsHtmlBody"}},
	}
	for _, test := range tests {
		target, params := rule(t, m, test.name)
		if target.Text("type") != test.typ || len(params) != len(test.constants)+1 || params["Body"].Text("form") != "TEMPLATE" {
			t.Errorf("%s: %v", test.name, target)
		}
		for _, c := range test.constants {
			if params[c].Text("form") != "CONSTANT" || params[c].Text("value") == "" {
				t.Errorf("%s: %s is %v", test.name, c, params[c])
			}
		}
		if test.url != "" && (params[test.url].Text("value") != robots[test.name] || target.Text("endpoint") != robots[test.name]) {
			t.Errorf("%s: another address", test.name)
		}
		if len(params["Body"].Text("template")) > 10240 {
			t.Errorf("%s: the template is longer than EventBridge takes", test.name)
		}
		if test.name == "mail" {
			render(t, params["Body"].Text("value"), params["Body"].Text("template"), event(t, read(t, "events/async-destination-failure.json")))
		}
	}
}

// The pattern takes the failures of this function and no others.
func TestPattern(t *testing.T) {
	var pattern struct {
		Data struct {
			RequestContext struct{ FunctionArn []map[string]string }
		}
	}
	readJSON(t, "docs/setup/notify/pattern.json", &pattern)
	for arn, want := range map[string]bool{
		"acs:fc:cn-hangzhou:1234567890123456:functions/bucketwarden":   true,
		"acs:fc:cn-hangzhou:1234567890123456:functions/bucketwarden-2": false,
		"acs:fc:cn-hangzhou:1234567890123456:functions/x-bucketwarden": false,
	} {
		got := false
		for _, p := range pattern.Data.RequestContext.FunctionArn {
			got = got || (p["suffix"] != "" && strings.HasSuffix(arn, p["suffix"]))
		}
		if got != want {
			t.Errorf("%s: %v, want %v", arn, got, want)
		}
	}
	if !strings.Contains(read(t, "s.yaml"), "functionName: bucketwarden\n") {
		t.Error("s.yaml names the function otherwise")
	}
}

// With a bus, the queue holds the same letter as without one.
func TestQueueHoldsTheLetter(t *testing.T) {
	r := evaluate(t, everything()).find(t, "event_bridge_rule", "queue", "bucketwarden")
	for _, p := range r.Blocks["targets"][0].Blocks["param_list"] {
		if p.Text("resource_key") == "Body" {
			if p.Text("form") != "JSONPATH" || p.Text("value") != "$.data" {
				t.Errorf("the queue gets %v", p)
			}
			return
		}
	}
	t.Error("the queue gets no body")
}
