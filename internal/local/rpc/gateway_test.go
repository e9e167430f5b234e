package rpc_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	localrpc "bucketwarden/internal/local/rpc"
)

func TestGateway_AnswersWhatTheVendorSigned(t *testing.T) {
	for name, c := range map[string]struct {
		raw
		account string
	}{
		"long-lived key": {raw{key: keyID, query: map[string]string{"Say": "a b*c~d/ü+&="}}, "1234567890123456"},
		"temporary key":  {raw{key: "STS.id", token: token, query: map[string]string{"Say": "a b*c~d/ü+&="}}, "22"},
	} {
		for version, r := range both(t, c.raw) {
			status, doc := send(quiet(), r)
			if status != 200 || doc["Said"] != "a b*c~d/ü+&=" || doc["Account"] != c.account || doc["RequestId"] == "" {
				t.Errorf("%s, %s: %d %v", name, version, status, doc)
			}
		}
	}
}

// TestGateway_KnowsTheDocumentedVector is the example of the page "V3 request
// structure and signature": key YourAccessKeyId, secret YourAccessKeySecret.
func TestGateway_KnowsTheDocumentedVector(t *testing.T) {
	at := func() time.Time { return time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC) }
	g := localrpc.New(localrpc.Options{Now: at}, "2014-05-26", map[string]localrpc.Action{
		"RunInstances": func(*localrpc.Call) (map[string]any, *localrpc.Failure) { return nil, nil },
	})
	g.AddAccessKey(localrpc.AccessKey{AccessKeyID: "YourAccessKeyId", AccessKeySecret: "YourAccessKeySecret"})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://ecs.cn-shanghai.aliyuncs.com/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai", nil)
	for name, value := range map[string]string{
		"x-acs-action": "RunInstances", "x-acs-version": "2014-05-26", "x-acs-date": "2023-10-26T10:22:32Z",
		"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
		"x-acs-content-sha256":  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"Authorization": "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
			"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
	} {
		r.Header.Set(name, value)
	}
	if status, doc := send(g, r); status != 200 {
		t.Errorf("%d %v", status, doc)
	}
}

func TestGateway_RefusesBoth(t *testing.T) {
	for name, c := range map[string]struct {
		raw
		status int
		code   string
	}{
		"unknown key":     {raw{key: "other"}, 404, "InvalidAccessKeyId.NotFound"},
		"no token":        {raw{key: "STS.id"}, 400, "MissingSecurityToken"},
		"wrong token":     {raw{key: "STS.id", token: "other"}, 400, "InvalidSecurityToken.Malformed"},
		"unwanted token":  {raw{key: keyID, token: token}, 400, "InvalidSecurityToken.Malformed"},
		"expired token":   {raw{key: "STS.old", token: token}, 400, "InvalidSecurityToken.Expired"},
		"no permission":   {raw{key: "powerless"}, 403, "NoPermission"},
		"another method":  {raw{key: keyID, late: func(r *http.Request) { r.Method = http.MethodPut }}, 403, "UnsupportedHTTPMethod"},
		"parameter added": {raw{key: keyID, late: func(r *http.Request) { r.URL.RawQuery += "&More=1" }}, 400, "SignatureDoesNotMatch"},
		"body too long":   {raw{key: keyID, late: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 1<<20+1))) }}, 400, "ParseRequestParameterException"},
	} {
		for version, r := range both(t, c.raw) {
			if status, doc := send(quiet(), r); status != c.status || doc["Code"] != c.code || doc["HttpStatus"] != float64(status) || doc["RequestId"] == "" {
				t.Errorf("%s, %s: %d %v", name, version, status, doc)
			}
		}
	}
}

