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

	"bucketwarden/bench/job"
)

func main() {
	f := function{client: sync.OnceValue(newClient)}
	fc.Start(f.handle)
}

type function struct {
	client func() *oss.Client
}

func (f function) handle(ctx context.Context, e job.Event) (string, error) {
	return "done", job.Do(ctx, f.client(), e)
}

// newClient returns the SDK's client as it comes; where the bench names an endpoint, in
// path style there.
func newClient() *oss.Client {
	c := oss.LoadDefaultConfig().
		WithRegion(os.Getenv("FC_REGION")).
		WithCredentialsProvider(credentials.CredentialsProviderFunc(invocationKeys))
	if endpoint := os.Getenv("OSS_ENDPOINT"); endpoint != "" {
		c = c.WithEndpoint(endpoint).WithUsePathStyle(true)
	}
	return oss.NewClient(c)
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
