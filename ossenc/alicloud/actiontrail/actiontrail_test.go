package actiontrail_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"bucketwarden/internal/canned"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/actiontrail"
)

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}})
}

func query() actiontrail.Query {
	to := time.Date(2026, 11, 26, 5, 0, 0, 999, time.FixedZone("UTC+8", 8*3600))
	return actiontrail.Query{Region: "cn-hangzhou", Bucket: "demo-payments", EventName: "PutBucketEncryption", From: to.Add(-24 * time.Hour), To: to}
}

func TestLookup(t *testing.T) {
	sample, err := os.ReadFile("testdata/answer.json")
	if err != nil {
		t.Fatal(err)
	}
	transport := &canned.Transport{Answers: []canned.Answer{{Body: string(sample)}}}
	got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), query())
	if err != nil {
		t.Fatal(err)
	}
	want := actiontrail.Events{Next: "ZXhhbXBsZS10b2tlbg==", Events: []actiontrail.Event{
		{
			ID: "69B1000000000000000000A2", Name: "PutBucketEncryption", Time: time.Date(2026, 11, 25, 20, 40, 11, 0, time.UTC), Region: "cn-hangzhou",
			Buckets: []string{"demo-payments"}, UserType: "ram-user", UserName: "ci-terraform", AccountID: "1234567890123456",
			UserAgent: "AlibabaCloud (linux; amd64) Golang/1.24.1 Core/0.01 TeaDSL/1 HashiCorp-Terraform/1.9.5 Terraform-Provider/1.289.0 Terraform-Module/ TerraformTraceId/00000000-0000-0000-0000-000000000000",
		},
		{
			ID: "69B1000000000000000000A1", Name: "PutBucketEncryption", Time: time.Date(2026, 11, 25, 20, 38, 2, 0, time.UTC), Region: "cn-hangzhou",
			Buckets: []string{"demo-payments"}, UserType: "assumed-role", UserName: "bucketwarden:bucketwarden", AccountID: "1234567890123456",
			UserAgent: "alibabacloud-go-sdk-v2/1.6.1 (linux/-/amd64;go1.26.8)",
		},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	// The address is what the vendor's client sends.
	const address = "https://actiontrail.cn-hangzhou.aliyuncs.com/?Direction=BACKWARD&EndTime=2026-11-25T21%3A00%3A00Z&LookupAttribute.1.Key=ResourceName&LookupAttribute.1.Value=demo-payments" +
		"&LookupAttribute.2.Key=EventName&LookupAttribute.2.Value=PutBucketEncryption&MaxResults=50&StartTime=2026-11-24T21%3A00%3A00Z"
	r := transport.Requests()[0]
	if r.URL.String() != address || r.Method != http.MethodPost || r.Text != "" || r.Header.Get("x-acs-action") != "LookupEvents" || r.Header.Get("x-acs-version") != "2020-07-06" {
		t.Errorf("%s %s %q %v", r.Method, r.URL, r.Text, r.Header)
	}
	// Nothing of it that must not be shown is kept.
	for _, secret := range []string{"LTAIEXAMPLE", "198.51.100.7", "200000000000000001", "STS.EXAMPLE"} {
		if strings.Contains(fmt.Sprintf("%+v", got), secret) {
			t.Errorf("%s is in what was read", secret)
		}
	}
}

// No record shows a part of the credentials, wherever the service repeats it.
func TestLookup_ShowsNoSecret(t *testing.T) {
	const secret = "9rT4kLmP2sWxYzQ8vBnC3dFg"
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: "token"}})
	for _, record := range []string{
		`{"eventName":"%"}`, `{"eventId":"%"}`, `{"errorCode":"%"}`, `{"acsRegion":"%"}`, `{"userAgent":"x %"}`, `{"recipientAccountId":"%"}`, `{"resourceName":"%"}`,
		`{"userIdentity":{"type":"%"}}`, `{"userIdentity":{"userName":"role:%"}}`, `{"userIdentity":{"accountId":"%"}}`,
		`{"referencedResources":{"ACS::OSS::Bucket":["%"]}}`, `{"requestParameters":{"SSEAlgorithm":"KMS","KMSMasterKeyID":"%"}}`,
	} {
		transport := &canned.Transport{Answers: []canned.Answer{{Body: `{"Events":[` + strings.Replace(record, "%", secret, 1) + `]}`}}}
		got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(ctx, query())
		if text := fmt.Sprintf("%+v %v", got, err); strings.Contains(text, secret[:8]) || ossenc.CodeOf(err) != ossenc.Unavailable {
			t.Errorf("%s: %s", record, text)
		}
	}
}

func TestLookup_NextPage(t *testing.T) {
	transport := &canned.Transport{Answers: []canned.Answer{{Body: `{"Events":[]}`}}}
	q := query()
	q.Next = "a+/="
	got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), q)
	if err != nil || got.Next != "" || len(got.Events) != 0 || transport.Requests()[0].URL.Query().Get("NextToken") != "a+/=" {
		t.Errorf("%+v, %v, %s", got, err, transport.Requests()[0].URL)
	}
}

