package sts_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"

	localrpc "bucketwarden/internal/local/rpc"
	localsts "bucketwarden/internal/local/sts"
)

const (
	caller = "1234567890123456"
	target = "acs:ram::2222222222222222:role/warden"
	picky  = "acs:ram::2222222222222222:role/picky"
)

func noon() time.Time { return time.Date(2026, 5, 8, 12, 0, 0, 0, time.UTC) }

func start(onIssue func(localsts.Issued)) *localsts.Server {
	s := localsts.New(localsts.Options{Options: localrpc.Options{Now: noon}, OnIssue: onIssue})
	s.AddAccessKey(localrpc.AccessKey{AccessKeyID: "id", AccessKeySecret: "secret"})
	s.PutRole(localsts.Role{ARN: target, Trusts: []string{caller}})
	s.PutRole(localsts.Role{ARN: picky, Trusts: []string{caller, "2222222222222222"}, ExternalID: "x-1", MaxSession: 2 * time.Hour})
	return s
}

type answer struct {
	status        int
	Code, Message string
	Credentials   struct{ AccessKeyID, AccessKeySecret, SecurityToken, Expiration string }
	AssumedRole   struct{ Arn, AssumedRoleID string } `json:"AssumedRoleUser"`
}

// assume sends a request that the vendor's signer has signed, with the role's
// parameters in the body as credentials-go has them.
func assume(t *testing.T, s *localsts.Server, key localrpc.AccessKey, over map[string]string) answer {
	t.Helper()
	form := map[string]string{"RoleArn": target, "RoleSessionName": "bucketwarden", "DurationSeconds": "3600"}
	maps.Copy(form, over)
	var a answer
	a.status = ask(t, s, "AssumeRole", key, form, &a)
	return a
}

// ask sends one action and decodes its answer.
func ask(t *testing.T, s *localsts.Server, action string, key localrpc.AccessKey, form map[string]string, a any) int {
	t.Helper()
	query := map[string]string{
		"Action": action, "Version": "2015-04-01", "Format": "JSON", "Timestamp": "2026-05-08T12:00:00Z", "SignatureMethod": "HMAC-SHA1",
		"SignatureVersion": "1.0", "SignatureNonce": action + strconv.Itoa(s.Count(action)), "AccessKeyId": key.AccessKeyID,
	}
	if key.SecurityToken != "" {
		query["SecurityToken"] = key.SecurityToken
	}
	signed := map[string]*string{}
	queryValues, formValues := url.Values{}, url.Values{}
	for name, value := range query {
		signed[name] = &value
		queryValues.Set(name, value)
	}
	for name, value := range form {
		signed[name] = &value
		formValues.Set(name, value)
	}
	queryValues.Set("Signature", *utils.GetRPCSignature(signed, new("POST"), &key.AccessKeySecret))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://sts.aliyuncs.com/?"+queryValues.Encode(), strings.NewReader(formValues.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), a); err != nil {
		t.Fatal(err)
	}
	return w.Code
}

var id = localrpc.AccessKey{AccessKeyID: "id", AccessKeySecret: "secret"}

func TestAssumeRole_IssuesWhatItTellsOf(t *testing.T) {
	var issued localsts.Issued
	a := assume(t, start(func(i localsts.Issued) { issued = i }), id, nil)
	c := a.Credentials
	if a.status != 200 || c.Expiration != "2026-05-08T13:00:00Z" || a.AssumedRole.Arn != target+"/bucketwarden" || !strings.HasPrefix(c.AccessKeyID, "STS.") {
		t.Fatalf("%+v", a)
	}
	want := localsts.Issued{AccessKey: localrpc.AccessKey{
		AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken, Expires: noon().Add(time.Hour), AccountID: "2222222222222222", Name: "warden/bucketwarden",
	}, RoleARN: target}
	if issued != want {
		t.Errorf("told of %+v", issued)
	}
}

func TestAssumeRole_LetsARoleAssumeAnother(t *testing.T) {
	var issued localsts.Issued
	s := start(func(i localsts.Issued) { issued = i })
	assume(t, s, id, nil)
	a := assume(t, s, issued.AccessKey, map[string]string{"RoleArn": picky, "ExternalId": "x-1", "DurationSeconds": "7200"})
	if a.status != 200 || a.Credentials.Expiration != "2026-05-08T14:00:00Z" {
		t.Errorf("%+v", a)
	}
}

func TestAssumeRole_Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		over   map[string]string
		status int
		code   string
	}{
		"no role ARN":            {map[string]string{"RoleArn": "acs:ram::1:user/warden"}, 400, "InvalidParameter.RoleArn"},
		"a session name":         {map[string]string{"RoleSessionName": "a b"}, 400, "InvalidParameter.RoleSessionName"},
		"a role there is not":    {map[string]string{"RoleArn": "acs:ram::2222222222222222:role/none"}, 404, "EntityNotExist.Role"},
		"no external ID":         {map[string]string{"RoleArn": picky}, 403, "NoPermission"},
		"too short":              {map[string]string{"DurationSeconds": "899"}, 400, "InvalidParameter.DurationSeconds"},
		"overflowing":            {map[string]string{"DurationSeconds": "18446744974"}, 400, "InvalidParameter.DurationSeconds"},
		"too long":               {map[string]string{"DurationSeconds": "3601"}, 400, "InvalidParameter.DurationSeconds"},
		"too long for the other": {map[string]string{"RoleArn": picky, "ExternalId": "x-1", "DurationSeconds": "7201"}, 400, "InvalidParameter.DurationSeconds"},
	} {
		if a := assume(t, start(nil), id, c.over); a.status != c.status || a.Code != c.code {
			t.Errorf("%s: %+v", name, a)
		}
	}
	s := start(nil)
	s.PutRole(localsts.Role{ARN: target, Trusts: []string{"3333333333333333"}})
	if a := assume(t, s, id, nil); a.status != 403 || a.Code != "NoPermission" {
		t.Errorf("not trusted: %+v", a)
	}
}

func TestGetCallerIdentity_SaysWhoSigned(t *testing.T) {
	var issued localsts.Issued
	s := start(func(i localsts.Issued) { issued = i })
	user := localrpc.AccessKey{AccessKeyID: "alice-id", AccessKeySecret: "secret", Name: "alice"}
	s.AddAccessKey(user)
	assume(t, s, id, nil)
	for name, c := range map[string]struct {
		key  localrpc.AccessKey
		want [4]string
	}{
		"the account": {id, [4]string{caller, "Account", "acs:ram::" + caller + ":root", caller}},
		"a user":      {user, [4]string{caller, "RAMUser", "acs:ram::" + caller + ":user/alice", "21234567890123456"}},
		"a role":      {issued.AccessKey, [4]string{"2222222222222222", "AssumedRoleUser", "acs:ram::2222222222222222:assumed-role/warden/bucketwarden", "3222222222222222:bucketwarden"}},
	} {
		var a struct{ AccountID, IdentityType, Arn, PrincipalID string }
		status := ask(t, s, "GetCallerIdentity", c.key, nil, &a)
		if got := [4]string{a.AccountID, a.IdentityType, a.Arn, a.PrincipalID}; status != 200 || got != c.want {
			t.Errorf("%s: %d %q, want %q", name, status, got, c.want)
		}
	}
}
