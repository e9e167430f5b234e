package kms_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"bucketwarden/ossenc/alicloud"

	localkms "bucketwarden/internal/local/kms"
	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/kms"
)

const account = "1234567890123456"

// arnOf is the ARN of a key of the own account in the usual region.
func arnOf(id string) string { return "acs:kms:cn-hangzhou:" + account + ":key/" + id }

// The credentials are marked, so that a test can look for them where they must
// not be.
var credentials = ossenc.Credentials{AccessKeyID: "STS.MARK-ID", AccessKeySecret: "MARK-SECRET", SecurityToken: "MARK-TOKEN"}

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: credentials, Region: "cn-hangzhou", AccountID: account})
}

// wire is the way to a local KMS, without sockets so that time can be a test's.
// It keeps the real host names, and remembers them.
type wire struct {
	to http.Handler

	mu    sync.Mutex
	hosts []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.hosts = append(w.hosts, r.URL.Scheme+"://"+r.URL.Host)
	w.mu.Unlock()
	arrived := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	for name, values := range r.Header {
		for _, v := range values {
			arrived.Header.Add(name, v)
		}
	}
	recorder := httptest.NewRecorder()
	w.to.ServeHTTP(recorder, arrived)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}

// newKMS is a local KMS with one good key, and a client for it.
func newKMS(t testing.TB) (*localkms.Server, *kms.Client, *wire) {
	t.Helper()
	server := localkms.New(localkms.Options{})
	server.AddAccessKey(localrpc.AccessKey{
		AccessKeyID: credentials.AccessKeyID, AccessKeySecret: credentials.AccessKeySecret, SecurityToken: credentials.SecurityToken,
	})
	server.PutKey(localkms.Key{ID: "key-1", Aliases: []string{"alias/payments"}})
	w := &wire{to: server}
	return server, kms.NewClient(alicloud.Endpoints{}, w, nil), w
}

// answering replaces what KMS answers.
func answering(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		w.Write([]byte(body))
	})
}
