package oss_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	localoss "bucketwarden/internal/local/oss"
)

// styles are the ways the official SDK addresses a bucket.
func styles() map[string]func(*httptest.Server) *oss.Config {
	return map[string]func(*httptest.Server) *oss.Config{
		"path style":     pathStyle,
		"virtual-hosted": realHosts,
		"internal": func(l *httptest.Server) *oss.Config {
			return realHosts(l).WithUseInternalEndpoint(true)
		},
	}
}

func TestSDKLifeOfABucket(t *testing.T) {
	for name, style := range styles() {
		t.Run(name, func(t *testing.T) {
			server, listener := start(t, localoss.Options{Now: time.Now})
			client := oss.NewClient(style(listener))
			walk(t, client)
			if _, ok := server.Bucket("example-bucket"); ok {
				t.Error("the bucket is still there")
			}
			got := operations(server)
			want := []string{
				"PutBucket", "PutBucket", "GetBucketEncryption", "PutBucketEncryption", "GetBucketEncryption", "GetBucketInfo",
				"DeleteBucketEncryption", "DeleteBucketEncryption", "GetBucketInfo", "GetBucketLocation", "GetBucketTags",
				"PutBucketTags", "GetBucketTags", "DeleteBucketTags", "GetBucketTags", "DeleteBucketTags", "GetBucketTags",
				"ListBuckets", "DeleteBucket", "DeleteBucket",
			}
			if !slices.Equal(got, want) {
				t.Errorf("calls %q, want %q", got, want)
			}
		})
	}
}

func operations(s *localoss.Server) []string {
	var names []string
	for _, r := range s.Requests() {
		names = append(names, r.Operation)
	}
	return names
}

// walk calls every operation and checks what the SDK makes of the answers.
func walk(t *testing.T, client *oss.Client) {
	t.Helper()
	ctx, bucket := t.Context(), new("example-bucket")
	create := &oss.PutBucketRequest{Bucket: bucket, CreateBucketConfiguration: &oss.CreateBucketConfiguration{StorageClass: oss.StorageClassIA}}
	check(t, second(client.PutBucket(ctx, create)), "")
	check(t, second(client.PutBucket(ctx, create)), "")
	check(t, second(client.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: bucket})), "404 NoSuchServerSideEncryptionRule 0005-00000004")

	rule := &oss.ApplyServerSideEncryptionByDefault{SSEAlgorithm: new("KMS"), KMSMasterKeyID: new("9468da86"), KMSDataEncryption: new("SM4")}
	put, err := client.PutBucketEncryption(ctx, putRule("example-bucket", rule))
	check(t, err, "")
	equal(t, put.StatusCode, 200)
	got, err := client.GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: bucket})
	check(t, err, "")
	equal(t, got.ServerSideEncryptionRule.ApplyServerSideEncryptionByDefault, rule)
	info, err := client.GetBucketInfo(ctx, &oss.GetBucketInfoRequest{Bucket: bucket})
	check(t, err, "")
	equal(t, info.BucketInfo.SseRule, oss.SSERule{SSEAlgorithm: new("KMS"), KMSMasterKeyID: new("9468da86"), KMSDataEncryption: new("SM4")})

	for range 2 { // deleting nothing is a success
		deleted, err := client.DeleteBucketEncryption(ctx, &oss.DeleteBucketEncryptionRequest{Bucket: bucket})
		check(t, err, "")
		equal(t, deleted.StatusCode, 204)
	}
	info, err = client.GetBucketInfo(ctx, &oss.GetBucketInfoRequest{Bucket: bucket})
	check(t, err, "")
	equal(t, info.BucketInfo.SseRule, oss.SSERule{SSEAlgorithm: new("")})
	equal(t, *info.BucketInfo.Owner.ID, account)
	equal(t, *info.BucketInfo.StorageClass, "IA")
	equal(t, *info.BucketInfo.ACL, "private")
	location, err := client.GetBucketLocation(ctx, &oss.GetBucketLocationRequest{Bucket: bucket})
	check(t, err, "")
	equal(t, *location.LocationConstraint, "oss-cn-hangzhou")
	walkTags(t, client)

	list, err := client.ListBuckets(ctx, &oss.ListBucketsRequest{})
	check(t, err, "")
	equal(t, *list.Buckets[0].Name, "example-bucket")
	deleted, err := client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: bucket})
	check(t, err, "")
	equal(t, deleted.StatusCode, 204)
	check(t, second(client.DeleteBucket(ctx, &oss.DeleteBucketRequest{Bucket: bucket})), "404 NoSuchBucket 0015-00000101")
}

