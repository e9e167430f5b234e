package cloud_test

import (
	"strings"
	"testing"
	"time"

	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/actiontrail"
)

// TestTrail: what happens in the local OSS is in the local ActionTrail, in the region
// of the bucket, with who did it; a refused call is there as a failed one.
func TestTrail(t *testing.T) {
	var hooked int
	c, err := cloud.Start(t.Context(), cloud.Options{OSS: localoss.Options{OnCall: func(localoss.Request) { hooked++ }}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.AddKey(wire.AccessKey{AccessKeyID: "LTAIci", AccessKeySecret: "secret", Name: "ci"})
	c.OSS.PutBucket(localoss.Bucket{Name: "a-bucket", Region: "cn-beijing"})
	c.Trail.SetDelay(0)
	env := map[string]string{}
	for _, pair := range c.Env() {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	transport := alicloud.NewTransport()
	endpoints, err := alicloud.ParseEndpoints(env["WARDEN_OSS_ENDPOINT"])
	if err != nil {
		t.Fatal(err)
	}
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "LTAIci", AccessKeySecret: "secret"}})
	oss := alicloud.NewClient(endpoints, transport, nil)
	bucket := ossenc.Bucket{Name: "a-bucket", Region: "cn-beijing"}
	written, err := oss.Put(ctx, bucket, ossenc.Rule{Algorithm: ossenc.AES256})
	if err != nil {
		t.Fatal(err)
	}
	c.OSS.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Code: "AccessDenied"} })
	if _, err := oss.Delete(ctx, bucket); ossenc.CodeOf(err) != ossenc.Denied {
		t.Fatal(err)
	}
	trail, err := alicloud.ParseEndpoints(env["WARDEN_ACTIONTRAIL_ENDPOINT"])
	if err != nil {
		t.Fatal(err)
	}
	client := actiontrail.New(trail, transport, nil)
	lookup := func(region, name string) []actiontrail.Event {
		c.Trail.SetRate(0)
		now := time.Now()
		page, err := client.Lookup(ctx, actiontrail.Query{Region: region, Bucket: "a-bucket", EventName: name, From: now.Add(-time.Hour), To: now.Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		return page.Events
	}
	if put := lookup("cn-beijing", "PutBucketEncryption"); len(put) != 1 || put[0].ID != written.RequestID || put[0].UserName != "ci" || put[0].ErrorCode != "" {
		t.Errorf("%+v", put)
	}
	if refused := lookup("cn-beijing", "DeleteBucketEncryption"); len(refused) != 1 || refused[0].ErrorCode != "AccessDenied" {
		t.Errorf("%+v", refused)
	}
	if elsewhere := lookup("cn-hangzhou", "PutBucketEncryption"); len(elsewhere) > 0 {
		t.Errorf("%+v", elsewhere)
	}
	if hooked != 2 {
		t.Errorf("the caller's own hook was called %d times", hooked)
	}
}
