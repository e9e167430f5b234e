package oss_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	localoss "bucketwarden/internal/local/oss"
)

// Objects and parts take at most what the options say, and give it back.
func TestMemoryIsBounded(t *testing.T) {
	server, listener := start(t, localoss.Options{MaxBytes: 1 << 20})
	client := oss.NewClient(pathStyle(listener))
	server.PutBucket(localoss.Bucket{Name: "example"})
	put := func(key string, body io.Reader) error {
		return second(client.PutObject(t.Context(), &oss.PutObjectRequest{Bucket: new("example"), Key: &key, Body: body}))
	}
	drop := func(key string) error {
		return second(client.DeleteObject(t.Context(), &oss.DeleteObjectRequest{Bucket: new("example"), Key: &key}))
	}
	half := func() io.Reader { return bytes.NewReader(make([]byte, 512<<10)) }
	const none = "400 EntityTooLarge"
	check(t, put("too-large", bytes.NewReader(make([]byte, 1<<20))), none)
	check(t, put("a", half()), "")
	check(t, put("b", half()), none)
	for range 3 { // in place of the old one
		check(t, put("a", strings.NewReader("small")), "")
	}
	check(t, put("b", half()), "")
	check(t, drop("b"), "")
	check(t, put("chunked", struct{ io.Reader }{half()}), "") // without a length
	check(t, drop("chunked"), "")

	begun, err := client.InitiateMultipartUpload(t.Context(), &oss.InitiateMultipartUploadRequest{Bucket: new("example"), Key: new("m")})
	check(t, err, "")
	part := func(n int32) error {
		return second(client.UploadPart(t.Context(), &oss.UploadPartRequest{Bucket: new("example"), Key: new("m"), UploadId: begun.UploadId, PartNumber: n, Body: half()}))
	}
	check(t, part(1), "")
	check(t, part(2), none)
	check(t, second(client.AbortMultipartUpload(t.Context(), &oss.AbortMultipartUploadRequest{Bucket: new("example"), Key: new("m"), UploadId: begun.UploadId})), "")
	check(t, put("b", half()), "")
	server.DeleteBucket("example")
	server.PutBucket(localoss.Bucket{Name: "example"})
	check(t, put("b", half()), "")

	for i := range 2000 { // empty objects take room too
		if err = put(fmt.Sprint("empty-", i), strings.NewReader("")); err != nil {
			break
		}
	}
	check(t, err, none)
}

// Many clients at the same time, each with buckets and objects of its own and all
// with one in common. The race detector watches.
func TestManyClients(t *testing.T) {
	server, listener := start(t, localoss.Options{MaxBytes: 4 << 20})
	server.PutBucket(localoss.Bucket{Name: "common", Rule: localoss.Rule{Algorithm: "AES256"}})
	client := oss.NewClient(pathStyle(listener))
	var busy sync.WaitGroup
	failed := make(chan error, 64)
	for i := range 64 {
		busy.Go(func() {
			if err := oneOfMany(t, client, fmt.Sprintf("client-%02d", i)); err != nil {
				failed <- fmt.Errorf("client %d: %w", i, err)
			}
		})
	}
	busy.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	if names := server.Buckets(); len(names) != 1 {
		t.Errorf("%d buckets are left, want the common one", len(names))
	}
	if server.Count("PutObject") != 128 {
		t.Errorf("%d uploads, want 128", server.Count("PutObject"))
	}
}

func oneOfMany(t *testing.T, client *oss.Client, name string) error {
	ctx := t.Context()
	if err := second(client.PutBucket(ctx, &oss.PutBucketRequest{Bucket: &name})); err != nil {
		return err
	}
	if err := second(client.PutBucketEncryption(ctx, putRule(name, &oss.ApplyServerSideEncryptionByDefault{SSEAlgorithm: new("SM4")}))); err != nil {
		return err
	}
	for bucket, algorithm := range map[string]string{name: "SM4", "common": "AES256"} {
		if err := second(client.PutObject(ctx, &oss.PutObjectRequest{Bucket: &bucket, Key: &name, Body: strings.NewReader(name)})); err != nil {
			return err
		}
		got, err := client.GetObject(ctx, &oss.GetObjectRequest{Bucket: &bucket, Key: &name})
		if err != nil {
			return err
		}
		text, err := io.ReadAll(got.Body)
		if err != nil || string(text) != name || *got.ServerSideEncryption != algorithm {
			return fmt.Errorf("%s holds %q with %s: %w", bucket, text, *got.ServerSideEncryption, err)
		}
		if err := second(client.ListObjectsV2(ctx, &oss.ListObjectsV2Request{Bucket: &bucket})); err != nil {
			return err
		}
	}
	if err := second(client.DeleteObject(ctx, &oss.DeleteObjectRequest{Bucket: &name, Key: &name})); err != nil {
		return err
	}
	if err := second(client.ListBuckets(ctx, &oss.ListBucketsRequest{})); err != nil {
		return err
	}
	return second(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: &name}))
}