// TestLookup_OddRecords: one record that is not as documented hides no other.
func TestLookup_OddRecords(t *testing.T) {
	body := `{"Events":[7,null,"x",{"eventId":1,"userIdentity":"root","eventTime":"noon","referencedResources":[],"accountId":{}},` +
		`{"eventId":"A","resourceName":"b","userIdentity":{"accountId":1234567890123456},"errorCode":"AccessDenied"}]}`
	transport := &canned.Transport{Answers: []canned.Answer{{Body: body}}}
	got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), query())
	if err != nil || len(got.Events) != 5 || got.Events[3].ID != "1" || !got.Events[3].Time.IsZero() {
		t.Fatalf("%+v, %v", got, err)
	}
	want := actiontrail.Event{ID: "A", Buckets: []string{"b"}, AccountID: "1234567890123456", ErrorCode: "AccessDenied"}
	if !reflect.DeepEqual(got.Events[4], want) {
		t.Errorf("%+v", got.Events[4])
	}
}

func TestLookup_Fails(t *testing.T) {
	for name, c := range map[string]struct {
		answer canned.Answer
		code   ossenc.Code
	}{
		"throttled":      {canned.Answer{Status: 400, Body: `{"Code":"Throttling.User"}`}, ossenc.Throttled},
		"no right":       {canned.Answer{Status: 403, Body: `{"Code":"NoPermission"}`}, ossenc.Denied},
		"without events": {canned.Answer{Body: `{"RequestId":"1"}`}, ossenc.Unavailable},
		"null":           {canned.Answer{Body: `null`}, ossenc.Unavailable},
		"another type":   {canned.Answer{Body: `{"Events":{}}`}, ossenc.Unavailable},
	} {
		transport := &canned.Transport{Answers: []canned.Answer{c.answer}}
		_, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), query())
		if ossenc.CodeOf(err) != c.code || len(transport.Requests()) != 1 || !strings.HasPrefix(err.Error(), "LookupEvents: ") {
			t.Errorf("%s: %v after %d tries", name, err, len(transport.Requests()))
		}
	}
}

func TestLookup_Endpoint(t *testing.T) {
	for _, c := range []struct {
		endpoints    alicloud.Endpoints
		region, want string
	}{
		{alicloud.Endpoints{Internal: true, Own: "cn-hangzhou"}, "cn-hangzhou", "actiontrail-vpc.cn-hangzhou.aliyuncs.com"},
		{alicloud.Endpoints{Internal: true, Own: "cn-hangzhou"}, "cn-beijing", "actiontrail.cn-beijing.aliyuncs.com"},
		{alicloud.Endpoints{Default: "http://127.0.0.1:1"}, "cn-beijing", "127.0.0.1:1"},
		{alicloud.Endpoints{ByRegion: map[string]string{"cn-beijing": "http://127.0.0.1:2"}}, "cn-beijing", "127.0.0.1:2"},
		{alicloud.Endpoints{ByRegion: map[string]string{"cn-beijing": "http://127.0.0.1:2"}}, "cn-hangzhou", ""},
		{alicloud.Endpoints{}, "evil.example/", ""},
	} {
		transport := &canned.Transport{Answers: []canned.Answer{{Body: `{"Events":[]}`}}}
		q := query()
		q.Region = c.region
		_, err := actiontrail.New(c.endpoints, transport, nil).Lookup(identified(t.Context()), q)
		switch {
		case c.want == "":
			if ossenc.CodeOf(err) != ossenc.Invalid || len(transport.Requests()) > 0 {
				t.Errorf("%+v: %v", c, err)
			}
		case err != nil || transport.Requests()[0].URL.Host != c.want:
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, seed := range []string{`[]`, `[{"eventId":"A","userIdentity":{"type":"ram-user"},"referencedResources":{"ACS::OSS::Bucket":["b"]}}]`, `null`, `[[],{},1]`} {
		f.Add(`{"Events":` + seed + `,"NextToken":"n"}`)
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		transport := &canned.Transport{Answers: []canned.Answer{{Body: body}}}
		got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), query())
		if _, typed := errors.AsType[*ossenc.Error](err); err != nil && (!typed || len(got.Events) > 0 || got.Next != "") {
			t.Fatalf("%q: %+v, %v", body, got, err)
		}
	})
}

