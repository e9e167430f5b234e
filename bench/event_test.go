package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"bucketwarden/ossenc/alicloud"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	"bucketwarden/bench/job"
	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
)

// canned answers GetBucketEncryption without a network, always with AES256.
type canned struct{}

// RoundTrip implements [http.RoundTripper].
func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"X-Oss-Request-Id": {"5F0000000000000000000001"}, "Content-Type": {"application/xml"}},
		Body:   io.NopCloser(strings.NewReader(encryptionXML)), ContentLength: int64(len(encryptionXML)),
	}, nil
}

// BenchmarkPlain is what the baseline put does for one event, without the runtime
// SDK and without a network: compare BenchmarkEvent with it.
func BenchmarkPlain(b *testing.B) {
	client := oss.NewClient(oss.LoadDefaultConfig().WithRegion(stack.Region).WithHttpClient(&http.Client{Transport: canned{}}).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.AccessKeySecret, key.SecurityToken)))
	body := created(bucketName(0))
	b.ReportAllocs()
	for b.Loop() {
		var e job.Event
		if err := json.Unmarshal(body, &e); err != nil {
			b.Fatal(err)
		}
		if err := job.Do(b.Context(), client, e); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvent is one event for a compliant bucket, without the runtime SDK and
// without a network.
func BenchmarkEvent(b *testing.B) {
	h, ctx := function(b, alicloud.NewClient(alicloud.Endpoints{}, canned{}, nil), ossenc.Enforce)
	h.Service.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	event := created(bucketName(0))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(ctx, event); err != nil {
			b.Fatal(err)
		}
	}
}
