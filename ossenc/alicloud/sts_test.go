package alicloud_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bucketwarden/ossenc/alicloud"

	localrpc "bucketwarden/internal/local/rpc"
	localsts "bucketwarden/internal/local/sts"
	"bucketwarden/ossenc"
)

const (
	ownAccount = "1111111111111111"
	second     = "2222222222222222"
	third      = "3333333333333333"
)

func roleIn(account string) string { return "acs:ram::" + account + ":role/warden" }

// invocation is what an invocation in ownAccount carries. The credentials are
// marked, so that a test can look for them where they must not be.
var invocation = ossenc.Identity{
	Credentials: ossenc.Credentials{AccessKeyID: "STS.MARK-ID", AccessKeySecret: "MARK-SECRET", SecurityToken: "MARK-TOKEN"},
	Region:      "cn-hangzhou",
	AccountID:   ownAccount,
}

func invoked(ctx context.Context) context.Context { return ossenc.WithIdentity(ctx, invocation) }

// sts is a local STS behind TLS, with a role in two accounts.
type sts struct {
	*localsts.Server
	web      *httptest.Server
	accounts *alicloud.Accounts
	clock    atomic.Int64 // of the server, Unix nanoseconds; 0 for now

	mu     sync.Mutex
	issued []localsts.Issued
}

func (s *sts) now() time.Time {
	if n := s.clock.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Now()
}

func (s *sts) keep(i localsts.Issued) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued = append(s.issued, i)
}

// last returns the credentials that were issued last.
func (s *sts) last() ossenc.Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.issued[len(s.issued)-1]
	return ossenc.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}
}

func newSTS(t *testing.T) *sts {
	t.Helper()
	s := &sts{}
	s.Server = localsts.New(localsts.Options{Options: localrpc.Options{AccountID: ownAccount, Now: s.now}, OnIssue: s.keep})
	c := invocation.Credentials
	s.AddAccessKey(localrpc.AccessKey{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken})
	s.PutRole(localsts.Role{ARN: roleIn(second), Trusts: []string{ownAccount}})
	s.PutRole(localsts.Role{ARN: roleIn(third), Trusts: []string{ownAccount}, ExternalID: "x-1"})
	s.listen(t, s)
	return s
}

// listen serves with a certificate that credentials-go trusts during the test: it
// makes its transports from http.DefaultTransport.
func (s *sts) listen(t *testing.T, h http.Handler) {
	t.Helper()
	s.web = httptest.NewTLSServer(h)
	s.web.Config.SetKeepAlivesEnabled(false) // no connection stays behind in a bubble
	usual := http.DefaultTransport
	trusting := usual.(*http.Transport).Clone()
	trusting.TLSClientConfig = s.web.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	http.DefaultTransport = trusting
	t.Cleanup(func() {
		http.DefaultTransport = usual
		s.web.Close()
	})
	host, err := alicloud.ParseSTSEndpoint(s.web.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.accounts = &alicloud.Accounts{
		STSEndpoint: host,
		Roles: map[string]ossenc.Account{
			second: {RoleARN: roleIn(second)},
			third:  {RoleARN: roleIn(third), ExternalID: "x-1"},
		},
	}
}
