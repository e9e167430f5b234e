package kms_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	localkms "bucketwarden/internal/local/kms"
	localrpc "bucketwarden/internal/local/rpc"
)

const (
	own   = "1234567890123456"
	other = "2222222222222222"
)

// start runs a server with keys in two regions and accounts.
func start(t *testing.T) *localkms.Server {
	t.Helper()
	s := localkms.New(localkms.Options{})
	s.AddAccessKey(localrpc.AccessKey{AccessKeyID: "id", AccessKeySecret: "secret"})
	s.AddAccessKey(localrpc.AccessKey{AccessKeyID: "other-id", AccessKeySecret: "secret", AccountID: other})
	s.PutKey(localkms.Key{ID: "key-hz", Aliases: []string{"alias/payments"}})
	s.PutKey(localkms.Key{ID: "key-bj", Region: "cn-beijing", Aliases: []string{"alias/payments"}, State: "PendingDeletion", DeleteDate: "2026-05-26T18:22:03Z"})
	s.PutKey(localkms.Key{ID: "key-other", AccountID: other, Aliases: []string{"alias/payments"}, Usage: "SIGN/VERIFY", Spec: "RSA_2048"})
	s.PutKey(localkms.Key{ID: "key-shared", AccountID: other, SharedWith: []string{own}})
	return s
}

