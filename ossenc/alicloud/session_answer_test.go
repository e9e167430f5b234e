package alicloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
)

// session is what STS answers to AssumeRole, with all that it says besides.
func session(account string) string {
	user := fmt.Sprintf(`"AssumedRoleUser":{"Arn":"acs:ram::%s:assumed-role/warden/bucketwarden","AssumedRoleId":"344584339364951186:bucketwarden"}`, account)
	keys := fmt.Sprintf(`"Credentials":{"AccessKeyId":"STS.y1","AccessKeySecret":"s1","SecurityToken":"t1","Expiration":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	return `{"RequestId":"6894B13B-6D71-4EF5-88FA-F32781734A7F",` + user + `,` + keys + `}`
}

// One answer of STS says one thing. One that says two, or that it is about another
// role's account, or has a status that STS does not send, is nobody's session.
func TestAccounts_OneAnswerSaysOneThing(t *testing.T) {
	good := session(second)
	if !json.Valid([]byte(good)) {
		t.Fatal(good)
	}
	with := func(member string) string { return strings.Replace(good, "{", "{"+member+",", 1) }
	inKeys := func(member string) string {
		return strings.Replace(good, `"Credentials":{`, `"Credentials":{`+member+`,`, 1)
	}
	behind := func(member string) string { return strings.TrimSuffix(good, "}") + "," + member + "}" }
	const other = `{"AccessKeyId":"STS.z2","AccessKeySecret":"s2","SecurityToken":"t2","Expiration":"2099-01-01T00:00:00Z"}`
	for name, fault := range map[string]localrpc.Fault{
		"two Credentials":             {Body: []byte(with(`"Credentials":` + other))},
		"two Credentials, folded":     {Body: []byte(with(`"credentialſ":` + other))},
		"two Credentials, half":       {Body: []byte(behind(`"Credentials":{"AccessKeyId":"STS.z2"}`))},
		"Credentials and null":        {Body: []byte(with(`"Credentials":null`))},
		"two access keys":             {Body: []byte(inKeys(`"AccessKeyId":"STS.z2"`))},
		"two secrets, folded":         {Body: []byte(inKeys(`"accesskeysecret":"s2"`))},
		"two tokens":                  {Body: []byte(inKeys(`"SecurityToken":"t2"`))},
		"two ends":                    {Body: []byte(inKeys(`"Expiration":"2099-01-01T00:00:00Z"`))},
		"two users":                   {Body: []byte(with(`"AssumedRoleUser":{"Arn":"acs:ram::3333333333333333:assumed-role/warden/x"}`))},
		"an error too":                {Body: []byte(with(`"Code":"NoPermission","Message":"You are not authorized."`))},
		"an error behind":             {Body: []byte(behind(`"code":"EntityNotExist.Role"`))},
		"another account's role":      {Body: []byte(session(third))},
		"the own account's role":      {Body: []byte(session(ownAccount))},
		"a user that is none":         {Body: []byte(strings.Replace(good, "acs:ram::", "x", 1))},
		"two documents":               {Body: []byte(good + good)},
		"something behind it":         {Body: []byte(good + "<html>")},
		"201":                         {Status: 201, Body: []byte(good)},
		"202":                         {Status: 202, Body: []byte(good)},
		"203":                         {Status: 203, Body: []byte(good)},
		"206":                         {Status: 206, Body: []byte(good)},
		"299":                         {Status: 299, Body: []byte(good)},
		"302":                         {Status: 302, Body: []byte(good)},
		"500":                         {Status: 500, Body: []byte(good)},
		"206, with a code of nothing": {Status: 206, Body: []byte(with(`"Code":""`))},
	} {
		s := newSTS(t)
		s.SetFault(func(localrpc.Request) *localrpc.Fault { return &fault })
		got, err := s.accounts.Identity(invoked(t.Context()), second)
		if got != (ossenc.Identity{}) || err == nil || !strings.Contains(err.Error(), roleIn(second)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		s.SetFault(nil)
		if got, err := s.accounts.Identity(invoked(t.Context()), second); err != nil || got.Credentials != s.last() {
			t.Errorf("%s, afterwards: %+v, %v", name, got, err)
		}
	}
}

// The answer as it should be, and without what need not be in it.
func TestAccounts_TakesASession(t *testing.T) {
	noUser := strings.Replace(session(second), `"AssumedRoleUser"`, `"Other"`, 1)
	for _, body := range []string{session(second), noUser, " \n" + session(second) + "\r\n"} {
		s := newSTS(t)
		s.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Body: []byte(body)} })
		want := ossenc.Credentials{AccessKeyID: "STS.y1", AccessKeySecret: "s1", SecurityToken: "t1"}
		if got, err := s.accounts.Identity(invoked(t.Context()), second); err != nil || got.Credentials != want || got.AccountID != second {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

// An answer of STS has an end, as every other: what comes behind it is not waited for.
func TestAccounts_ReadsNoEndlessAnswer(t *testing.T) {
	s := newSTS(t)
	const most = 4 << 20
	sent := make(chan int, 1)
	s.web.Close()
	s.listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for chunk := []byte(`{"RequestId":"` + strings.Repeat(" ", 1<<16)); n < 64<<20; n += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		sent <- n
	}))
	got, err := s.accounts.Identity(invoked(t.Context()), second)
	if got != (ossenc.Identity{}) || ossenc.CodeOf(err) != ossenc.Unavailable || !strings.Contains(err.Error(), roleIn(second)) {
		t.Errorf("%+v, %v", got, err)
	}
	if n := <-sent; n > most {
		t.Errorf("%d bytes were read", n)
	}
}
