package alicloud_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// STS answers with a session that is not whole: it acts for nobody, no other
// credentials stand in for it, other accounts go on, and the next answer counts.
func TestAccounts_HalfASessionActsForNobody(t *testing.T) {
	for _, empty := range []string{"AccessKeyId", "AccessKeySecret", "SecurityToken", "AccessKeyId AccessKeySecret SecurityToken"} {
		s := newSTS(t)
		members := []string{}
		for _, member := range []string{"AccessKeyId", "AccessKeySecret", "SecurityToken"} {
			value := "STS." + member[:4] // what redact remembers must hide no error text of other tests
			if strings.Contains(empty, member) {
				value = ""
			}
			members = append(members, fmt.Sprintf("%q:%q", member, value))
		}
		body := fmt.Sprintf(`{"Credentials":{%s,"Expiration":%q}}`, strings.Join(members, ","), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		s.SetFault(func(r localrpc.Request) *localrpc.Fault {
			if r.Params.Get("RoleArn") == roleIn(second) {
				return &localrpc.Fault{Body: []byte(body)}
			}
			return nil
		})
		s.accounts.Fallback = func() (ossenc.Credentials, error) {
			t.Error("asked for other credentials")
			return ossenc.Credentials{}, nil
		}
		got, err := s.accounts.Identity(invoked(t.Context()), second)
		if got != (ossenc.Identity{}) || ossenc.CodeOf(err) != ossenc.Unavailable || !strings.Contains(err.Error(), roleIn(second)) {
			t.Errorf("without %s: %+v, %v", empty, got, err)
		}
		if got, err := s.accounts.Identity(invoked(t.Context()), third); err != nil || got.AccountID != third {
			t.Errorf("another account beside it: %+v, %v", got, err)
		}
		s.SetFault(nil)
		if got, err := s.accounts.Identity(invoked(t.Context()), second); err != nil || got.Credentials != s.last() {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	}
}

// A session is known to the guard of texts from its beginning, used or not, whole or not:
// what repeats it may be said to another invocation.
func TestAccounts_ASessionsSecretsAreKnownAtOnce(t *testing.T) {
	for i, token := range []string{"tq8Zw3Lk9Vx2Rm7Yb4", ""} {
		s := newSTS(t)
		secret := []string{"sJ5nD1cH6gP0aQ8zU3", "sK2vT7eW4oB9yF1mX6"}[i]
		body := fmt.Sprintf(`{"Credentials":{"AccessKeyId":"STS.x%d","AccessKeySecret":%q,"SecurityToken":%q,"Expiration":%q}}`, i, secret, token, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		s.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Body: []byte(body)} })
		if _, err := s.accounts.Identity(invoked(t.Context()), second); (err == nil) != (token != "") {
			t.Fatalf("%v", err)
		}
		for _, text := range []string{secret, token} {
			if text != "" && (!alicloud.Repeats(t.Context(), "x-"+text) || strings.Contains(alicloud.Line(t.Context(), "said "+text), text)) {
				t.Errorf("%q is shown", text)
			}
		}
	}
}

// Whatever part of an identity's credentials is missing, nobody else's are taken: only
// an invocation of the own account without any credentials at all asks the chain.
func TestClient_TakesNobodyElsesCredentials(t *testing.T) {
	whole := ossenc.Credentials{AccessKeyID: "STS.own", AccessKeySecret: "own", SecurityToken: "own"}
	for _, c := range []struct {
		id   ossenc.Identity
		asks bool
	}{
		{ossenc.Identity{}, true},
		{ossenc.Identity{AccountID: ownAccount}, true},
		{ossenc.Identity{AccountID: second, Assumed: true}, false},
		{ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.x"}}, false},
		{ossenc.Identity{Credentials: ossenc.Credentials{AccessKeySecret: "x"}}, false},
		{ossenc.Identity{Credentials: ossenc.Credentials{SecurityToken: "x"}}, false},
		{ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.x", SecurityToken: "x"}}, false},
		{ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "STS.x", SecurityToken: "x"}, AccountID: second, Assumed: true}, false},
	} {
		asked, sent := 0, 0
		c.id.Region = "cn-hangzhou"
		client := alicloud.NewClient(alicloud.Endpoints{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			sent++
			return reply(r, 404, noRule), nil
		}), func() (ossenc.Credentials, error) { asked++; return whole, nil })
		_, err := client.Get(ossenc.WithIdentity(t.Context(), c.id), b1)
		if c.asks && (err != nil || asked == 0) || !c.asks && (ossenc.CodeOf(err) != ossenc.Denied || asked+sent > 0) {
			t.Errorf("%+v: %v, asked %d times, sent %d", c.id, err, asked, sent)
		}
	}
}