// TestLookup_Rule: a rule counts only where the record shows exactly one that OSS takes.
func TestLookup_Rule(t *testing.T) {
	const kms = `{"SSEAlgorithm":"KMS","KMSMasterKeyID":"key-1","KMSDataEncryption":"SM4"}`
	whole := ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-1", KMSDataEncryption: "SM4"}
	for _, c := range []struct {
		params string
		want   ossenc.Rule
	}{
		{`{"bucketName":"b","ServerSideEncryptionRule":{"ApplyServerSideEncryptionByDefault":` + kms + `}}`, whole},
		{kms, whole},
		{`{"body":"{\"SSEAlgorithm\":\"AES256\"}"}`, ossenc.Rule{Algorithm: "AES256"}},
		{`"{\"SSEAlgorithm\":\"SM4\"}"`, ossenc.Rule{Algorithm: "SM4"}},
		{`{"SSEAlgorithm":"AES256","KMSMasterKeyID":"key-1"}`, ossenc.Rule{}},
		{`{"SSEAlgorithm":"DES"}`, ossenc.Rule{}},
		{`{"SSEAlgorithm":null}`, ossenc.Rule{}},
		{`{"a":` + kms + `,"b":{"SSEAlgorithm":"AES256"}}`, ossenc.Rule{}},
		{`{}`, ossenc.Rule{}},
		{`7`, ossenc.Rule{}},
		{`null`, ossenc.Rule{}},
		{`"x"`, ossenc.Rule{}},
	} {
		for _, member := range []string{"requestParameters", "requestParameterJson"} {
			transport := &canned.Transport{Answers: []canned.Answer{{Body: `{"Events":[{"` + member + `":` + c.params + `}]}`}}}
			got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), query())
			if err != nil || got.Events[0].Rule != c.want {
				t.Errorf("%s %s: %v, %v; want %v", member, c.params, got.Events, err, c.want)
			}
		}
	}
}

func TestLookup_AllBuckets(t *testing.T) {
	body := `{"Events":[{"eventSource":"b-1.oss-cn-hangzhou-internal.aliyuncs.com"},{"eventSource":"oss-cn-hangzhou.aliyuncs.com"},{"eventSource":"b-1.oss-cn-hangzhou.example.com"},{"eventSource":"B_1.oss-cn-hangzhou.aliyuncs.com"}]}`
	transport := &canned.Transport{Answers: []canned.Answer{{Body: body}}}
	q := query()
	q.Bucket = ""
	got, err := actiontrail.New(alicloud.Endpoints{}, transport, nil).Lookup(identified(t.Context()), q)
	if err != nil || len(got.Events) != 4 || !reflect.DeepEqual(got.Events[0].Buckets, []string{"b-1"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, e := range got.Events[1:] {
		if len(e.Buckets) > 0 {
			t.Errorf("%v", e.Buckets)
		}
	}
	params := transport.Requests()[0].URL.Query()
	if params.Get("LookupAttribute.1.Key") != "ServiceName" || params.Get("LookupAttribute.1.Value") != "Oss" || params.Get("LookupAttribute.2.Value") != "PutBucketEncryption" {
		t.Errorf("%v", params)
	}
}

// TestReadEvents: the forms in which trails and logs hand records over.
func TestReadEvents(t *testing.T) {
	const a, b = `{"eventId":"A","eventName":"PutBucket","recipientAccountId":"1"}`, `{"eventId":"B","eventName":"DeleteBucket"}`
	quoted := func(s string) string { return strings.ReplaceAll(s, `"`, `\"`) }
	for _, c := range []struct{ text, want string }{
		{`[` + a + `,` + b + `]`, "A B"},
		{a + "\n" + b + "\n", "A B"},
		{`{"event":` + a + `}` + "\n" + `{"event":"` + quoted(b) + `"}`, "A B"},
		{`{"RequestId":"1","Events":[` + a + `]}`, "A"},
		{`[[` + a + `]] 7 null "x" {} []`, "A"},
		{``, ""},
		{strings.Repeat("[", 50) + strings.Repeat("]", 50), ""},
	} {
		var got []string
		err := actiontrail.ReadEvents(strings.NewReader(c.text), func(e actiontrail.Event) { got = append(got, e.ID) })
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v", c.text, got, err)
		}
	}
	// What may be a record, and cannot be read, may be a removal: it is not left out in silence.
	for _, text := range []string{
		"<xml/>", `{"event":"{\"eventId\":\"A\",\"eventName\":\"Delete`, `["{\"eventName\":\"DeleteBucket\",}"]`, `{"Events":[{"event":"{\"eventName\""}]}`,
		a + `{"eventName":"Dele`, strings.Repeat("[", 7) + a + strings.Repeat("]", 7),
	} {
		if err := actiontrail.ReadEvents(strings.NewReader(text), func(actiontrail.Event) {}); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add(`[{"eventId":"A","eventName":"PutBucket"}]`)
	f.Add(`{"event":"{}"}{"Events":[[1]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_ = actiontrail.ReadEvents(strings.NewReader(text), func(e actiontrail.Event) {
			if len(e.Buckets) > len(text) {
				t.Fatal("more buckets than text")
			}
		})
	})
}
