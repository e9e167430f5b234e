package oss_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/retry"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/signer"

	localoss "bucketwarden/internal/local/oss"
)

const (
	account = "1234567890123456"
	keyID   = "local-id"
	secret  = "local-secret"
)

func noon() time.Time { return time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC) }

// start runs a server with one long-lived key on a real socket.
func start(t testing.TB, opts localoss.Options) (*localoss.Server, *httptest.Server) {
	t.Helper()
	server := localoss.New(opts)
	server.AddKey(localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret})
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return server, listener
}

// pathStyle reaches the server by its IP address.
func pathStyle(listener *httptest.Server) *oss.Config {
	return oss.NewConfig().
		WithRegion("cn-hangzhou").
		WithEndpoint(listener.URL).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(keyID, secret)).
		WithRetryer(retry.NopRetryer{})
}

// realHosts keeps the host names of the service and only dials elsewhere.
func realHosts(listener *httptest.Server) *oss.Config {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, listener.Listener.Addr().String())
	}
	return oss.NewConfig().
		WithRegion("cn-hangzhou").
		WithDisableSSL(true).
		WithHttpClient(&http.Client{Transport: &http.Transport{DialContext: dial}}).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(keyID, secret)).
		WithRetryer(retry.NopRetryer{})
}

// raw is a request signed by the vendor's signer, sent without a socket.
type raw struct {
	method, url, body string
	bucket            string // as signed; OSS signs "/" without one
	region            string // default cn-hangzhou
	key               string // object key as signed
	token             string
	header            map[string]string
	additional        []string
	at                time.Time // default noon
	spoil             func(*http.Request)
}

func (q raw) send(t testing.TB, server http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), q.method, q.url, strings.NewReader(q.body))
	sum := md5.Sum([]byte(q.body))
	r.Header.Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if err := new(signer.SignerV4).Sign(t.Context(), q.context(r)); err != nil {
		t.Fatal(err)
	}
	if q.spoil != nil {
		q.spoil(r)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w
}

func (q raw) context(r *http.Request) *signer.SigningContext {
	c := &signer.SigningContext{
		Product:           new("oss"),
		Region:            new("cn-hangzhou"),
		Request:           r,
		AdditionalHeaders: q.additional,
		Credentials:       &credentials.Credentials{AccessKeyID: keyID, AccessKeySecret: secret, SecurityToken: q.token},
		Time:              noon(),
	}
	if q.region != "" {
		c.Region = &q.region
	}
	if q.bucket != "" {
		c.Bucket = &q.bucket
	}
	if q.key != "" {
		c.Key = &q.key
	}
	if !q.at.IsZero() {
		c.Time = q.at
	}
	return c
}

// quiet is a server at noon with the key and the buckets of the raw tests.
func quiet() *localoss.Server {
	server := localoss.New(localoss.Options{Now: noon, Domain: "oss.test"})
	server.AddKey(localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret})
	server.PutBucket(localoss.Bucket{Name: "example", Region: "cn-hangzhou"})
	server.PutBucket(localoss.Bucket{Name: "beijing", Region: "cn-beijing"})
	server.PutBucket(localoss.Bucket{Name: "foreign", Owner: "999"})
	return server
}

// withoutID checks the request ID in header and body and blanks it.
func withoutID(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	id := w.Header().Get("x-oss-request-id")
	if !regexp.MustCompile(`^[0-9A-F]{24}$`).MatchString(id) {
		t.Errorf("request ID %q", id)
	}
	return strings.Replace(w.Body.String(), "<RequestId>"+id+"</RequestId>", "<RequestId>ID</RequestId>", 1)
}
