package oss_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	localoss "bucketwarden/internal/local/oss"
)

func TestSDKCredentials(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	server.PutBucket(localoss.Bucket{Name: "example", Rule: localoss.Rule{Algorithm: "AES256"}})
	server.AddKey(localoss.Key{AccessKeyID: "STS.id", AccessKeySecret: "s", SecurityToken: "token", Expires: time.Now().Add(time.Hour)})
	server.AddKey(localoss.Key{AccessKeyID: "STS.old", AccessKeySecret: "s", SecurityToken: "token", Expires: time.Now().Add(-time.Second)})
	server.AddKey(localoss.Key{AccessKeyID: "other", AccessKeySecret: "s", AccountID: "999"})
	for name, v := range map[string]struct {
		credentials.CredentialsProvider
		want string
	}{
		"temporary":     {credentials.NewStaticCredentialsProvider("STS.id", "s", "token"), ""},
		"expired":       {credentials.NewStaticCredentialsProvider("STS.old", "s", "token"), "403 SecurityTokenExpired 0002-00000007"},
		"other token":   {credentials.NewStaticCredentialsProvider("STS.id", "s", "tokem"), "403 InvalidSecurityToken 0002-00000006"},
		"wrong secret":  {credentials.NewStaticCredentialsProvider(keyID, "wrong"), "403 SignatureDoesNotMatch 0002-00000040"},
		"unknown":       {credentials.NewStaticCredentialsProvider("who", "s"), "403 InvalidAccessKeyId 0002-00000902"},
		"other account": {credentials.NewStaticCredentialsProvider("other", "s"), "403 AccessDenied 0003-00000001"},
	} {
		t.Run(name, func(t *testing.T) {
			client := oss.NewClient(realHosts(listener).WithCredentialsProvider(v))
			check(t, second(client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")})), v.want)
		})
	}
}

func TestSDKV1SignatureIsRefused(t *testing.T) {
	_, listener := start(t, localoss.Options{})
	client := oss.NewClient(pathStyle(listener).WithSignatureVersion(oss.SignatureVersionV1))
	check(t, second(client.ListBuckets(t.Context(), &oss.ListBucketsRequest{})), "400 InvalidArgument")
}

func TestSDKAdditionalHeaders(t *testing.T) {
	_, listener := start(t, localoss.Options{})
	client := oss.NewClient(realHosts(listener).WithAdditionalHeaders([]string{"host", "user-agent", "content-length"}))
	check(t, second(client.PutBucket(t.Context(), &oss.PutBucketRequest{Bucket: new("example")})), "")
}

func TestSDKCorrectsItsClock(t *testing.T) {
	_, listener := start(t, localoss.Options{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	client := oss.NewClient(pathStyle(listener).WithRetryer(nil))
	check(t, second(client.ListBuckets(t.Context(), &oss.ListBucketsRequest{})), "")
}

func TestSDKWrongRegion(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	server.PutBucket(localoss.Bucket{Name: "example", Region: "cn-beijing"})
	for name, style := range styles() {
		t.Run(name, func(t *testing.T) {
			client := oss.NewClient(style(listener))
			_, err := client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")})
			check(t, err, "403 AccessDenied")
			service, _ := errors.AsType[*oss.ServiceError](err)
			if !strings.Contains(string(service.Snapshot), "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>") {
				t.Errorf("no endpoint in %s", service.Snapshot)
			}
			info, err := client.GetBucketInfo(t.Context(), &oss.GetBucketInfoRequest{Bucket: new("example")})
			check(t, err, "")
			equal(t, *info.BucketInfo.Location, "oss-cn-beijing")
		})
	}
}

func TestSDKRegionOfTheSignature(t *testing.T) {
	server, listener := start(t, localoss.Options{})
	server.PutBucket(localoss.Bucket{Name: "example", Region: "cn-beijing"})
	client := oss.NewClient(realHosts(listener).WithEndpoint("oss-cn-beijing.aliyuncs.com"))
	check(t, second(client.GetBucketInfo(t.Context(), &oss.GetBucketInfoRequest{Bucket: new("example")})), "400 InvalidArgument 0002-00000226")
	client = oss.NewClient(pathStyle(listener).WithRegion("cn-beijing"))
	check(t, second(client.GetBucketLocation(t.Context(), &oss.GetBucketLocationRequest{Bucket: new("example")})), "")
}
