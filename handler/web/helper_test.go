package web

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/event"
	"bucketwarden/handler/internal/memory"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

var (
	aes256 = ossenc.Rule{Algorithm: ossenc.AES256}
	sm4    = ossenc.Rule{Algorithm: ossenc.SM4}
	kms    = ossenc.Rule{Algorithm: ossenc.KMS}
)

func kmsKey(id string) ossenc.Rule { return ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: id} }

// denied is what OSS's refusal of one bucket becomes.
func denied(bucket string) error {
	return &ossenc.Error{Op: "GetBucketEncryption", Bucket: bucket, Code: ossenc.Denied, OSSCode: "AccessDenied", EC: "0003-00000001", RequestID: "REQ-" + bucket, Message: "You have no right"}
}

// account is a small one with buckets of most kinds.
func account() *memory.Account {
	return &memory.Account{
		Rules: map[string]ossenc.Rule{
			"app-aes": aes256, "app-none": {}, "pay-key": kmsKey("key-1"), "pay-kms": kms, "gov-sm4": sm4, "zz-secret": aes256,
		},
		Regions: map[string]string{"pay-key": "cn-beijing", "app-none": "cn-shanghai"},
		Errs:    map[string]error{"zz-secret": denied("zz-secret")},
	}
}

var everything = Auth{Mode: AuthPlatform, Allow: scopes}

var fixedTime = time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC)

// newWeb returns the routes over m, wanting AES256, and what they log.
func newWeb(m *memory.Account, auth Auth) (*Web, *bytes.Buffer) {
	var log bytes.Buffer
	required := ossenc.Desired{Rule: aes256, Compare: ossenc.Floor}
	web := New(&service.Service{
		Warden: always(m.Warden(required)), Policy: policy.Simple(required),
		Events: event.Reader{OwnRole: "oss-encryption-guard", Raw: true}, Log: slog.New(slog.NewJSONHandler(&log, nil)),
	}, auth)
	web.now = func() time.Time { return fixedTime }
	return web, &log
}

// always returns w as the warden of every use case.
func always(w service.Warden) func() service.Warden { return func() service.Warden { return w } }

// ask sends one request. headers are names and values in turn.
func ask(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return askIn(ossenc.WithRequestID(t.Context(), "req-1"), h, method, target, append([]string{body}, headers...)...)
}

// askIn is ask in a context; the body comes first in what may be left out.
func askIn(ctx context.Context, h http.Handler, method, target string, bodyAndHeaders ...string) *httptest.ResponseRecorder {
	body, headers := "", []string(nil)
	if len(bodyAndHeaders) > 0 {
		body, headers = bodyAndHeaders[0], bodyAndHeaders[1:]
	}
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func httpRequest(t *testing.T, host string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/report", nil)
	r.Host = host
	return r
}

// decoded returns the answer's JSON.
func decoded[T any](t *testing.T, rec *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", rec.Code, rec.Body, err)
	}
	return v
}

// answered fails the test unless the answer has the status and, for a problem,
// the code and a detail with the words.
func answered(t *testing.T, rec *httptest.ResponseRecorder, status int, code ossenc.Code, words string) {
	t.Helper()
	if rec.Code != status {
		t.Fatalf("%d %s, want %d", rec.Code, rec.Body, status)
	}
	if status == http.StatusOK {
		return
	}
	p := decoded[problem](t, rec)
	if p.Code != code || p.Status != status || p.Title != http.StatusText(status) || p.Type != "about:blank" || p.RequestID != "req-1" || !strings.Contains(p.Detail, words) {
		t.Errorf("problem %s, want the code %s and %q", rec.Body, code, words)
	}
	if ct := rec.Header().Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q", ct)
	}
}

// created is a creation event with some attributes replaced or added.
func created(attributes, data string) string {
	if data == "" {
		data = `{"region":"cn-beijing","oss":{"bucket":{"name":"b-1"}}}`
	}
	return `{"specversion":"1.0","id":"1","source":"acs.oss","type":"oss:BucketCreated:PutBucket"` + attributes + `,"data":` + data + `}`
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const typeBucketCreated = "oss:BucketCreated:PutBucket"

// ensurer is a warden whose Ensure is another one.
type ensurer struct {
	service.Warden
	ensure func(context.Context, ossenc.Task) ossenc.Result
}

func (e ensurer) Ensure(ctx context.Context, t ossenc.Task) ossenc.Result { return e.ensure(ctx, t) }

// sweeper is a warden whose sweep is another one, which comes to its end unless it
// fails.
type sweeper struct {
	service.Warden
	sweep func(ossenc.SweepOptions, func(ossenc.Result) bool) error
}

func (s sweeper) Sweep(_ context.Context, o ossenc.SweepOptions, yield func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
	err := s.sweep(o, yield)
	return ossenc.SweepSummary{Complete: err == nil}, err
}
