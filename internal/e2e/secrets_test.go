package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/events"
	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
)

// The marked secrets. Each has characters that are written differently in each
// form that a search must know.
var marked = map[string]string{
	"access key secret": "Kw7/mark+Secret/qZ3x9Yv2",
	"security token":    "CAIS/mark+Token/8fGh2LpQ7rT1uV5xYz0aBcDe==",
	"bearer token":      "tok/mark+Bearer/mN4bV8cX2zL6kJ0hG",
	"wrong token":       "tok/mark+Wrong/pO9iU7yT5rE3wQ1aS",
	"EventBridge":       "sig/mark+Signature/dF6gH8jK0lZ2xC4v",
	"part of an event":  "evt/mark+Event/bN1mQ3wE5rT7yU9i",
}

// guarded is the function with marked secrets, and everything that it says.
type guarded struct {
	t     *testing.T
	stack *stack.Stack
	log   lockedBuffer

	mu    sync.Mutex
	heard strings.Builder
	asked int
}

func (g *guarded) hear(parts ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked++
	for _, p := range parts {
		g.heard.WriteString(p + "\n")
	}
}

// Everything is done at the most talkative level, with every fault that repeats
// what was sent, and no byte of what comes out is part of a secret.
func TestSecrets(t *testing.T) {
	var busy sync.WaitGroup
	for _, runtime := range []string{localfc.RuntimeGo1, localfc.RuntimeCustom} {
		for _, f := range leakyFaults {
			g := startGuarded(t, runtime)
			g.stack.OSS.SetFault(func(localoss.Request) *localoss.Fault { return f })
			g.stack.KMS.SetFault(func(localrpc.Request) *localrpc.Fault { return leakyKMS })
			busy.Go(func() {
				g.everything()
				g.badSettings(runtime)
				g.stop()
				g.search()
			})
		}
	}
	busy.Wait()
}

// echo is what a server can send back: of the credentials only the token travels.
func echo() string { return "x-oss-security-token: " + marked["security token"] + " was sent" }

// leakyKMS is the service's own answer to a wrong signature.
var leakyKMS = &localrpc.Fault{Status: 400, Code: "SignatureDoesNotMatch", Message: "server string to sign is:" + echo()}

