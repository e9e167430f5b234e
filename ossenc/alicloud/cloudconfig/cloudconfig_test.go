package cloudconfig_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"bucketwarden/internal/canned"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/cloudconfig"
)

const token = "RkFLRS1yZXN1bHQtdG9rZW4r/w=="

func identified(ctx context.Context) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}})
}

func put(t *testing.T, complete bool, answers ...canned.Answer) (*canned.Transport, error) {
	t.Helper()
	transport := &canned.Transport{Answers: answers}
	client := cloudconfig.New(cloudconfig.Endpoint(cloudconfig.China), transport, nil)
	return transport, client.Put(identified(t.Context()), token, []cloudconfig.Evaluation{{
		AccountID: "1000000000000001", ResourceID: "demo-payments", Type: cloudconfig.BucketType, Region: "cn-hangzhou",
		OrderingTimestamp: "1764028800123", Compliance: "NON_COMPLIANT", Annotation: "current none, required AES256",
	}}, complete)
}

func TestPut_Request(t *testing.T) {
	for _, complete := range []bool{false, true} {
		transport, err := put(t, complete, canned.Answer{Body: `{"RequestId":"A","Result":true}`})
		if err != nil {
			t.Fatal(err)
		}
		r := transport.Requests()[0]
		form, err := url.ParseQuery(r.Text)
		if err != nil || r.URL.String() != "https://config.cn-shanghai.aliyuncs.com/" || r.Header.Get("x-acs-action") != "PutEvaluations" || r.Header.Get("x-acs-version") != "2020-09-07" {
			t.Fatalf("%s %v %v", r.URL, r.Header, err)
		}
		// The members are those of the vendor's sample, the account a number.
		const want = `[{"accountId":1000000000000001,"complianceResourceId":"demo-payments","complianceResourceType":"ACS::OSS::Bucket",` +
			`"complianceRegionId":"cn-hangzhou","orderingTimestamp":1764028800123,"complianceType":"NON_COMPLIANT","annotation":"current none, required AES256"}]`
		if form.Get("ResultToken") != token || form.Get("Evaluations") != want || form.Has("DeleteMode") != complete || complete && form.Get("DeleteMode") != "true" {
			t.Errorf("complete %v: %v", complete, form)
		}
		if strings.Contains(r.URL.String(), "RkFLRS1") {
			t.Errorf("the result token is in the address: %s", r.URL)
		}
	}
}

func TestPut_Fails(t *testing.T) {
	for name, c := range map[string]struct {
		answer canned.Answer
		code   ossenc.Code
		tries  int
	}{
		"not accepted":    {canned.Answer{Body: `{"RequestId":"A","Result":false}`}, ossenc.Unavailable, 1},
		"without result":  {canned.Answer{Body: `{"RequestId":"A"}`}, ossenc.Unavailable, 1},
		"another type":    {canned.Answer{Body: `{"Result":"true"}`}, ossenc.Unavailable, 1},
		"yes and no":      {canned.Answer{Body: `{"Result":false,"reſult":true}`}, ossenc.Unavailable, 1},
		"HTML":            {canned.Answer{Body: `<html>`}, ossenc.Unavailable, 1},
		"no permission":   {canned.Answer{Status: 400, Body: `{"Code":"NoPermission","Message":"m"}`}, ossenc.Denied, 1},
		"unavailable":     {canned.Answer{Status: 503, Body: `{"Code":"ServiceUnavailable"}`}, ossenc.Unavailable, 3},
		"throttled":       {canned.Answer{Status: 400, Body: `{"Code":"Throttling.User"}`}, ossenc.Throttled, 3},
		"an unknown code": {canned.Answer{Status: 404, Body: `{"Code":"AccountNotExisted"}`}, ossenc.Internal, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			transport, err := put(t, false, c.answer)
			e, ok := errors.AsType[*ossenc.Error](err)
			if !ok || e.Code != c.code || e.Op != "PutEvaluations" || !strings.HasPrefix(e.Message, "1 evaluation(s): ") || len(transport.Requests()) != c.tries {
				t.Errorf("%s: %v after %d tries", name, err, len(transport.Requests()))
			}
		})
	}
}

// TestPut_ErrorsHoldNoToken lets Cloud Config repeat the result token.
func TestPut_ErrorsHoldNoToken(t *testing.T) {
	for _, body := range []string{
		`{"Code":"InvalidResultToken","Message":"token ` + token + ` is expired"}`, `{"Code":"` + token + `"}`, `{"Result":false,"RequestId":"` + token + `"}`,
	} {
		for _, status := range []int{200, 400} {
			_, err := put(t, false, canned.Answer{Status: status, Body: body})
			if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), token[:8]) {
				t.Errorf("%d %s: %v", status, body, err)
			}
		}
	}
}

func TestEndpoint(t *testing.T) {
	if got := cloudconfig.Endpoint(cloudconfig.International).String(); got != "https://config.ap-southeast-1.aliyuncs.com" {
		t.Error(got)
	}
	if got := cloudconfig.Endpoint("cn-hangzhou"); got != nil {
		t.Errorf("%v for a region", got)
	}
}

func FuzzPut(f *testing.F) {
	for _, seed := range []string{`{"RequestId":"A","Result":true}`, `{"Result":false}`, `{"Result":null}`, `{"result":true}`, `[]`, `null`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		transport := &canned.Transport{Answers: []canned.Answer{{Body: body}}}
		err := cloudconfig.New(cloudconfig.Endpoint(cloudconfig.China), transport, nil).Put(identified(t.Context()), token, nil, false)
		var said map[string]any
		if err == nil && json.Unmarshal([]byte(body), &said) != nil {
			t.Fatalf("%q was taken for a success", body)
		}
		if err == nil && !strings.Contains(strings.ToLower(body), "true") {
			t.Fatalf("%q was taken for a success", body)
		}
	})
}
