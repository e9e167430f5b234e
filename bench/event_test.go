package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

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