// leakyFaults repeat what was sent, or end in the paths that few tests take.
var leakyFaults = []*localoss.Fault{
	nil,
	{Status: 403, Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match. " + echo()},
	{Status: 502, Body: []byte("<html><pre>" + echo() + "</pre>"), ContentType: "text/html"},
	{Status: 403, Body: []byte(echo()), ContentType: "text/plain"},
	{Status: 200, Body: []byte(echo())},
	{Status: 500, Body: []byte(`{"Code":"X","Message":"` + echo() + `"}`), ContentType: "application/json"},
	{Code: "SecurityTokenExpired"},
	{Code: "AccessDenied", After: true},
	{Reset: true},
	{Truncate: true},
}

func startGuarded(t *testing.T, runtime string) *guarded {
	g := &guarded{t: t}
	hash := sha256.Sum256([]byte(marked["bearer token"]))
	key := localoss.Key{AccessKeyID: "STS.guarded", AccessKeySecret: marked["access key secret"], SecurityToken: marked["security token"]}
	st, err := stack.Start(t.Context(), stack.Options{
		Binary: binary,
		Log:    &g.log,
		Keys:   []localkms.Key{{ID: "key-1"}},
		Env: []string{
			"WARDEN_LOG_LEVEL=debug", "WARDEN_ALGORITHM=KMS", "WARDEN_KMS_KEY_ID=key-1",
			"WARDEN_HTTP_AUTH=tokens", "WARDEN_HTTP_ALLOW=report,apply,remove,events",
			fmt.Sprintf("WARDEN_HTTP_TOKENS=ci:report+apply+remove+events:%x", hash),
		},
		Configure: func(c *localfc.Config) {
			c.Runtime, c.Timeout, c.Concurrency = runtime, 10*time.Second, 1000
			c.Credentials = func() localfc.Credentials {
				return localfc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	st.OSS.AddKey(key)
	st.KMS.AddAccessKey(localrpc.AccessKey{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken})
	g.stack = st
	return g
}

// everything sends every sample event and every request, all at once.
func (g *guarded) everything() {
	samples, err := events.Samples()
	if err != nil {
		g.t.Fatal(err)
	}
	if err := stack.SampleBuckets(g.stack.OSS, stack.Region); err != nil {
		g.t.Fatal(err)
	}
	var busy sync.WaitGroup
	for name := range samples {
		busy.Go(func() { g.sample(name) })
	}
	for _, payload := range []string{"", "{", marked["part of an event"], `"` + marked["part of an event"] + `"`, `{"requestContext":"` + marked["part of an event"] + `"}`} {
		busy.Go(func() { g.invoke([]byte(payload)) })
	}
	for _, r := range requests {
		busy.Go(func() { g.request(r.method, r.path, r.body, r.header) })
	}
	busy.Wait()
}

// sample sends a sample with a mark in a member that nobody needs.
func (g *guarded) sample(name string) {
	payload, err := os.ReadFile(filepath.Join(root, "events", name))
	if err != nil {
		g.t.Error(err)
		return
	}
	var event map[string]any
	if json.Unmarshal(payload, &event) == nil {
		if data, ok := event["data"].(map[string]any); ok {
			data["userIdentity"] = map[string]any{"accessKeyId": marked["part of an event"]}
			data["additionalEventData"] = marked["part of an event"]
		}
		if payload, err = json.Marshal(event); err != nil {
			g.t.Error(err)
		}
	}
	g.invoke(payload)
}

func (g *guarded) invoke(payload []byte) {
	res, err := g.stack.Function.Invoke(g.t.Context(), payload)
	g.hear(string(res.Payload), res.Log, fmt.Sprint(err))
}

var (
	goodToken = http.Header{"Authorization": {"Bearer " + marked["bearer token"]}}
	badToken  = http.Header{"Authorization": {"Bearer " + marked["wrong token"]}}
	twoTokens = http.Header{"Authorization": {"Bearer " + marked["wrong token"], "Bearer " + marked["bearer token"]}}
	basic     = http.Header{"Authorization": {"Basic " + marked["bearer token"]}}
	signature = http.Header{
		"X-Eventbridge-Signature": {marked["EventBridge"]}, "X-Eventbridge-Signature-Method": {"HMAC-SHA1"}, "X-Eventbridge-Signature-Timestamp": {"1"},
		"X-Eventbridge-Signature-Secret": {marked["EventBridge"]}, "X-Eventbridge-Signature-Token": {marked["EventBridge"]}, "X-Eventbridge-Signature-Url": {"https://example.com/"},
	}
)

// requests are what callers may send, the right ones and the wrong ones.
var requests = []struct {
	method, path, body string
	header             http.Header
}{
	{"GET", "/healthz", "", nil},
	{"GET", "/openapi.json", "", goodToken},
	{"GET", "/report", "", goodToken},
	{"GET", "/report?format=html", "", goodToken},
	{"GET", "/report?format=csv", "", goodToken},
	{"GET", "/report?format=prometheus", "", goodToken},
	{"GET", "/report?format=" + "nonsense", "", goodToken},
	{"GET", "/report", "", badToken},
	{"GET", "/report", "", twoTokens},
	{"GET", "/report", "", basic},
	{"GET", "/report", "", nil},
	{"GET", "/buckets/demo-payments/encryption", "", goodToken},
	{"PUT", "/buckets/demo-payments/encryption", "", goodToken},
	{"PUT", "/buckets/demo-payments/encryption", `{"algorithm":`, goodToken},
	{"DELETE", "/buckets/demo-payments/encryption", "", goodToken},
	{"PATCH", "/buckets/demo-payments/encryption", "", goodToken},
	{"GET", "/nowhere", "", goodToken},
	{"GET", "/nowhere", "", badToken},
	{"POST", "/events", `{"specversion":"1.0","id":"` + marked["part of an event"] + `","type":"x"}`, badToken},
	{"POST", "/events", `{"data":"` + marked["part of an event"] + `"}`, goodToken},
	{"POST", "/events", marked["part of an event"], goodToken},
	{"POST", "/events", "{}", signature},
	{"POST", "/invoke", "{}", goodToken},
}

func (g *guarded) request(method, path, body string, header http.Header) {
	req := httptest.NewRequestWithContext(g.t.Context(), method, path, strings.NewReader(body))
	for name, values := range header {
		req.Header[name] = values
	}
	w := httptest.NewRecorder()
	g.stack.Function.Handler().ServeHTTP(w, req)
	g.hear(fmt.Sprint(w.Code, w.Header()), w.Body.String())
}

// badSettings starts the function with a secret where none belongs.
func (g *guarded) badSettings(runtime string) {
	for _, env := range []string{
		"WARDEN_HTTP_TOKENS=" + marked["bearer token"],
		"WARDEN_HTTP_TOKENS=ci:report:" + marked["bearer token"],
		"WARDEN_HTTP_TOKENS=" + marked["bearer token"] + ":report:00",
		"WARDEN_OSS_ENDPOINT=https://user:" + marked["access key secret"] + "@example.com",
		"WARDEN_EVENTBRIDGE_URL=https://example.com/?token=" + marked["bearer token"],
	} {
		f, err := localfc.Start(g.t.Context(), localfc.Config{Command: []string{binary}, Runtime: runtime, Env: []string{env, "WARDEN_HTTP_AUTH=tokens"}, Log: &g.log})
		if err == nil {
			g.t.Errorf("%.24s...: the function started", env)
			_ = f.Stop(g.t.Context())
		}
		g.hear(fmt.Sprint(err))
	}
}

func (g *guarded) stop() {
	g.hear(fmt.Sprint(g.stack.Close(g.t.Context())))
}

// search looks for every form of every secret in every byte.
func (g *guarded) search() {
	log := g.log.String()
	// On a slow machine many of them end at their deadline, and say less.
	if g.asked < 60 || strings.Count(log, `"verdict"`) < 10 || strings.Count(log, `"http"`) < 5 {
		g.t.Errorf("%d answers and %d bytes of log: too little was said to prove anything", g.asked, len(log))
	}
	for where, text := range map[string]string{"the log": log, "an answer": g.heard.String()} {
		for name, secret := range marked {
			if form, at := find(text, secret); at >= 0 {
				g.t.Errorf("the %s (%s) is in %s: %q", name, form, where, text[max(0, at-300):min(len(text), at+60)])
			}
		}
	}
}
