package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// watched counts what is read of a body, and waits at its first read if it must.
type watched struct {
	io.Reader
	read    int
	arrived chan<- struct{} // nil for no wait
	release <-chan struct{}
}

func (w *watched) Read(p []byte) (int, error) {
	if w.arrived != nil {
		w.arrived <- struct{}{}
		w.arrived = nil
		<-w.release
	}
	n, err := w.Reader.Read(p)
	w.read += n
	return n, err
}

// send sends a delivery with a watched body.
func send(t *testing.T, web *Web, d delivery, signature string, body *watched) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events", body)
	for name, value := range d.headers {
		req.Header.Set(name, value)
	}
	if signature != "" {
		req.Header.Set(headerSignature, signature)
	}
	rec := httptest.NewRecorder()
	web.ServeHTTP(rec, req)
	return rec
}

// Of a sender that is not known nothing is read before its headers are right.
func TestUnknownSender_HeadersBeforeTheBody(t *testing.T) {
	good := newDelivery()
	signature := good.signature(eventBridge().key)
	v1 := newDelivery()
	v1.headers["x-eventbridge-signature"], v1.headers["x-eventbridge-signature-method"] = "abc", "HMAC-SHA1"
	tests := []struct {
		name      string
		d         delivery
		signature string
		allow     []Scope
		status    int
		detail    string
	}{
		{"Version1", v1, "", scopes, 401, "version 1 of EventBridge's signature"},
		{"OldTime", good.with("x-eventbridge-signature-timestamp", "1"), signature, scopes, 401, "no valid signature"},
		{"OtherMethod", good.with("x-eventbridge-hash-method", "SHA1"), signature, scopes, 401, "no valid signature"},
		{"OtherVersion", good.with("x-eventbridge-signature-version", "2.0"), signature, scopes, 401, "no valid signature"},
		{"OtherCertificate", good.with("x-eventbridge-signature-url", "https://evil.example.com/x.pem"), signature, scopes, 401, "no valid signature"},
		{"EventsNotAllowed", good, signature, []Scope{ScopeReport}, 403, "does not list events"},
		{"Unsigned", delivery{}, "", scopes, 401, "needs a bearer token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fetch := roundTrip(func(*http.Request) (*http.Response, error) { return pemAnswer(200, eventBridge().cert) })
			web, _ := signedWeb(t, certSource, fetch)
			web.auth.Allow = tt.allow
			body := &watched{Reader: strings.NewReader(good.body)}
			rec := send(t, web, tt.d, tt.signature, body)
			if rec.Code != tt.status || !strings.Contains(rec.Body.String(), tt.detail) || body.read != 0 {
				t.Errorf("%d %s, %d bytes read; want %d %q and none", rec.Code, rec.Body, body.read, tt.status, tt.detail)
			}
		})
	}
}

func TestUnknownSender_SendsLittle(t *testing.T) {
	web, _ := signedWeb(t, "cert.pem", nil)
	d := newDelivery()
	d.body = strings.Repeat(" ", maxDelivery) + d.body
	body := &watched{Reader: strings.NewReader(d.body)}
	rec := send(t, web, d, d.signature(eventBridge().key), body)
	if rec.Code != http.StatusRequestEntityTooLarge || body.read > maxDelivery+1 {
		t.Errorf("%d %s, %d bytes read", rec.Code, rec.Body, body.read)
	}
}

// Four bodies are read at a time; a fifth delivery is to be sent again, and the four are
// not disturbed.
func TestUnknownSender_FourAtATime(t *testing.T) {
	web, _ := signedWeb(t, "cert.pem", nil)
	d := newDelivery()
	signature := d.signature(eventBridge().key)
	arrived, release := make(chan struct{}), make(chan struct{})
	var busy sync.WaitGroup
	for range maxReading {
		busy.Go(func() {
			if rec := send(t, web, d, signature, &watched{Reader: strings.NewReader(d.body), arrived: arrived, release: release}); rec.Code != 200 {
				t.Errorf("one of four: %d %s", rec.Code, rec.Body)
			}
		})
		<-arrived
	}
	body := &watched{Reader: strings.NewReader(d.body)}
	if rec := send(t, web, d, signature, body); rec.Code != http.StatusServiceUnavailable || rec.Header().Get("Retry-After") == "" || body.read != 0 {
		t.Errorf("the fifth: %d %s, %d bytes read", rec.Code, rec.Body, body.read)
	}
	close(release)
	busy.Wait()
	if rec := send(t, web, d, signature, &watched{Reader: strings.NewReader(d.body)}); rec.Code != 200 {
		t.Errorf("after them: %d %s", rec.Code, rec.Body)
	}
}

// The signature covers no Ce- header, so one that somebody added does not choose the
// bucket.
func TestEventBridge_HeadersOfAnEventAreNotSigned(t *testing.T) {
	web, _ := signedWeb(t, "cert.pem", nil)
	d := newDelivery()
	for name, value := range map[string]string{"ce-specversion": "1.0", "ce-id": "2", "ce-source": "acs.oss", "ce-type": "oss:BucketCreated:PutBucket", "ce-subject": "acs:oss:cn-hangzhou:1:app-none"} {
		d.headers[name] = value
	}
	status, body := deliver(t, web, d, d.signature(eventBridge().key))
	if status != 200 || !strings.Contains(body, `"bucket":"b-1"`) || strings.Contains(body, "app-none") {
		t.Errorf("%d %s", status, body)
	}
}

func TestReceiveEvents_CharsetsAndSuffixes(t *testing.T) {
	tests := []struct {
		name, contentType, body string
		status                  int
	}{
		{"UTF8", "application/cloudevents+json; charset=utf-8", created("", ""), 200},
		{"UTF8InCapitals", "application/json; charset=UTF-8", created("", ""), 200},
		{"UTF16", "application/cloudevents+json; charset=utf-16", created("", ""), 415},
		{"GBK", "application/json;charset=gbk", created("", ""), 415},
		{"Mark", "application/cloudevents+json", "\ufeff" + created("", ""), 200},
		{"MarkBeforeABatch", "application/cloudevents-batch+json", "\ufeff[" + created("", "") + "]", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := account()
			m.Rules["b-1"] = aes256
			web, _ := newWeb(m, everything)
			if rec := ask(t, web, "POST", "/events", tt.body, "Content-Type", tt.contentType); rec.Code != tt.status {
				t.Errorf("%d %s, want %d", rec.Code, rec.Body, tt.status)
			}
		})
	}
	m := account()
	web, _ := newWeb(m, everything)
	rec := ask(t, web, "POST", "/events", `{"oss":{"bucket":{"name":"app-none"}}}`, "Content-Type", "application/vnd.x+json",
		"Ce-Specversion", "1.0", "Ce-Id", "1", "Ce-Source", "acs.oss", "Ce-Type", "oss:BucketCreated:PutBucket")
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), `"fixed"`) {
		t.Errorf("binary mode with a type of its own: %d %s", rec.Code, rec.Body)
	}
}
