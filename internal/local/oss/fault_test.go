package oss_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	localoss "bucketwarden/internal/local/oss"
)

// faulty runs a server with one bucket whose fault hook returns f.
func faulty(t *testing.T, f localoss.Fault) (*localoss.Server, *oss.Client) {
	t.Helper()
	server, listener := start(t, localoss.Options{})
	server.PutBucket(localoss.Bucket{Name: "example"})
	server.SetFault(func(localoss.Request) *localoss.Fault { return &f })
	return server, oss.NewClient(realHosts(listener))
}

func putAES(ctx context.Context, client *oss.Client) error {
	return second(client.PutBucketEncryption(ctx, putRule("example", &oss.ApplyServerSideEncryptionByDefault{SSEAlgorithm: new("AES256")})))
}

func stored(s *localoss.Server) string {
	b, _ := s.Bucket("example")
	return b.Rule.Algorithm
}

func TestFaultAnswers(t *testing.T) {
	for name, v := range map[string]struct {
		localoss.Fault
		want   string
		stored string
	}{
		"nothing":               {localoss.Fault{}, "", "AES256"},
		"delay":                 {localoss.Fault{Delay: time.Nanosecond}, "", "AES256"},
		"code alone":            {localoss.Fault{Code: "MetaOperationQpsLimitExceeded"}, "503 MetaOperationQpsLimitExceeded", ""},
		"status alone":          {localoss.Fault{Status: 500}, "500 InternalError", ""},
		"everything":            {localoss.Fault{Status: 400, Code: "InvalidArgument", Message: "m", EC: "1-2"}, "400 InvalidArgument 1-2", ""},
		"unknown code":          {localoss.Fault{Status: 403, Code: "KmsInDebt"}, "403 KmsInDebt", ""},
		"late answer":           {localoss.Fault{Delay: time.Nanosecond, After: true}, "", "AES256"},
		"lost after the effect": {localoss.Fault{Code: "ServiceUnavailable", After: true}, "503 ServiceUnavailable 0004-00000302", "AES256"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := faulty(t, v.Fault)
			check(t, putAES(t.Context(), client), v.want)
			equal(t, stored(server), v.stored)
		})
	}
}

func TestFaultDocument(t *testing.T) {
	server := quiet()
	server.SetFault(func(localoss.Request) *localoss.Fault {
		return &localoss.Fault{Code: "UserDisable", RetryAfter: 1500 * time.Millisecond}
	})
	w := get(encryption, "example").send(t, server)
	const want = head + `<Error>
  <Code>UserDisable</Code>
  <Message>UserDisable</Message>
  <RequestId>ID</RequestId>
  <HostId>example.oss-cn-hangzhou.aliyuncs.com</HostId>
  <BucketName>example</BucketName>
  <EC>0003-00000801</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0003-00000801</RecommendDoc>
</Error>
`
	if got := withoutID(t, w); w.Code != 403 || got != want || w.Header().Get("Retry-After") != "2" {
		t.Errorf("%d %v\n%s\nwant\n%s", w.Code, w.Header(), got, want)
	}
}

func TestFaultOfTheServiceNamesNoBucket(t *testing.T) {
	server := quiet()
	server.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Code: "ServiceUnavailable"} })
	w := get("http://localhost/", "").send(t, server)
	if body := w.Body.String(); w.Code != 503 || strings.Contains(body, "BucketName") {
		t.Errorf("%d\n%s", w.Code, body)
	}
}

func TestFaultBody(t *testing.T) {
	_, client := faulty(t, localoss.Fault{Body: []byte("<Server")})
	_, err := client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")})
	if _, ok := errors.AsType[*oss.ClientError](err); !ok {
		t.Errorf("%T %v", err, err)
	}
}

func TestFaultReset(t *testing.T) {
	for after, want := range map[bool]string{false: "", true: "AES256"} {
		server, client := faulty(t, localoss.Fault{Reset: true, After: after})
		if err := putAES(t.Context(), client); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after %v: %v", after, err)
		}
		equal(t, stored(server), want)
		equal(t, server.Requests()[0].Status, 0)
	}
}

