package alicloud_test

import (
	"strings"
	"testing"
	"time"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// The user agent ends with the product token: the function's, or another program's
// own.
func TestClient_NamesItsProduct(t *testing.T) {
	for set, want := range map[string]string{"": "/bucketwarden", "bw-cli/v1.3.0": "/bw-cli/v1.3.0"} {
		a := newAccount(t, alicloud.Endpoints{})
		a.PutBucket(localoss.Bucket{Name: "my-bucket", Region: "cn-hangzhou"})
		a.client.UserAgent = set
		if _, err := a.client.Put(ctxOf(t), ossenc.Bucket{Name: "my-bucket", Region: "cn-hangzhou"}, ossenc.Rule{Algorithm: ossenc.AES256}); err != nil {
			t.Fatal(err)
		}
		for _, r := range a.Requests() {
			if !strings.HasSuffix(r.UserAgent, want) || set != "" && strings.Contains(r.UserAgent, ossenc.UserAgent) {
				t.Errorf("%s came from %q, want %q at its end", r.Operation, r.UserAgent, want)
			}
		}
	}
}

func TestClient_KnowsItsOwner(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	if got, err := a.client.Owner(ctxOf(t)); err != nil || got != "1234567890123456" {
		t.Errorf("the owner is %q (%v)", got, err)
	}
	a.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Code: "AccessDenied"} })
	if got, err := a.client.Owner(ctxOf(t)); ossenc.CodeOf(err) != ossenc.Denied || got != "" {
		t.Errorf("without the right: %q, %v", got, err)
	}
}

func TestAccounts_NameTheirSessions(t *testing.T) {
	s := newSTS(t)
	s.accounts.SessionName = "bw-cli-v1.3.0"
	if _, err := s.accounts.Identity(invoked(t.Context()), second); err != nil {
		t.Fatal(err)
	}
	if got := s.Requests()[len(s.Requests())-1].Params.Get("RoleSessionName"); got != "bw-cli-v1.3.0" {
		t.Errorf("the session's name is %q", got)
	}
}

// What a write was decided on is behind the product token, and nothing else changes.
func TestClient_SaysWhatAWriteWasDecidedOn(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "my-bucket", Region: "cn-hangzhou"})
	look := ossenc.Look{At: time.UnixMilli(1764150000123), Saw: ossenc.Saw(ossenc.Rule{})}
	b := ossenc.Bucket{Name: "my-bucket", Region: "cn-hangzhou"}
	if _, err := a.client.Put(ossenc.WithLook(ctxOf(t), look), b, ossenc.Rule{Algorithm: ossenc.AES256}); err != nil {
		t.Fatal(err)
	}
	agent := a.Requests()[0].UserAgent
	if got, ok := ossenc.ParseLook(agent); !ok || !got.At.Equal(look.At) || got.Saw != look.Saw || !strings.HasSuffix(agent, "/bucketwarden "+look.String()) {
		t.Errorf("%q has the look %v", agent, got)
	}
}
