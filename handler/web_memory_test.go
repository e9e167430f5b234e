package handler

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

// memory is an account: the store and the list of a real Warden.
type memory struct {
	mu      sync.Mutex
	rules   map[string]ossenc.Rule
	regions map[string]string
	errs    map[string]error // by bucket; "" for the list
	listed  int              // how many buckets the list gives before its error
	all     bool             // every name exists
	writes  int
	// requestID is OSS's in every answer; one made of the bucket's name if empty.
	requestID string
	onGet     func(name string)
}

func (m *memory) Get(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	if m.onGet != nil {
		m.onGet(b.Name)
	}
	if ctx.Err() != nil {
		return ossenc.Observation{}, &ossenc.Error{Code: ossenc.Deadline, Message: "time"}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a := ossenc.Observation{Region: cmp.Or(m.regions[b.Name], "cn-hangzhou"), RequestID: cmp.Or(m.requestID, "REQ-"+b.Name)}
	if err := m.errs[b.Name]; err != nil {
		return a, err
	}
	rule, ok := m.rules[b.Name]
	if !ok && !m.all {
		return a, &ossenc.Error{Op: "GetBucketEncryption", Bucket: b.Name, Code: ossenc.NotFound, OSSCode: "NoSuchBucket", RequestID: a.RequestID, Message: "no such bucket"}
	}
	a.Rule = rule
	return a, nil
}

func (m *memory) Put(_ context.Context, b ossenc.Bucket, r ossenc.Rule) (ossenc.Observation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if err := m.errs["put "+b.Name]; err != nil {
		return ossenc.Observation{}, err
	}
	m.rules[b.Name] = r
	return ossenc.Observation{Rule: r, RequestID: cmp.Or(m.requestID, "PUT-"+b.Name)}, nil
}

func (m *memory) Delete(ctx context.Context, b ossenc.Bucket) (ossenc.Observation, error) {
	return m.Put(ctx, b, ossenc.Rule{})
}

func (m *memory) List(_ context.Context, prefix, after string) iter.Seq2[ossenc.Bucket, error] {
	return func(yield func(ossenc.Bucket, error) bool) {
		m.mu.Lock()
		names := slices.Sorted(maps.Keys(m.rules))
		m.mu.Unlock()
		given := 0
		for _, name := range names {
			if !strings.HasPrefix(name, prefix) || name <= after {
				continue
			}
			if err := m.errs[""]; err != nil && given == m.listed {
				yield(ossenc.Bucket{}, err)
				return
			}
			given++
			if !yield(ossenc.Bucket{Name: name, Region: cmp.Or(m.regions[name], "cn-hangzhou")}, nil) {
				return
			}
		}
	}
}

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
func account() *memory {
	return &memory{
		rules: map[string]ossenc.Rule{
			"app-aes": aes256, "app-none": {}, "pay-key": kmsKey("key-1"), "pay-kms": kms, "gov-sm4": sm4, "zz-secret": aes256,
		},
		regions: map[string]string{"pay-key": "cn-beijing", "app-none": "cn-shanghai"},
		errs:    map[string]error{"zz-secret": denied("zz-secret")},
	}
}

var everything = Auth{Mode: AuthPlatform, Allow: scopes}

var fixedTime = time.Date(2026, 11, 23, 12, 30, 0, 0, time.UTC)

// newWeb returns the routes over m, wanting AES256, and what they log.
func newWeb(m *memory, auth Auth) (*Web, *bytes.Buffer) {
	var log bytes.Buffer
	warden := &ossenc.Warden{Store: m, Lister: m}
	h := &Handler{Encryption: warden, Surveyor: warden, Want: ossenc.Desired{Rule: aes256, Compare: ossenc.Floor}, OwnRole: "oss-encryption-guard", Log: slog.New(slog.NewJSONHandler(&log, nil))}
	web := NewWeb(h, auth)
	web.now = func() time.Time { return fixedTime }
	h.HTTP = web
	return web, &log
}

// ask sends one request. headers are names and values in turn.
func ask(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return askIn(WithRequestID(t.Context(), "req-1"), h, method, target, append([]string{body}, headers...)...)
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
