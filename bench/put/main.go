// Command put is the job done the plain way, with the runtime SDK and the OSS SDK
// as their samples use them: it reads the bucket's rule and, where there is none,
// writes AES256 and reads it back. It makes the calls that Bucketwarden makes, and
// keeps none of its promises: no regions, no verdicts, no log, no other events.
package main

import (
	"context"
	"errors"
	"os"
	"sync"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

func main() {
	f := function{client: sync.OnceValue(newClient)}
	fc.Start(f.handle)
}

// event is oss:BucketCreated:PutBucket, as far as it is needed.
type event struct {
	Data struct {
		OSS struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
		} `json:"oss"`
	} `json:"data"`
}

type function struct {
	client func() *oss.Client
}

func (f function) handle(ctx context.Context, e event) (string, error) {
	bucket := &e.Data.OSS.Bucket.Name
	_, err := f.client().GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: bucket})
	if err == nil {
		return "done", nil
	}
	if serr, ok := errors.AsType[*oss.ServiceError](err); !ok || serr.Code != "NoSuchServerSideEncryptionRule" {
		return "", err
	}
	_, err = f.client().PutBucketEncryption(ctx, &oss.PutBucketEncryptionRequest{
		Bucket: bucket,
		ServerSideEncryptionRule: &oss.ServerSideEncryptionRule{
			ApplyServerSideEncryptionByDefault: &oss.ApplyServerSideEncryptionByDefault{SSEAlgorithm: new("AES256")},
		},
	})
	if err != nil {
		return "", err
	}
	_, err = f.client().GetBucketEncryption(ctx, &oss.GetBucketEncryptionRequest{Bucket: bucket})
	return "done", err
}

// newClient returns the SDK's client as it comes, in path style on the endpoint
// that the bench names.
func newClient() *oss.Client {
	return oss.NewClient(oss.LoadDefaultConfig().
		WithRegion(os.Getenv("FC_REGION")).
		WithEndpoint(os.Getenv("OSS_ENDPOINT")).
		WithUsePathStyle(true).
		WithCredentialsProvider(credentials.CredentialsProviderFunc(invocationKeys)))
}

// invocationKeys are those of the function's role, which every invocation brings.
func invocationKeys(ctx context.Context) (credentials.Credentials, error) {
	meta, ok := fccontext.FromContext(ctx)
	if !ok {
		return credentials.Credentials{}, errors.New("no invocation")
	}
	k := meta.Credentials
	return credentials.Credentials{AccessKeyID: k.AccessKeyId, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}, nil
}
