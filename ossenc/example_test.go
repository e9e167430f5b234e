package ossenc_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/policy"
)

// account is a local OSS with two buckets, and a context with a key for it. With the
// real one, leave out Default, and take the key from the environment.
func account() (client *alicloud.Client, ctx context.Context, end func()) {
	key := localoss.Key{AccessKeyID: "LTAIexample", AccessKeySecret: "example"}
	server := localoss.New(localoss.Options{})
	server.AddKey(key)
	server.PutBucket(localoss.Bucket{Name: "logs", Region: "cn-hangzhou"})
	server.PutBucket(localoss.Bucket{Name: "payments", Region: "cn-hangzhou", Rule: localoss.Rule{Algorithm: "KMS"}})
	web := httptest.NewServer(server)
	client = alicloud.NewClient(alicloud.Endpoints{Default: web.URL}, alicloud.NewTransport(), nil)
	ctx = ossenc.WithIdentity(context.Background(), ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret},
		Region:      "cn-hangzhou",
	})
	return client, ctx, web.Close
}

// Read the rule of a bucket.
func ExampleStore() {
	client, ctx, end := account()
	defer end()
	seen, err := client.Get(ctx, ossenc.Bucket{Name: "payments"})
	if err != nil {
		fmt.Println(ossenc.CodeOf(err), err)
		return
	}
	fmt.Println(seen.Rule, "in", seen.Region)
	// Output: KMS in cn-hangzhou
}

// Bring one bucket to a rule.
func ExampleWarden_Ensure() {
	client, ctx, end := account()
	defer end()
	rule, err := ossenc.NewRule(ossenc.AES256, "", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	required := policy.Simple(ossenc.Desired{Rule: rule})
	warden := &ossenc.Warden{Store: client, Policy: policy.Evaluator{Policy: required}}
	res := warden.Ensure(ctx, ossenc.Task{Bucket: ossenc.Bucket{Name: "logs"}})
	fmt.Println(res.Verdict, res.Before, "->", res.After)
	// Output: fixed none -> AES256
}

// Decide, without any I/O. The stronger key of the one and the stronger cipher of the
// other give the rule to write.
func ExampleDecide() {
	current := ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1"}
	required := ossenc.Rule{Algorithm: ossenc.SM4}
	d := ossenc.Decide(current, required, ossenc.Floor)
	fmt.Println(d.Write, d.Target)
	// Output: true KMS(key-1)+SM4
}

// Report on every bucket, and write nothing.
func ExampleWarden_Sweep() {
	client, ctx, end := account()
	defer end()
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})
	warden := &ossenc.Warden{Store: client, Lister: client, Policy: policy.Evaluator{Policy: required}}
	summary, err := warden.Sweep(ctx, ossenc.SweepOptions{Mode: ossenc.ReportOnly}, func(r ossenc.Result) bool {
		fmt.Println(r.Bucket, r.Verdict)
		return true
	})
	fmt.Println(summary.Complete, err)
	// Output:
	// logs would_fix
	// payments compliant
	// true <nil>
}
