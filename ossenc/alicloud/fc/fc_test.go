package fc_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"bucketwarden/internal/canned"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/fc"
)

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"},
		Region:      "cn-hangzhou", AccountID: "1234567890123456",
	})
}

var function = fc.Function{Name: "bucketwarden"}

func TestInvokeAsync_Request(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{Status: 202}}}
	known, err := fc.New(transport, nil).InvokeAsync(identified(t.Context()), function, "sweep-1", []byte(`{"action":"sweep","cursor":"c1"}`))
	if err != nil || known {
		t.Fatalf("%v, %v", known, err)
	}
	r := transport.Requests()[0]
	const address = "https://1234567890123456.cn-hangzhou.fc.aliyuncs.com/2023-03-30/functions/bucketwarden/invocations?qualifier=LATEST"
	if r.Method != http.MethodPost || r.URL.String() != address || r.Text != `{"action":"sweep","cursor":"c1"}` {
		t.Errorf("%s %s %s", r.Method, r.URL, r.Text)
	}
	for name, want := range map[string]string{
		"x-fc-invocation-type": "Async", "x-fc-async-task-id": "sweep-1", "Content-Type": "application/octet-stream",
		"x-acs-action": "InvokeFunction", "x-acs-version": "2023-03-30",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestInvokeAsync_Outcomes(t *testing.T) {
	for name, c := range map[string]struct {
		answer canned.Answer
		known  bool
		code   ossenc.Code
	}{
		"stored":                 {canned.Answer{Status: 202}, false, ""},
		"the ID is in use":       {canned.Answer{Status: 409, Body: `{"Code":"StatefulAsyncInvocationAlreadyExists"}`}, true, ""},
		"the ID is in use, FC 3": {canned.Answer{Status: 409, Body: `{"Code":"AsyncTaskAlreadyExists"}`}, true, ""},
		"another conflict":       {canned.Answer{Status: 409, Body: `{"Code":"ConcurrentUpdateError"}`}, false, ossenc.Internal},
		"ran instead":            {canned.Answer{Status: 200, Body: `{}`}, false, ossenc.Unavailable},
		"throttled":              {canned.Answer{Status: 429, Body: `{"Code":"ResourceThrottled"}`}, false, ossenc.Throttled},
		"no right":               {canned.Answer{Status: 403, Body: `{"Code":"AccessDenied"}`}, false, ossenc.Denied},
		"an outage":              {canned.Answer{Status: 503, Body: `{"Code":"InternalServerError"}`}, false, ossenc.Unavailable},
		"no answer":              {canned.Answer{Err: syscall.ECONNRESET}, false, ossenc.Unavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := &canned.Transport{Answers: []canned.Answer{c.answer}}
			known, err := fc.New(transport, nil).InvokeAsync(identified(t.Context()), function, "sweep-1", nil)
			if known != c.known || (err == nil) != (c.code == "") || err != nil && ossenc.CodeOf(err) != c.code || len(transport.Requests()) != 1 {
				t.Errorf("%s: %v, %v after %d tries", name, known, err, len(transport.Requests()))
			}
		})
	}
}

func TestInvokeAsync_Refuses(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{Status: 202}}}
	client := fc.New(transport, nil)
	for name, ask := range map[string]func() (bool, error){
		"a task ID": func() (bool, error) {
			return client.InvokeAsync(identified(t.Context()), function, "1-digit-first", nil)
		},
		"a long payload": func() (bool, error) {
			return client.InvokeAsync(identified(t.Context()), function, "", make([]byte, fc.MaxAsyncPayload+1))
		},
		"no region": func() (bool, error) {
			return client.InvokeAsync(ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "1"}), function, "", nil)
		},
		"an account that would be another host": func() (bool, error) {
			return client.InvokeAsync(ossenc.WithIdentity(t.Context(), ossenc.Identity{AccountID: "evil.example/", Region: "cn-hangzhou"}), function, "", nil)
		},
	} {
		if _, err := ask(); ossenc.CodeOf(err) != ossenc.Invalid || len(transport.Requests()) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvoke(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{
		Body:   `{"errorMessage":"m"}`,
		Header: http.Header{"X-Fc-Request-Id": {"1-2"}, "X-Fc-Error-Type": {"UnhandledInvocationError"}},
	}}}
	client := fc.New(transport, nil)
	client.Endpoints.Default = "http://127.0.0.1:9000"
	got, err := client.Invoke(identified(t.Context()), fc.Function{Name: "f", Qualifier: "prod"}, []byte("{}"))
	if err != nil || got.FunctionError != "UnhandledInvocationError" || string(got.Payload) != `{"errorMessage":"m"}` || got.RequestID != "1-2" {
		t.Errorf("%+v, %v", got, err)
	}
	r := transport.Requests()[0]
	if r.URL.String() != "http://127.0.0.1:9000/2023-03-30/functions/f/invocations?qualifier=prod" || r.Header.Get("x-fc-invocation-type") != "Sync" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
}

