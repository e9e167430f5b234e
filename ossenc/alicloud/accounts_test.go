package alicloud_test

import (
	"context"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/tlsdial"

	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
)

func TestAccounts_OwnIdentityTakesNoCall(t *testing.T) {
	s := newSTS(t)
	for _, id := range []string{ownAccount, ""} {
		if got, err := s.accounts.Identity(invoked(t.Context()), id); err != nil || got != invocation {
			t.Errorf("%q: %+v, %v", id, got, err)
		}
	}
	if n := s.Count("AssumeRole"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestAccounts_AssumesTheRoleOfAnother(t *testing.T) {
	s := newSTS(t)
	for _, account := range []string{second, third} {
		got, err := s.accounts.Identity(invoked(t.Context()), account)
		if want := (ossenc.Identity{Credentials: s.last(), Region: "cn-hangzhou", AccountID: account, Assumed: true}); err != nil || got != want {
			t.Errorf("%s: %+v, %v", account, got, err)
		}
		r := s.Requests()[len(s.Requests())-1]
		asked := []string{r.AccessKeyID, r.Params.Get("RoleArn"), r.Params.Get("RoleSessionName"), r.Params.Get("DurationSeconds"), r.Params.Get("ExternalId")}
		if want := []string{"STS.MARK-ID", roleIn(account), "bucketwarden", "3600", s.accounts.Roles[account].ExternalID}; !slices.Equal(asked, want) {
			t.Errorf("asked with %q", asked)
		}
	}
}

func TestAccounts_CallersOfOneAccountShareOneCall(t *testing.T) {
	s := newSTS(t)
	var all sync.WaitGroup
	for i := range 100 {
		account := []string{second, third, ownAccount}[i%3]
		all.Go(func() {
			if got, err := s.accounts.Identity(invoked(t.Context()), account); err != nil || got.AccountID != account {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	all.Wait()
	if n := s.Count("AssumeRole"); n != 2 {
		t.Errorf("%d calls for two accounts", n)
	}
}

// TestAccounts_AssumesAgainBeforeTheEnd passes the time of a session of an hour.
func TestAccounts_AssumesAgainBeforeTheEnd(t *testing.T) {
	s := newSTS(t)
	s.AddAccessKey(localrpc.AccessKey{AccessKeyID: "STS.next", AccessKeySecret: "s", SecurityToken: "t"})
	synctest.Test(t, func(t *testing.T) {
		ask := func(ctx context.Context) ossenc.Credentials {
			t.Helper()
			s.clock.Store(time.Now().UnixNano())
			got, err := s.accounts.Identity(ctx, second)
			if err != nil {
				t.Fatal(err)
			}
			return got.Credentials
		}
		first := ask(invoked(t.Context()))
		time.Sleep(56*time.Minute + 59*time.Second)
		if again := ask(invoked(t.Context())); again != first || s.Count("AssumeRole") != 1 {
			t.Errorf("%d calls before 3 minutes are left", s.Count("AssumeRole"))
		}
		time.Sleep(time.Second)
		// The invocation of an hour ago is over, and so are its credentials.
		s.AddAccessKey(localrpc.AccessKey{AccessKeyID: "STS.MARK-ID", AccessKeySecret: "MARK-SECRET", SecurityToken: "MARK-TOKEN", Expires: time.Now()})
		next := invocation
		next.Credentials = ossenc.Credentials{AccessKeyID: "STS.next", AccessKeySecret: "s", SecurityToken: "t"}
		if renewed := ask(ossenc.WithIdentity(t.Context(), next)); renewed == first || renewed != s.last() || s.Count("AssumeRole") != 2 {
			t.Errorf("%d calls when 3 minutes are left", s.Count("AssumeRole"))
		}
	})
}

func TestAccounts_ASlowAccountHoldsUpNoOther(t *testing.T) {
	s := newSTS(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	s.SetFault(func(r localrpc.Request) *localrpc.Fault {
		if r.Params.Get("RoleArn") == roleIn(second) {
			close(arrived)
			<-release
		}
		return nil
	})
	slow, cancel := context.WithCancel(invoked(t.Context()))
	ended := make(chan error)
	go func() {
		_, err := s.accounts.Identity(slow, second)
		ended <- err
	}()
	<-arrived
	if got, err := s.accounts.Identity(invoked(t.Context()), third); err != nil || got.AccountID != third {
		t.Errorf("the other account: %+v, %v", got, err)
	}
	cancel()
	err := <-ended
	const want = "AssumeRole: deadline: acs:ram::2222222222222222:role/warden: no answer before the invocation's time ran out"
	if ossenc.CodeOf(err) != ossenc.Deadline || err.Error() != want || !errors.Is(err, context.Canceled) {
		t.Errorf("the slow account: %v", err)
	}
	close(release)
	if got, err := s.accounts.Identity(invoked(t.Context()), second); err != nil || got.AccountID != second || s.Count("AssumeRole") != 2 {
		t.Errorf("what came too late: %+v, %v after %d calls", got, err, s.Count("AssumeRole"))
	}
}

// TestAccounts_TrustsTheFileThatIsNamed is how a real program trusts a local
// STS: by SSL_CERT_FILE, which is read once for each process.
func TestAccounts_TrustsTheFileThatIsNamed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SSL_CERT_FILE is not read on every system")
	}
	if host := os.Getenv("BUCKETWARDEN_TEST_STS"); host != "" { // the other process
		reports := 0
		alicloud.ShareWithSTS(alicloud.NewTransportWith(&tlsdial.Dialer{Report: func(tlsdial.Used) { reports++ }}))
		accounts := &alicloud.Accounts{STSEndpoint: host, Roles: map[string]ossenc.Account{second: {RoleARN: roleIn(second)}}}
		if got, err := accounts.Identity(invoked(t.Context()), second); err != nil || got.AccountID != second {
			t.Errorf("%+v, %v", got, err)
		}
		if reports != 1 {
			t.Errorf("STS was asked around the shared transport: %d reports", reports)
		}
		return
	}
	s := newSTS(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.web.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	other.Env = append(os.Environ(), "SSL_CERT_FILE="+file, "BUCKETWARDEN_TEST_STS="+s.accounts.STSEndpoint)
	if out, err := other.CombinedOutput(); err != nil || s.Count("AssumeRole") != 1 {
		t.Errorf("%v after %d calls: %s", err, s.Count("AssumeRole"), out)
	}
}
