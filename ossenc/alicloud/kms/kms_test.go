package kms_test

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/ossenc/alicloud"

	localkms "bucketwarden/internal/local/kms"
	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/kms"
)

func TestDescribe_ResolvesEveryNameToOneKey(t *testing.T) {
	_, client, _ := newKMS(t)
	want := ossenc.Key{ID: "key-1", ARN: arnOf("key-1"), Usable: true}
	for _, name := range []string{"key-1", "alias/payments", "acs:kms:cn-hangzhou:" + account + ":key/key-1"} {
		got, err := client.Describe(identified(t.Context()), "cn-hangzhou", name)
		if err != nil || got != want || !ossenc.SameKey(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestDescribe_SaysWhyAKeyIsUnusable(t *testing.T) {
	const subject = "KMS key k in cn-hangzhou "
	for name, c := range map[string]struct {
		key  localkms.Key
		want string
	}{
		"disabled":             {localkms.Key{State: "Disabled"}, "is disabled"},
		"pending deletion":     {localkms.Key{State: "PendingDeletion"}, "is to be deleted"},
		"pending, with a date": {localkms.Key{State: "PendingDeletion", DeleteDate: "2026-05-26T18:22:03Z"}, "is to be deleted at 2026-05-26T18:22:03Z"},
		"pending import":       {localkms.Key{State: "PendingImport", Origin: "EXTERNAL"}, "waits for its key material to be imported"},
		"a new state":          {localkms.Key{State: "Inactive"}, "is in the state Inactive, which this version does not know"},
		"signing":              {localkms.Key{Usage: "SIGN/VERIFY"}, "is for SIGN/VERIFY; OSS needs one for ENCRYPT/DECRYPT"},
		"RSA":                  {localkms.Key{Spec: "RSA_2048"}, "is asymmetric (RSA_2048); OSS needs a symmetric one"},
		"SM2":                  {localkms.Key{Spec: "EC_SM2"}, "is asymmetric (EC_SM2); OSS needs a symmetric one"},
		"a new spec":           {localkms.Key{Spec: "HMAC_256"}, "is a HMAC_256, which this version does not know"},
	} {
		server, client, _ := newKMS(t)
		c.key.ID = "k"
		server.PutKey(c.key)
		got, err := client.Describe(identified(t.Context()), "cn-hangzhou", "k")
		if want := (ossenc.Key{ID: "k", ARN: arnOf("k"), Reason: subject + c.want}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, spec := range []string{"Aliyun_AES_128", "Aliyun_AES_256", "Aliyun_SM4"} {
		server, client, _ := newKMS(t)
		server.PutKey(localkms.Key{ID: "k", Spec: spec})
		if got, err := client.Describe(identified(t.Context()), "cn-hangzhou", "k"); err != nil || !got.Usable {
			t.Errorf("%s: %+v, %v", spec, got, err)
		}
	}
}

func TestDescribe_DoesNotFind(t *testing.T) {
	for name, c := range map[string]struct{ name, reason string }{
		"an ID":         {"key-0", "KMS key key-0 in cn-hangzhou does not exist"},
		"an alias":      {"alias/none", "KMS key alias/none in cn-hangzhou does not exist"},
		"a foreign ARN": {"acs:kms:cn-hangzhou:22:key/key-1", "KMS key acs:kms:cn-hangzhou:22:key/key-1 in cn-hangzhou does not exist"},
	} {
		_, client, _ := newKMS(t)
		got, err := client.Describe(identified(t.Context()), "cn-hangzhou", c.name)
		if want := (ossenc.Key{Reason: c.reason}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	server, client, _ := newKMS(t)
	server.Disable(account)
	got, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
	if err != nil || got.Usable || got.Reason != "KMS key key-1 in cn-hangzhou cannot be used: KMS is not activated in this account" {
		t.Errorf("without KMS: %+v, %v", got, err)
	}
}

func TestDescribe_DoesNotAskWhatItKnows(t *testing.T) {
	for name, c := range map[string]struct {
		name string
		want ossenc.Key
	}{
		"another region": {"acs:kms:cn-beijing:22:key/key-1", ossenc.Key{Reason: "KMS key acs:kms:cn-beijing:22:key/key-1 is in cn-beijing; a bucket in cn-hangzhou needs one of its own region"}},
		"its alias":      {"acs:kms:cn-beijing:22:alias/a", ossenc.Key{Reason: "KMS key acs:kms:cn-beijing:22:alias/a is in cn-beijing; a bucket in cn-hangzhou needs one of its own region"}},
		"no name":        {"", ossenc.Key{Reason: "no KMS key is named"}},
		"odd characters": {"key 1", ossenc.Key{Reason: `KMS key ID "key 1" has characters that no key ID, alias or key ARN has`}},
		"no key ARN":     {"acs:oss:*:*:b", ossenc.Key{Reason: `KMS key ID "acs:oss:*:*:b" has characters that no key ID, alias or key ARN has`}},
		"half an ARN":    {"acs:kms:cn-hangzhou:key/1", ossenc.Key{Reason: `"acs:kms:cn-hangzhou:key/1" is not an ARN of a KMS key; write acs:kms:<region>:<account ID>:key/<key ID>`}},
		"ARN of another": {"acs:kms:cn-hangzhou:22:secret/s", ossenc.Key{Reason: `"acs:kms:cn-hangzhou:22:secret/s" is not an ARN of a KMS key; write acs:kms:<region>:<account ID>:key/<key ID>`}},
	} {
		server, client, _ := newKMS(t)
		got, err := client.Describe(identified(t.Context()), "cn-hangzhou", c.name)
		if err != nil || got != c.want || server.Count("DescribeKey") != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestDescribe_GoesToTheRegionsEndpoint(t *testing.T) {
	for name, c := range map[string]struct {
		endpoints    alicloud.Endpoints
		region, want string
	}{
		"public":                 {alicloud.Endpoints{Own: "cn-hangzhou"}, "cn-hangzhou", "https://kms.cn-hangzhou.aliyuncs.com"},
		"VPC":                    {alicloud.Endpoints{Own: "cn-hangzhou", Internal: true}, "cn-hangzhou", "https://kms-vpc.cn-hangzhou.aliyuncs.com"},
		"another region's":       {alicloud.Endpoints{Own: "cn-hangzhou", Internal: true}, "cn-beijing", "https://kms.cn-beijing.aliyuncs.com"},
		"one for all":            {alicloud.Endpoints{Default: "http://127.0.0.1:9001"}, "cn-beijing", "http://127.0.0.1:9001"},
		"one for the region":     {alicloud.Endpoints{ByRegion: map[string]string{"cn-beijing": "http://127.0.0.1:9001/"}}, "cn-beijing", "http://127.0.0.1:9001"},
		"none for the region":    {alicloud.Endpoints{ByRegion: map[string]string{"cn-beijing": "http://127.0.0.1:9001"}}, "cn-hangzhou", ""},
		"no region at all":       {alicloud.Endpoints{}, "", ""},
		"a location as a region": {alicloud.Endpoints{}, "oss-cn-hangzhou", ""},
	} {
		server, client, w := newKMS(t)
		server.PutKey(localkms.Key{ID: "key-1", Region: c.region})
		client.Endpoints = c.endpoints
		w.to = server.In(c.region)
		key, err := client.Describe(identified(t.Context()), c.region, "key-1")
		if c.want == "" {
			if ossenc.CodeOf(err) != ossenc.Invalid || len(w.hosts) != 0 {
				t.Errorf("%s: %+v, %v", name, key, err)
			}
			continue
		}
		if err != nil || !key.Usable || !slices.Equal(w.hosts, []string{c.want}) {
			t.Errorf("%s: %+v, %v at %v", name, key, err, w.hosts)
		}
	}
}

func TestDescribe_SignsAsTheInvocation(t *testing.T) {
	server, client, w := newKMS(t)
	ask := func(ctx context.Context) error {
		_, err := client.Describe(ctx, "cn-hangzhou", "key-1")
		return err
	}
	if err := ask(t.Context()); ossenc.CodeOf(err) != ossenc.Denied || server.Count("DescribeKey") != 0 {
		t.Errorf("without credentials: %v", err)
	}
	next := ossenc.Credentials{AccessKeyID: "STS.next", AccessKeySecret: "s", SecurityToken: "t"}
	server.AddAccessKey(localrpc.AccessKey{AccessKeyID: "STS.next", AccessKeySecret: "s", SecurityToken: "t"})
	server.AddAccessKey(localrpc.AccessKey{AccessKeyID: "long-lived", AccessKeySecret: "s"})
	client = kms.NewClient(alicloud.Endpoints{}, w, func() (ossenc.Credentials, error) {
		return ossenc.Credentials{AccessKeyID: "long-lived", AccessKeySecret: "s"}, nil
	})
	for _, ctx := range []context.Context{identified(t.Context()), ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: next}), t.Context()} {
		if err := ask(ctx); err != nil {
			t.Error(err)
		}
	}
	var signedBy []string
	for _, r := range server.Requests() {
		signedBy = append(signedBy, r.AccessKeyID)
		if !strings.HasSuffix(r.UserAgent, " bucketwarden") {
			t.Errorf("user agent %q", r.UserAgent)
		}
	}
	if want := []string{"STS.MARK-ID", "STS.next", "long-lived"}; !slices.Equal(signedBy, want) {
		t.Errorf("signed by %v", signedBy)
	}
}

func TestDescribe_WorksOverSockets(t *testing.T) {
	server, _, _ := newKMS(t)
	web := httptest.NewServer(server)
	defer web.Close()
	endpoints, err := alicloud.ParseEndpoints(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := alicloud.NewTransport()
	defer transport.CloseIdleConnections()
	client := kms.NewClient(endpoints, transport, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "alias/payments")
			if err != nil || key != (ossenc.Key{ID: "key-1", ARN: arnOf("key-1"), Usable: true}) {
				t.Errorf("%+v, %v", key, err)
			}
		})
	}
	all.Wait()
	server.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Reset: true} })
	ctx, cancel := context.WithTimeout(identified(t.Context()), 190*time.Millisecond) // before the first pause
	defer cancel()
	if _, err := client.Describe(ctx, "cn-hangzhou", "key-1"); err == nil {
		t.Error("no error after a reset")
	}
}
