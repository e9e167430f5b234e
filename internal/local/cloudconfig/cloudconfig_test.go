package cloudconfig_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	local "bucketwarden/internal/local/cloudconfig"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/cloudconfig"
)

const account = "1234567890123456"

// service is a local Cloud Config at a clock that a test moves, and a client.
func service(t *testing.T, now *time.Time) (*local.Server, *cloudconfig.Client, context.Context) {
	t.Helper()
	server := local.New(rpc.Options{AccountID: account, Now: func() time.Time { return *now }})
	server.AddAccessKey(rpc.AccessKey{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	endpoint, err := url.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := alicloud.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.id", AccessKeySecret: "secret", SecurityToken: "token"}})
	return server, cloudconfig.New(endpoint, transport, nil), ctx
}

func evaluation(bucket string, at json.Number, compliance string) cloudconfig.Evaluation {
	return cloudconfig.Evaluation{
		AccountID: account, ResourceID: bucket, Type: cloudconfig.BucketType, Region: "cn-hangzhou",
		OrderingTimestamp: at, Compliance: compliance,
	}
}

func TestServer_TakesEvaluations(t *testing.T) {
	now := time.Now()
	server, client, ctx := service(t, &now)
	token := server.Token("")
	if err := client.Put(ctx, token, []cloudconfig.Evaluation{evaluation("a", "10", "COMPLIANT"), evaluation("b", "10", "IGNORED")}, false); err != nil {
		t.Fatal(err)
	}
	// A late evaluation changes nothing.
	if err := client.Put(ctx, token, []cloudconfig.Evaluation{evaluation("a", "9", "NON_COMPLIANT")}, false); err != nil {
		t.Fatal(err)
	}
	if got := server.Results(); len(got) != 2 || got[account+"/a"].Compliance != "COMPLIANT" || got[account+"/b"].Compliance != "IGNORED" {
		t.Errorf("%v", got)
	}
	if err := client.Put(ctx, token, []cloudconfig.Evaluation{evaluation("c", "11", "COMPLIANT")}, true); err != nil {
		t.Fatal(err)
	}
	if got := server.Results(); len(got) != 1 || got[account+"/c"].Compliance != "COMPLIANT" || server.Submitted() != 3 {
		t.Errorf("after DeleteMode: %v", got)
	}
}

func TestServer_Refuses(t *testing.T) {
	now := time.Now()
	server, client, ctx := service(t, &now)
	good := evaluation("a", "10", "COMPLIANT")
	change := func(f func(*cloudconfig.Evaluation)) []cloudconfig.Evaluation {
		e := good
		f(&e)
		return []cloudconfig.Evaluation{e}
	}
	token := server.Token("a")
	for name, c := range map[string]struct {
		token       string
		evaluations []cloudconfig.Evaluation
		complete    bool
		want        string
	}{
		"a token of nobody": {"x", []cloudconfig.Evaluation{good}, false, "InvalidResultToken"},
		"no token":          {"", []cloudconfig.Evaluation{good}, false, "MissingParameter"},
		"another bucket":    {token, change(func(e *cloudconfig.Evaluation) { e.ResourceID = "b" }), false, "complianceResourceId"},
		"no account":        {token, change(func(e *cloudconfig.Evaluation) { e.AccountID = "0" }), false, "accountId"},
		"no region":         {token, change(func(e *cloudconfig.Evaluation) { e.Region = "" }), false, "complianceRegionId"},
		"no timestamp":      {token, change(func(e *cloudconfig.Evaluation) { e.OrderingTimestamp = "" }), false, "orderingTimestamp"},
		"another type":      {token, change(func(e *cloudconfig.Evaluation) { e.Type = "ACS::ECS::Instance" }), false, "complianceResourceType"},
		"another value":     {token, change(func(e *cloudconfig.Evaluation) { e.Compliance = "FINE" }), false, "complianceType"},
		"a long annotation": {token, change(func(e *cloudconfig.Evaluation) { e.Annotation = strings.Repeat("x", 257) }), false, "annotation"},
		"delete on change":  {token, []cloudconfig.Evaluation{good}, true, "DeleteMode"},
	} {
		if err := client.Put(ctx, c.token, c.evaluations, c.complete); err == nil || !strings.Contains(err.Error(), c.want) || len(server.Results()) != 0 {
			t.Errorf("%s: %v, %v", name, err, server.Results())
		}
	}
}

func TestServer_TokensExpire(t *testing.T) {
	now := time.Now()
	server, client, ctx := service(t, &now)
	server.SetTokenLife(time.Minute)
	token := server.Token("")
	now = now.Add(time.Minute) // far within the 15 minutes of a signature
	if err := client.Put(ctx, token, nil, false); err == nil || !strings.Contains(err.Error(), "ResultTokenExpired") {
		t.Errorf("%v", err)
	}
}

func TestServer_EventsAreAsPublished(t *testing.T) {
	server, _, _ := service(t, new(time.Now()))
	for name, event := range map[string][]byte{"change": server.Change(account, "cn-hangzhou", "demo-payments"), "periodic": server.Periodic(account)} {
		var e struct {
			OrderingTimestamp int64
			ResultToken       string
			InvokingEvent     struct {
				MessageType       string
				ConfigurationItem struct{ ResourceID, ResourceType string }
			}
		}
		if err := json.Unmarshal(event, &e); err != nil || e.OrderingTimestamp == 0 || e.ResultToken == "" || e.InvokingEvent.MessageType == "" {
			t.Errorf("%s: %v %s", name, err, event)
		}
		if (e.InvokingEvent.ConfigurationItem.ResourceID == "demo-payments") != (name == "change") {
			t.Errorf("%s: %s", name, event)
		}
	}
}
