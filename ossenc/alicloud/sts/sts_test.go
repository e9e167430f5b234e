package sts_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"bucketwarden/internal/canned"
	"bucketwarden/internal/local/rpc"
	localsts "bucketwarden/internal/local/sts"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/sts"
)

const account = "1234567890123456"

var key = ossenc.Credentials{AccessKeyID: "LTAI5tCALLERMARK", AccessKeySecret: "SecretOfTheCallerMARK"}

func asCaller(ctx context.Context, c ossenc.Credentials) context.Context {
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: c, Region: "cn-hangzhou"})
}

// The local STS checks the signature, and says who signed.
func TestCaller(t *testing.T) {
	server := localsts.New(localsts.Options{Options: rpc.Options{AccountID: account}})
	server.AddAccessKey(rpc.AccessKey{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret})
	server.AddAccessKey(rpc.AccessKey{AccessKeyID: "user", AccessKeySecret: "s", Name: "alice"})
	server.AddAccessKey(rpc.AccessKey{AccessKeyID: "STS.role", AccessKeySecret: "s", SecurityToken: "t", Name: "auditor/bw-cli-1.2.3"})
	web := httptest.NewTLSServer(server)
	t.Cleanup(web.Close)
	for _, tt := range []struct {
		credentials ossenc.Credentials
		arn         string
	}{
		{key, "root"},
		{ossenc.Credentials{AccessKeyID: "user", AccessKeySecret: "s"}, "user/alice"},
		{ossenc.Credentials{AccessKeyID: "STS.role", AccessKeySecret: "s", SecurityToken: "t"}, "assumed-role/auditor/bw-cli-1.2.3"},
	} {
		before := server.Count("GetCallerIdentity")
		fallback := func() (ossenc.Credentials, error) { return tt.credentials, nil }
		client := sts.New(web.Listener.Addr().String(), web.Client().Transport, fallback)
		got, err := client.Caller(t.Context())
		if want := (sts.Caller{Account: account, ARN: "acs:ram::" + account + ":" + tt.arn}); err != nil || got != want || server.Count("GetCallerIdentity") != before+1 {
			t.Errorf("%+v, %v after %d calls; want %+v", got, err, server.Count("GetCallerIdentity")-before, want)
		}
	}
}

// What STS refuses, and what is no answer of it, is an error after one call, and
// repeats nothing of the key.
func TestCaller_Fails(t *testing.T) {
	answer := func(account, arn string) string {
		return `{"AccountId":"` + account + `","Arn":"` + arn + `","RequestId":"R"}`
	}
	for name, tt := range map[string]struct {
		answer canned.Answer
		code   ossenc.Code
	}{
		"refused":            {canned.Answer{Status: 403, Body: `{"Code":"InvalidAccessKeyId.NotFound","Message":"` + key.AccessKeyID + ` is unknown","RequestId":"R"}`}, ossenc.Denied},
		"too many":           {canned.Answer{Status: 400, Body: `{"Code":"Throttling.User","Message":"slow","RequestId":"R"}`}, ossenc.Throttled},
		"a page":             {canned.Answer{Body: "<html>"}, ossenc.Unavailable},
		"no account":         {canned.Answer{Body: answer("", "acs:ram::"+account+":root")}, ossenc.Unavailable},
		"another account":    {canned.Answer{Body: answer(account, "acs:ram::2222222222222222:root")}, ossenc.Unavailable},
		"an odd ARN":         {canned.Answer{Body: answer(account, `acs:ram::`+account+`:user/\u001b[31m`)}, ossenc.Unavailable},
		"a key in the ARN":   {canned.Answer{Body: answer(account, "acs:ram::"+account+":user/"+key.AccessKeySecret)}, ossenc.Unavailable},
		"a very long answer": {canned.Answer{Body: answer(account, "acs:ram::"+account+":user/"+strings.Repeat("a", 1<<20))}, ossenc.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &canned.Transport{Answers: []canned.Answer{tt.answer}}
			got, err := sts.New("sts.example.com", transport, nil).Caller(asCaller(t.Context(), key))
			if ossenc.CodeOf(err) != tt.code || got != (sts.Caller{}) || strings.Contains(err.Error(), "MARK") {
				t.Errorf("%+v, %v", got, err)
			}
			if n := len(transport.Requests()); n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
}