// describe asks with the vendor's generic client, as generated clients do.
func describe(t *testing.T, h http.Handler, accessKeyID, keyID string) (map[string]any, error) {
	t.Helper()
	web := httptest.NewServer(h)
	defer web.Close()
	c, err := openapi.NewClient(&openapi.Config{
		AccessKeyId: &accessKeyID, AccessKeySecret: new("secret"), Protocol: new("http"), Endpoint: new(strings.TrimPrefix(web.URL, "http://")),
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.CallApi(&openapi.Params{
		Action: new("DescribeKey"), Version: new("2016-01-20"), Protocol: new("HTTPS"), Pathname: new("/"), Method: new("POST"),
		AuthType: new("AK"), Style: new("RPC"), ReqBodyType: new("formData"), BodyType: new("json"),
	}, &openapi.OpenApiRequest{Query: map[string]*string{"KeyId": &keyID}}, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	return answer["body"].(map[string]any)["KeyMetadata"].(map[string]any), nil
}

func TestDescribeKey_FindsKeysByEveryName(t *testing.T) {
	for name, c := range map[string]struct{ region, accessKeyID, keyID, want string }{
		"ID":                         {"cn-hangzhou", "id", "key-hz", "key-hz"},
		"alias":                      {"cn-hangzhou", "id", "alias/payments", "key-hz"},
		"alias in another region":    {"cn-beijing", "id", "alias/payments", "key-bj"},
		"alias in another account":   {"cn-hangzhou", "other-id", "alias/payments", "key-other"},
		"ARN":                        {"cn-beijing", "id", "acs:kms:cn-beijing:" + own + ":key/key-bj", "key-bj"},
		"ARN of another's, shared":   {"cn-hangzhou", "id", "acs:kms:cn-hangzhou:" + other + ":key/key-shared", "key-shared"},
		"ARN of one's own, shared":   {"cn-hangzhou", "other-id", "acs:kms:cn-hangzhou:" + other + ":key/key-shared", "key-shared"},
		"region of the bound server": {"", "id", "key-hz", "key-hz"},
	} {
		s := start(t)
		handler := http.Handler(s)
		if c.region != "" {
			handler = s.In(c.region)
		}
		got, err := describe(t, handler, c.accessKeyID, c.keyID)
		if err != nil || got["KeyId"] != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestDescribeKey_TellsTheMetadata(t *testing.T) {
	got, err := describe(t, start(t).In("cn-beijing"), "id", "key-bj")
	want := map[string]any{
		"KeyId": "key-bj", "Arn": "acs:kms:cn-beijing:" + own + ":key/key-bj", "Creator": own, "CreationDate": "2026-01-02T03:04:05Z",
		"Description": "", "KeyState": "PendingDeletion", "KeyUsage": "ENCRYPT/DECRYPT", "KeySpec": "Aliyun_AES_256", "Origin": "Aliyun_KMS",
		"DeleteDate": "2026-05-26T18:22:03Z", "MaterialExpireTime": "", "ProtectionLevel": "SOFTWARE", "AutomaticRotation": "Disabled", "DeletionProtection": "Disabled",
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v", got, err)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v", name, got[name])
		}
	}
}

func TestDescribeKey_Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		region, keyID string
		status        int
		code          string
	}{
		"an ID there is not":         {"cn-hangzhou", "key-0", 404, "Forbidden.KeyNotFound"},
		"an ID of another region":    {"cn-hangzhou", "key-bj", 404, "Forbidden.KeyNotFound"},
		"an ID of another account":   {"cn-hangzhou", "key-other", 404, "Forbidden.KeyNotFound"},
		"an alias there is not":      {"cn-hangzhou", "alias/none", 404, "Forbidden.AliasNotFound"},
		"an ARN of another region":   {"cn-hangzhou", "acs:kms:cn-beijing:" + own + ":key/key-bj", 404, "Forbidden.KeyNotFound"},
		"an ARN that is not shared":  {"cn-hangzhou", "acs:kms:cn-hangzhou:" + other + ":key/key-other", 403, "Forbidden.NoPermission"},
		"a name that cannot be one":  {"cn-hangzhou", "key 1", 400, "InvalidParameter"},
		"no name":                    {"cn-hangzhou", "", 400, "MissingParameter"},
		"an endpoint without region": {"cn-shanghai", "key-hz", 404, "Forbidden.KeyNotFound"},
	} {
		_, err := describe(t, start(t).In(c.region), "id", c.keyID)
		e, ok := err.(*tea.SDKError)
		if !ok || tea.IntValue(e.StatusCode) != c.status || tea.StringValue(e.Code) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := start(t)
	s.Disable(own)
	if _, err := describe(t, s, "id", "key-hz"); err == nil || !strings.Contains(err.Error(), "Forbidden.KmsServiceNotEnabled") {
		t.Errorf("without KMS: %v", err)
	}
}

// What an upload meets, by the state of its key.
func TestKeyForOSS(t *testing.T) {
	s := start(t)
	for _, k := range localkms.SampleKeys([]string{"cn-hangzhou", "cn-beijing"}) {
		s.PutKey(k)
	}
	s.Disable("3333333333333333")
	for name, c := range map[string]struct{ region, account, key, id, code string }{
		"ID":                 {"cn-hangzhou", own, "key-hz", "key-hz", ""},
		"alias":              {"cn-beijing", own, "alias/payments", "", "KeyPendingDeletion"}, // key-bj came first
		"sample":             {"cn-beijing", own, "key-1", "key-1", ""},
		"no name":            {"cn-hangzhou", own, "", "key-made-by-oss-cn-hangzhou", ""},
		"no name, elsewhere": {"cn-shanghai", own, "", "key-made-by-oss-cn-shanghai", ""},
		"other region":       {"cn-beijing", own, "key-hz", "", "KeyNotFound"},
		"unknown":            {"cn-hangzhou", own, "key-none", "", "KeyNotFound"},
		"unknown alias":      {"cn-hangzhou", own, "alias/none", "", "AliasNotFound"},
		"disabled":           {"cn-hangzhou", own, "key-disabled", "", "KeyDisabled"},
		"deleting":           {"cn-hangzhou", own, "key-deleting", "", "KeyPendingDeletion"},
		"for signatures":     {"cn-hangzhou", other, "key-other", "", "InvalidParameter"},
		"no valid name":      {"cn-hangzhou", own, "a b", "", "InvalidParameter"},
		"not activated":      {"cn-hangzhou", "3333333333333333", "", "", "KmsServiceNotEnabled"},
	} {
		if id, code := s.KeyForOSS(c.region, c.account, c.key); id != c.id || code != c.code {
			t.Errorf("%s: %q %q, want %q %q", name, id, code, c.id, c.code)
		}
	}
}
