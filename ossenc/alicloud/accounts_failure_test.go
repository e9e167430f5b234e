package alicloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"bucketwarden/ossenc/alicloud"

	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
)

// TestAccounts_Fails: one row for each code that STS or the gateway before it
// documents.
func TestAccounts_Fails(t *testing.T) {
	s := newSTS(t)
	for _, c := range []struct {
		fault localrpc.Fault
		code  ossenc.Code
	}{
		{localrpc.Fault{Code: "NoPermission"}, ossenc.Denied},
		{localrpc.Fault{Code: "EntityNotExist.Role", Status: 404}, ossenc.Denied},
		{localrpc.Fault{Code: "InvalidAccessKeyId.NotFound"}, ossenc.Denied},
		{localrpc.Fault{Code: "InvalidAccessKeyId.Inactive", Status: 403}, ossenc.Denied},
		{localrpc.Fault{Code: "InvalidSecurityToken.Expired"}, ossenc.Denied},
		{localrpc.Fault{Code: "MissingSecurityToken"}, ossenc.Denied},
		{localrpc.Fault{Code: "InvalidTimeStamp.Expired"}, ossenc.Denied},
		{localrpc.Fault{Code: "SignatureDoesNotMatch"}, ossenc.Denied},
		{localrpc.Fault{Code: "InvalidParameter", Status: 400}, ossenc.Invalid},
		{localrpc.Fault{Code: "InvalidParameter.RoleArn", Status: 400}, ossenc.Invalid},
		{localrpc.Fault{Code: "InvalidParameter.RoleSessionName", Status: 400}, ossenc.Invalid},
		{localrpc.Fault{Code: "InvalidParameter.DurationSeconds", Status: 400}, ossenc.Invalid},
		{localrpc.Fault{Code: "Throttling.User"}, ossenc.Throttled},
		{localrpc.Fault{Code: "InternalError"}, ossenc.Unavailable},
		{localrpc.Fault{Code: "ServiceUnavailableTemporary"}, ossenc.Unavailable},
		{localrpc.Fault{Code: "Odd", Status: 400}, ossenc.Internal},
	} {
		s.SetFault(func(localrpc.Request) *localrpc.Fault { return &c.fault })
		got, err := s.accounts.Identity(invoked(t.Context()), second)
		e, ok := errors.AsType[*ossenc.Error](err)
		if !ok || got != (ossenc.Identity{}) || e.Code != c.code || e.OSSCode != c.fault.Code || e.Op != "AssumeRole" || e.RequestID == "" ||
			!strings.HasPrefix(e.Message, roleIn(second)+": ") {
			t.Errorf("%s: %+v, %v", c.fault.Code, got, err)
		}
	}
	s.SetFault(nil)
	if _, err := s.accounts.Identity(invoked(t.Context()), second); err != nil {
		t.Errorf("a failure stays: %v", err)
	}
}

func TestAccounts_TakesNothingElseForAnAnswer(t *testing.T) {
	const credentials = `{"Credentials":{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c"`
	for name, c := range map[string]struct {
		fault localrpc.Fault
		want  string
	}{
		"HTML":            {localrpc.Fault{Body: []byte("<html>")}, "an answer that is not the service's"},
		"an HTML error":   {localrpc.Fault{Status: 502, Body: []byte("<html>")}, "an answer that is not the service's"},
		"an odd error":    {localrpc.Fault{Status: 403, Body: []byte(`{"Message":"x"}`)}, "an answer that is not the service's"},
		"no credentials":  {localrpc.Fault{Body: []byte("{}")}, "an answer that is not the service's"},
		"no secret":       {localrpc.Fault{Body: []byte(`{"Credentials":{"AccessKeyId":"a"}}`)}, "an answer that is not the service's"},
		"no expiration":   {localrpc.Fault{Body: []byte(credentials + "}}")}, "an answer that is not the service's"},
		"odd expiration":  {localrpc.Fault{Body: []byte(credentials + `,"Expiration":"soon"}}`)}, "an answer that is not the service's"},
		"a broken answer": {localrpc.Fault{Reset: true}, "no answer: "},
	} {
		s := newSTS(t)
		s.SetFault(func(localrpc.Request) *localrpc.Fault { return &c.fault })
		got, err := s.accounts.Identity(invoked(t.Context()), second)
		if got != (ossenc.Identity{}) || ossenc.CodeOf(err) != ossenc.Unavailable || !strings.HasPrefix(err.Error(), "AssumeRole: unavailable: "+roleIn(second)+": "+c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAccounts_RefusesWhatCannotBe(t *testing.T) {
	s := newSTS(t)
	s.accounts.Roles["4"] = ossenc.Account{RoleARN: roleIn(second)}
	s.accounts.Roles["5"] = ossenc.Account{}
	for name, c := range map[string]struct {
		ctx     context.Context
		account string
		want    string
	}{
		"an account without a role":  {invoked(t.Context()), "9", `AssumeRole: denied: no role is named for account "9"`},
		"a role of another account":  {invoked(t.Context()), "4", "AssumeRole: invalid: the role for account 4 belongs to account 2222222222222222"},
		"no role ARN":                {invoked(t.Context()), "5", `AssumeRole: invalid: "" is not a role ARN; write acs:ram::<account ID>:role/<name>`},
		"an invocation without keys": {t.Context(), second, "denied: no credentials: the invocation has none (does the function have a role?) and the default chain finds none"},
	} {
		if got, err := s.accounts.Identity(c.ctx, c.account); got != (ossenc.Identity{}) || err == nil || err.Error() != c.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if n := s.Count("AssumeRole"); n != 0 {
		t.Errorf("%d calls", n)
	}
	s.accounts.Fallback = func() (ossenc.Credentials, error) { return invocation.Credentials, nil }
	if got, err := s.accounts.Identity(t.Context(), second); err != nil || got.AccountID != second {
		t.Errorf("with a fallback: %+v, %v", got, err)
	}
}

// TestAccounts_ErrorsHoldNoSecret lets STS and the network say all they know:
// the token is in the address, and in what STS says it signed.
func TestAccounts_ErrorsHoldNoSecret(t *testing.T) {
	s := newSTS(t)
	wrong := invocation
	wrong.Credentials.AccessKeySecret += "-WRONG"
	_, mismatch := s.accounts.Identity(ossenc.WithIdentity(t.Context(), wrong), second)
	if log := s.Requests(); log[0].Code != "SignatureDoesNotMatch" {
		t.Fatalf("%+v", log)
	}
	s.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Reset: true} })
	_, reset := s.accounts.Identity(invoked(t.Context()), second)
	s.web.Close()
	_, refused := s.accounts.Identity(invoked(t.Context()), second)
	unknown := &alicloud.Accounts{Roles: s.accounts.Roles, STSEndpoint: "a b"}
	_, odd := unknown.Identity(invoked(t.Context()), second)
	for i, err := range []error{mismatch, reset, refused, odd} {
		if err == nil {
			t.Fatalf("error %d is none", i)
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "err", e, "raw", fmt.Sprintf("%+v %#v", e, e))
			if strings.Contains(log.String(), "MARK") {
				t.Errorf("%s", log.String())
			}
		}
	}
}
