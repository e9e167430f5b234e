package oss_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"

	localoss "bucketwarden/internal/local/oss"
)

func TestOnRuleTellsEveryAccessInOrder(t *testing.T) {
	var told []string
	server, listener := start(t, localoss.Options{OnRule: func(a localoss.Access) {
		line := []string{a.Request.Operation, a.Bucket, a.Before.Algorithm, a.After.Algorithm, a.Seen.Algorithm}
		if a.Gone {
			line = append(line, "gone")
		}
		told = append(told, strings.Join(line, "/"))
	}})
	server.PutBucket(localoss.Bucket{Name: "example"})
	server.SetReadLag(1)
	client := oss.NewClient(realHosts(listener))
	if err := putAES(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, _ = client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")}) // the first finds none
	}
	server.SetRule("example", localoss.Rule{Algorithm: "KMS"})
	if _, err := client.DeleteBucketEncryption(t.Context(), &oss.DeleteBucketEncryptionRequest{Bucket: new("example")}); err != nil {
		t.Fatal(err)
	}
	server.DeleteBucket("example")
	want := []string{
		"/example///",
		"PutBucketEncryption/example//AES256/",
		"GetBucketEncryption/example/AES256/AES256/",
		"GetBucketEncryption/example/AES256/AES256/AES256",
		"/example/AES256/KMS/",
		"DeleteBucketEncryption/example/KMS//",
		"/example////gone",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestFaultKeepsOtherThanAskedFor(t *testing.T) {
	server, client := faulty(t, localoss.Fault{Keep: func(localoss.Rule) localoss.Rule { return localoss.Rule{Algorithm: "SM4"} }})
	check(t, putAES(t.Context(), client), "")
	equal(t, stored(server), "SM4")
}

func TestFaultDripAndPadLeaveTheAnswerWhole(t *testing.T) {
	for name, f := range map[string]localoss.Fault{
		"drip": {Drip: time.Microsecond},
		"pad":  {Pad: 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := faulty(t, f)
			server.SetRule("example", localoss.Rule{Algorithm: "SM4"})
			out, err := client.GetBucketEncryption(t.Context(), &oss.GetBucketEncryptionRequest{Bucket: new("example")})
			if err != nil || *out.ServerSideEncryptionRule.ApplyServerSideEncryptionByDefault.SSEAlgorithm != "SM4" {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
}

func TestFaultContentType(t *testing.T) {
	server := quiet()
	server.SetFault(func(localoss.Request) *localoss.Fault {
		return &localoss.Fault{Status: 502, Body: []byte("{}"), ContentType: "application/json"}
	})
	w := get("http://localhost/", "").send(t, server)
	if w.Code != 502 || w.Header().Get("Content-Type") != "application/json" || w.Body.String() != "{}" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