func TestFaultResetUnderTLS(t *testing.T) {
	server, plain := start(t, localoss.Options{})
	server.PutBucket(localoss.Bucket{Name: "example"})
	server.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Reset: true} })
	secure := httptest.NewTLSServer(server)
	t.Cleanup(secure.Close)
	client := oss.NewClient(pathStyle(plain).WithEndpoint(secure.URL).WithHttpClient(secure.Client()))
	if err := putAES(t.Context(), client); !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

func TestFaultTruncate(t *testing.T) {
	server, client := faulty(t, localoss.Fault{Truncate: true})
	if err := putAES(t.Context(), client); !errors.Is(err, io.EOF) {
		t.Errorf("answer without a body: %v", err)
	}
	equal(t, stored(server), "AES256")
	_, err := client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("answer with a body: %v", err)
	}
}

// TestFaultHookIsASecondWriter also proves that the hook runs without the lock.
func TestFaultHookIsASecondWriter(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	server.PutBucket(localoss.Bucket{Name: "example"})
	server.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Operation == "PutBucketEncryption" {
			server.SetRule(r.Bucket, localoss.Rule{Algorithm: "KMS"})
			return &localoss.Fault{Code: "ServiceUnavailable"}
		}
		return nil
	})
	client := oss.NewClient(pathStyle(listener))
	check(t, putAES(t.Context(), client), "503 ServiceUnavailable 0004-00000302")
	equal(t, stored(server), "KMS")
	check(t, second(client.ListBuckets(t.Context(), &oss.ListBucketsRequest{})), "")
	server.SetFault(nil)
	check(t, putAES(t.Context(), client), "")
	equal(t, stored(server), "AES256")
}

func TestWaitingEndsWithTheCaller(t *testing.T) {
	for name, opts := range map[string]struct {
		latency time.Duration
		fault   localoss.Fault
	}{
		"latency": {latency: time.Hour},
		"delay":   {fault: localoss.Fault{Delay: time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			server := localoss.New(localoss.Options{Latency: opts.latency, Now: noon})
			server.AddKey(localoss.Key{AccessKeyID: keyID, AccessKeySecret: secret})
			server.PutBucket(localoss.Bucket{Name: "example"})
			server.SetFault(func(localoss.Request) *localoss.Fault { return &opts.fault })
			q := rule("<SSEAlgorithm>AES256</SSEAlgorithm>")
			q.send(t, cancelled(server))
			equal(t, stored(server), "")
			equal(t, server.Requests()[0].Status, 0)
		})
	}
}

// cancelled serves every request as if its caller had gone.
func cancelled(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

func TestReadLag(t *testing.T) {
	server := quiet()
	server.SetReadLag(2)
	read := func() int { return get(encryption, "example").send(t, server).Code }
	aes := rule("<SSEAlgorithm>AES256</SSEAlgorithm>")
	equal(t, aes.send(t, server).Code, 200)
	equal(t, []int{read(), read(), read()}, []int{404, 404, 200})
	equal(t, stored(server), "AES256")

	remove := raw{method: "DELETE", url: encryption, bucket: "example"}
	equal(t, remove.send(t, server).Code, 204)
	equal(t, aes.send(t, server).Code, 200) // the second write before the first is seen
	equal(t, []int{read(), read(), read()}, []int{200, 200, 200})

	equal(t, remove.send(t, server).Code, 204)
	server.SetRule("example", localoss.Rule{})
	equal(t, read(), 404)
}

func TestAppearAfter(t *testing.T) {
	server := quiet()
	server.AppearAfter("later", 2)
	creation := raw{method: "PUT", url: "http://later.localhost/", bucket: "later"}
	equal(t, creation.send(t, server).Code, 200)
	var got []int
	for range 3 {
		got = append(got, get("http://later.localhost/?bucketInfo", "later").send(t, server).Code)
	}
	equal(t, got, []int{404, 404, 200})
}

// BenchmarkGetBucketEncryption measures one signed read without a socket.
func BenchmarkGetBucketEncryption(b *testing.B) {
	server := quiet()
	server.SetRule("example", localoss.Rule{Algorithm: "AES256"})
	b.ReportAllocs()
	var r *http.Request
	q := get(encryption, "example")
	q.spoil = func(signed *http.Request) { r = signed }
	q.send(b, server)
	for b.Loop() {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