func TestTask(t *testing.T) {
	for name, c := range map[string]struct {
		answer canned.Answer
		state  fc.State
		active bool
		found  bool
		code   ossenc.Code

		payload string
	}{
		"has a payload":     {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Failed","taskPayload":"{\"action\":\"sweep\"}"}]}`}, "Failed", false, true, "", `{"action":"sweep"}`},
		"waits":             {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Enqueued"}]}`}, "Enqueued", true, true, "", ""},
		"runs":              {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-10","status":"Failed"},{"taskId":"sweep-1","status":"Running"}],"nextToken":"n"}`}, "Running", true, true, "", ""},
		"is done":           {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Succeeded"}]}`}, "Succeeded", true, true, "", ""},
		"was stopped":       {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Stopped"}]}`}, "Stopped", false, true, "", ""},
		"failed":            {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Failed"}]}`}, "Failed", false, true, "", ""},
		"is unknown":        {canned.Answer{Body: `{"tasks":[]}`}, "", false, false, "", ""},
		"no such function":  {canned.Answer{Status: 404, Body: `{"Code":"FunctionNotFound"}`}, "", false, false, ossenc.Internal, ""},
		"no right":          {canned.Answer{Status: 403, Body: `{"Code":"AccessDenied"}`}, "", false, false, ossenc.Denied, ""},
		"only others":       {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-10","status":"Running"}]}`}, "", false, false, ossenc.Unavailable, ""},
		"none on this page": {canned.Answer{Body: `{"tasks":[],"nextToken":"n"}`}, "", false, false, ossenc.Unavailable, ""},
		"without a state":   {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1"}]}`}, "", false, false, ossenc.Unavailable, ""},
		"without a list":    {canned.Answer{Body: `{}`}, "", false, false, ossenc.Unavailable, ""},
		"two lists":         {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Running"}],"tasks":[]}`}, "", false, false, ossenc.Unavailable, ""},
		"two lists, folded": {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Running"}],"taſks":[]}`}, "", false, false, ossenc.Unavailable, ""},
		"two states":        {canned.Answer{Body: `{"tasks":[{"taskId":"sweep-1","status":"Running","status":"Failed"}]}`}, "", false, false, ossenc.Unavailable, ""},
		"none, as a part":   {canned.Answer{Status: 206, Body: `{"tasks":[]}`}, "", false, false, ossenc.Unavailable, ""},
		"none, by a proxy":  {canned.Answer{Status: 203, Body: `{"tasks":[]}`}, "", false, false, ossenc.Unavailable, ""},
		"not the service's": {canned.Answer{Body: `<html>`}, "", false, false, ossenc.Unavailable, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport := &canned.Transport{Answers: []canned.Answer{c.answer}}
			client := fc.New(transport, nil)
			client.Endpoints.Internal, client.Endpoints.Own = true, "cn-hangzhou"
			task, found, err := client.Task(identified(t.Context()), function, "sweep-1")
			state := task.State
			if state != c.state || found != c.found || string(task.Payload) != c.payload || state.Active() != c.active || (err == nil) != (c.code == "") || err != nil && ossenc.CodeOf(err) != c.code {
				t.Errorf("%s: %q, %v, %v", name, state, found, err)
			}
			r := transport.Requests()[0]
			const address = "https://1234567890123456.cn-hangzhou-internal.fc.aliyuncs.com/2023-03-30/functions/bucketwarden/async-tasks?includePayload=true&limit=100&prefix=sweep-1&qualifier=LATEST"
			if r.Method != http.MethodGet || r.URL.String() != address || r.Header.Get("Content-Type") != "" {
				t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
			}
		})
	}
}

func TestValidTaskID(t *testing.T) {
	for id, want := range map[string]bool{
		"sweep-1": true, "_x": true, "A9": true, strings.Repeat("a", 128): true,
		"": false, "1a": false, "-a": false, "a.b": false, "a/b": false, "ä": false, strings.Repeat("a", 129): false,
	} {
		if fc.ValidTaskID(id) != want {
			t.Errorf("%q: want %v", id, want)
		}
	}
}

func FuzzTask(f *testing.F) {
	for _, seed := range []string{`{"taskId":"sweep-1","status":"Running"}`, `{"taskId":1}`, `[]`, `null`, ``} {
		f.Add(seed)
		f.Add(`{"tasks":[` + seed + `]}`)
	}
	f.Fuzz(func(t *testing.T, body string) {
		client := fc.New(&canned.Transport{Answers: []canned.Answer{{Body: body}}}, nil)
		task, found, err := client.Task(identified(t.Context()), function, "sweep-1")
		if _, typed := errors.AsType[*ossenc.Error](err); err != nil && !typed || found && err != nil || found != (task.State != "") {
			t.Fatalf("%q: %+v, %v, %v", body, task, found, err)
		}
	})
}