func walkTags(t *testing.T, client *oss.Client) {
	t.Helper()
	ctx, bucket := t.Context(), new("example-bucket")
	get := func() *oss.TagSet {
		tags, err := client.GetBucketTags(ctx, &oss.GetBucketTagsRequest{Bucket: bucket})
		check(t, err, "")
		return tags.Tagging.TagSet
	}
	equal(t, get(), (*oss.TagSet)(nil))
	want := &oss.TagSet{Tags: []oss.Tag{{Key: new("env"), Value: new("prod")}, {Key: new("team"), Value: new("a & b")}}}
	check(t, second(client.PutBucketTags(ctx, &oss.PutBucketTagsRequest{Bucket: bucket, Tagging: &oss.Tagging{TagSet: want}})), "")
	equal(t, get(), want)
	check(t, second(client.DeleteBucketTags(ctx, &oss.DeleteBucketTagsRequest{Bucket: bucket, Tagging: new("env")})), "")
	equal(t, get(), &oss.TagSet{Tags: want.Tags[1:]})
	check(t, second(client.DeleteBucketTags(ctx, &oss.DeleteBucketTagsRequest{Bucket: bucket})), "")
	equal(t, get(), (*oss.TagSet)(nil))
}

func putRule(bucket string, rule *oss.ApplyServerSideEncryptionByDefault) *oss.PutBucketEncryptionRequest {
	return &oss.PutBucketEncryptionRequest{
		Bucket:                   &bucket,
		ServerSideEncryptionRule: &oss.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: rule},
	}
}

func second[T any](_ T, err error) error { return err }

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

// check compares status, code and EC of a service error, or their absence.
func check(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if service, ok := errors.AsType[*oss.ServiceError](err); ok {
		got = strings.TrimSpace(fmt.Sprintf("%d %s %s", service.StatusCode, service.Code, service.EC))
	}
	if got != want || (err != nil) != (want != "") {
		t.Fatalf("error %q, want %q (%v)", got, want, err)
	}
}

func TestSDKLegalCombinations(t *testing.T) {
	_, listener := start(t, localoss.Options{})
	client := oss.NewClient(pathStyle(listener))
	check(t, second(client.PutBucket(t.Context(), &oss.PutBucketRequest{Bucket: new("example")})), "")
	for _, v := range []struct {
		name, algorithm, key, data string
		want                       string // stored data encryption, or the error
	}{
		{"AES256", "AES256", "", "", ""},
		{"AES256 with a key", "AES256", "k", "", "400 InvalidArgument 0005-00000204"},
		{"AES256 with a key and SM4", "AES256", "k", "SM4", "400 InvalidArgument 0005-00000204"},
		{"AES256 drops SM4", "AES256", "", "SM4", ""},
		{"SM4", "SM4", "", "", ""},
		{"SM4 drops SM4", "SM4", "", "SM4", ""},
		{"SM4 with a key", "SM4", "k", "", "400 InvalidArgument 0005-00000204"},
		{"KMS", "KMS", "", "", ""},
		{"KMS with SM4", "KMS", "", "SM4", "SM4"},
		{"KMS with a made-up key", "KMS", "test_wrong", "", ""},
		{"KMS with a made-up key and SM4", "KMS", "123", "SM4", "SM4"},
		{"KMS with AES256", "KMS", "", "AES256", "400 InvalidDataEncryptionAlgorithmError 0005-00000203"},
		{"KMS with abc", "KMS", "k", "abc", "400 InvalidDataEncryptionAlgorithmError 0005-00000203"},
		{"DES", "DES", "", "", "400 InvalidEncryptionAlgorithmError 0005-00000003"},
		{"lower case", "aes256", "", "", "400 InvalidEncryptionAlgorithmError 0005-00000003"},
		{"nothing", "", "", "", "400 InvalidEncryptionAlgorithmError 0005-00000003"},
	} {
		t.Run(v.name, func(t *testing.T) {
			_, err := client.PutBucketEncryption(t.Context(), putRule("example", &oss.ApplyServerSideEncryptionByDefault{
				SSEAlgorithm: &v.algorithm, KMSMasterKeyID: optional(v.key), KMSDataEncryption: optional(v.data),
			}))
			if strings.HasPrefix(v.want, "400") {
				check(t, err, v.want)
				return
			}
			check(t, err, "")
			got, err := client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")})
			check(t, err, "")
			equal(t, got.ServerSideEncryptionRule.ApplyServerSideEncryptionByDefault, &oss.ApplyServerSideEncryptionByDefault{
				SSEAlgorithm: &v.algorithm, KMSMasterKeyID: optional(v.key), KMSDataEncryption: optional(v.want),
			})
		})
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func TestSDKCreationWithEncryptionHeaders(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	_, err := oss.NewClient(realHosts(listener)).PutBucket(t.Context(), &oss.PutBucketRequest{
		Bucket: new("example"),
		RequestCommon: oss.RequestCommon{Headers: map[string]string{
			"x-oss-server-side-encryption":        "KMS",
			"x-oss-server-side-data-encryption":   "SM4",
			"x-oss-server-side-encryption-key-id": "made-up",
		}},
	})
	check(t, err, "")
	b, _ := server.Bucket("example")
	equal(t, b.Rule, localoss.Rule{Algorithm: "KMS", KMSKeyID: "made-up", KMSDataEncryption: "SM4"})
}
