package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	"bucketwarden/internal/local"
	"bucketwarden/ossenc"
)

// canned answers GetBucketEncryption without a network, always with AES256.
type canned struct{}

// RoundTrip implements [http.RoundTripper].
func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	const body = `<?xml version="1.0" encoding="UTF-8"?><ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault>` +
		`<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>`
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"X-Oss-Request-Id": {"5F0000000000000000000001"}, "Content-Type": {"application/xml"}},
		Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// BenchmarkPlain is what the baseline put does for one event, without the runtime
// SDK and without a network: compare BenchmarkEvent with it.
func BenchmarkPlain(b *testing.B) {
	client := oss.NewClient(oss.LoadDefaultConfig().WithRegion(local.Region).WithHttpClient(&http.Client{Transport: canned{}}).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)))
	body := created(bucketName(0))
	b.ReportAllocs()
	for b.Loop() {
		var e struct {
			Data struct {
				OSS struct {
					Bucket struct {
						Name string `json:"name"`
					} `json:"bucket"`
				} `json:"oss"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &e); err != nil {
			b.Fatal(err)
		}
		if _, err := client.GetBucketEncryption(b.Context(), &oss.GetBucketEncryptionRequest{Bucket: &e.Data.OSS.Bucket.Name}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvent is one event for a compliant bucket, without the runtime SDK and
// without a network.
func BenchmarkEvent(b *testing.B) {
	h, ctx := function(b, ossenc.NewClient(ossenc.Endpoints{}, canned{}, nil))
	h.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	event := created(bucketName(0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(ctx, "request-1", event); err != nil {
			b.Fatal(err)
		}
	}
}