func TestGateway_RefusesV3(t *testing.T) {
	drop := func(name string) raw {
		return raw{key: keyID, late: func(r *http.Request) { r.Header.Del(name) }}
	}
	for name, c := range map[string]struct {
		raw
		code string
	}{
		"another algorithm":      {raw{key: keyID, late: func(r *http.Request) { r.Header.Set("Authorization", "ACS3-RSA-SHA256 Credential=x") }}, "InvalidSignatureMethod"},
		"no credential":          {raw{key: keyID, late: func(r *http.Request) { r.Header.Set("Authorization", "ACS3-HMAC-SHA256 Signature=x") }}, "IncompleteSignature"},
		"no nonce":               {drop("x-acs-signature-nonce"), "IncompleteSignature"},
		"no date":                {drop("x-acs-date"), "IllegalTimestamp"},
		"an unsigned header":     {raw{key: keyID, late: func(r *http.Request) { r.Header.Set("x-acs-more", "1") }}, "IncompleteSignature"},
		"another body":           {raw{key: keyID, late: func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")) }}, "ContentSHA256NotMatched"},
		"another host":           {raw{key: keyID, late: func(r *http.Request) { r.Host = "elsewhere" }}, "SignatureDoesNotMatch"},
		"15 minutes early":       {raw{key: keyID, header: map[string]string{"x-acs-date": "2026-05-08T12:15:00Z"}}, "InvalidTimeStamp.Expired"},
		"15 minutes late":        {raw{key: keyID, header: map[string]string{"x-acs-date": "2026-05-08T11:45:00Z"}}, "InvalidTimeStamp.Expired"},
		"no time":                {raw{key: keyID, header: map[string]string{"x-acs-date": "noon"}}, "InvalidTimeStamp.Format"},
		"another version":        {raw{key: keyID, header: map[string]string{"x-acs-version": "2015-04-01"}}, "InvalidVersion"},
		"an action there is not": {raw{key: keyID, header: map[string]string{"x-acs-action": "CreateKey"}}, "InvalidAction.NotFound"},
	} {
		if _, doc := send(quiet(), c.v3(t)); doc["Code"] != c.code {
			t.Errorf("%s: %v", name, doc)
		}
	}
}

func TestGateway_RefusesV1(t *testing.T) {
	for name, c := range map[string]struct {
		query map[string]string
		code  string
	}{
		"no key":           {map[string]string{"AccessKeyId": ""}, "MissingAccessKeyId"},
		"no nonce":         {map[string]string{"SignatureNonce": ""}, "IncompleteSignature"},
		"another method":   {map[string]string{"SignatureMethod": "HMAC-SHA256"}, "InvalidSignatureMethod"},
		"no time":          {map[string]string{"Timestamp": ""}, "IllegalTimestamp"},
		"15 minutes late":  {map[string]string{"Timestamp": "2026-05-08T11:45:00Z"}, "InvalidTimeStamp.Expired"},
		"an unknown thing": {map[string]string{"Action": "Other"}, "InvalidAction.NotFound"},
	} {
		if _, doc := send(quiet(), raw{key: keyID, query: c.query}.v1(t)); doc["Code"] != c.code {
			t.Errorf("%s: %v", name, doc)
		}
	}
}

func TestGateway_TakesANonceOnce(t *testing.T) {
	g := quiet()
	if status, doc := send(g, raw{key: keyID}.v3(t)); status != 200 {
		t.Fatalf("%d %v", status, doc)
	}
	if _, doc := send(g, raw{key: keyID}.v1(t)); doc["Code"] != "SignatureNonceUsed" {
		t.Errorf("%v", doc)
	}
}

func TestGateway_SpoilsAnswersAndLogs(t *testing.T) {
	g := quiet()
	for i, c := range []struct {
		fault  localrpc.Fault
		status int
		want   string
	}{
		{localrpc.Fault{Code: "Throttling.User"}, 400, "Request was denied due to user flow control."},
		{localrpc.Fault{Code: "Odd", Status: 418, Message: "teapot"}, 418, "teapot"},
		{localrpc.Fault{Status: 500}, 500, "The request processing has failed due to some unknown error."},
	} {
		g.SetFault(func(r localrpc.Request) *localrpc.Fault {
			if r.Action != "Echo" || r.AccessKeyID != keyID {
				t.Errorf("asked about %+v", r)
			}
			return &c.fault
		})
		nonce := map[string]string{"x-acs-signature-nonce": string(rune('a' + i))}
		if status, doc := send(g, raw{key: keyID, header: nonce}.v3(t)); status != c.status || doc["Message"] != c.want {
			t.Errorf("%+v: %d %v", c.fault, status, doc)
		}
	}
	g.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Body: []byte("<html>")} })
	if status, doc := send(g, raw{key: keyID}.v3(t)); status != 200 || doc["Body"] != "<html>" {
		t.Errorf("%d %v", status, doc)
	}
	g.SetFault(nil)
	send(g, raw{key: "other"}.v3(t))
	log := g.Requests()
	if g.Count("Echo") != 5 || len(log) != 5 || log[0].Code != "Throttling.User" || log[0].Status != 400 || log[4].Code != "InvalidAccessKeyId.NotFound" {
		t.Errorf("%d calls: %+v", g.Count("Echo"), log)
	}
}

func TestGateway_ResetsTheConnection(t *testing.T) {
	g := quiet()
	g.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Reset: true} })
	web := httptest.NewServer(g)
	defer web.Close()
	signed := raw{key: keyID}.v3(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.Header = signed.Host, signed.Header
	answer, err := web.Client().Do(r)
	if err == nil {
		answer.Body.Close()
		t.Fatalf("an answer: %s", answer.Status)
	}
}
