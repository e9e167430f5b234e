package function

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"bucketwarden/internal/canned"
	localtrail "bucketwarden/internal/local/actiontrail"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/wire"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/policy"
)

// arena is a trail, and the function's questions to it by a clock of the test.
type arena struct {
	*localtrail.Server
	*fights
	now time.Time
	log strings.Builder
	n   int
}

func newArena(t *testing.T) *arena {
	a := &arena{now: time.Now().UTC().Truncate(time.Second)}
	keys := wire.NewKeys(wire.DefaultAccount)
	clock := func() time.Time { return a.now }
	a.Server = localtrail.New(localtrail.Options{Options: rpc.Options{Keys: keys}}) // signatures are by the real clock
	a.SetRate(0)
	keys.Add(wire.AccessKey{AccessKeyID: "guard", AccessKeySecret: "secret", Name: "guard/fc"})
	keys.Add(wire.AccessKey{AccessKeyID: "ci", Name: "ci"})
	keys.Add(wire.AccessKey{AccessKeyID: "member", Name: "member/fc"})
	server := httptest.NewServer(a.Server)
	t.Cleanup(server.Close)
	cfg := settings.Config{OwnRole: "guard", Trail: alicloud.Endpoints{Default: server.URL}, Policy: &policy.Policy{
		Accounts: []ossenc.Account{{ID: "2", RoleARN: "acs:ram::2:role/member"}},
	}}
	c := &cloud{transport: alicloud.NewTransport()}
	a.fights = newFights(cfg, c, slog.New(slog.NewTextHandler(&a.log, nil)))
	a.fights.now = clock
	return a
}

func (a *arena) call(ago time.Duration, operation, key, agent string) {
	a.n++
	a.Add(localoss.Request{Operation: operation, Bucket: "a-bucket", Region: "cn-hangzhou", AccessKeyID: key, Status: 200, RequestID: fmt.Sprintf("%024X", a.n), UserAgent: agent, Time: a.now.Add(-ago)})
}

// rounds lets ci remove the rule, and the function put it back.
func (a *arena) rounds(n int) {
	for i := range n {
		ago := time.Duration(n-i) * time.Hour
		a.call(ago, "DeleteBucketEncryption", "ci", "HashiCorp-Terraform/1.9")
		a.call(ago-time.Minute, "PutBucketEncryption", "guard", "bucketwarden")
	}
}

func (a *arena) trigger() ossenc.Trigger {
	call := ossenc.Call{UserType: "ram-user", UserName: "ci", UserAgent: "HashiCorp-Terraform/1.9"}
	return ossenc.Trigger{Actor: call.Actor(), Call: "DeleteBucketEncryption", At: a.now.Add(-time.Minute), ID: "NEW"}
}

func (a *arena) recent(t *testing.T) (ossenc.Contest, bool) {
	c := ossenc.Credentials{AccessKeyID: "guard", AccessKeySecret: "secret"}
	return a.Recent(ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: c}), ossenc.Bucket{Name: "a-bucket", Region: "cn-hangzhou"})
}

func TestFights(t *testing.T) {
	for _, c := range []struct {
		name     string
		prepare  func(*arena)
		repaired int // rounds after a repair, 0 for no fight
		before   int // rounds that the trail alone shows
	}{
		{"Nothing", func(*arena) {}, 0, 0},
		{"TwoRoundsAndThisOne", func(a *arena) { a.rounds(2) }, 3, 0},
		{"TerraformForSixRounds", func(a *arena) { a.rounds(6) }, 7, 6},
		{"OurOwnWritesOnly", func(a *arena) {
			for i := range 6 {
				a.call(time.Duration(i+1)*time.Hour, "PutBucketEncryption", "guard", "bucketwarden")
			}
		}, 0, 0},
		{"AnotherAccountsRoleIsOurs", func(a *arena) {
			for i := range 6 {
				a.call(time.Duration(i+1)*time.Hour, "PutBucketEncryption", "member", "bucketwarden")
			}
		}, 0, 0},
		{"AForgedUserAgentIsNotUs", func(a *arena) {
			for i := range 6 {
				a.call(time.Duration(i+1)*time.Hour, "PutBucketEncryption", "ci", "bucketwarden")
			}
		}, 0, 0},
		{"TooOld", func(a *arena) { a.now = a.now.Add(-30 * time.Hour); a.rounds(6); a.now = a.now.Add(30 * time.Hour) }, 0, 0},
		{"Nameless", func(a *arena) { a.SetShape(localtrail.Shape{Nameless: true}); a.rounds(6) }, 0, 0},
		{"WithTheRule", func(a *arena) { a.SetShape(localtrail.Shape{Rule: true}); a.rounds(3) }, 4, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newArena(t)
			c.prepare(a)
			contest, ok := a.recent(t)
			if !ok {
				t.Fatal(a.log.String())
			}
			rule := ossenc.Rule{Algorithm: ossenc.AES256}
			after, before := contest.Fight(a.trigger(), rule, true), contest.Fight(a.trigger(), rule, false)
			if after.Count != c.repaired || before.Count != c.before {
				t.Errorf("%+v, %+v", after, before)
			}
			if after.Count > 0 && (after.By.Name != "ci" || !strings.Contains(after.Advice, "ignore_changes")) {
				t.Errorf("%+v", after)
			}
		})
	}
}

// TestFights_AreAdvice: what ActionTrail refuses is known of no fight, is said once, and
// is left alone for some time.
func TestFights_AreAdvice(t *testing.T) {
	a := newArena(t)
	a.rounds(6)
	a.SetRefused(func(wire.AccessKey) bool { return true })
	for range 1000 {
		if _, ok := a.recent(t); ok {
			t.Fatal("known")
		}
		a.now = a.now.Add(500 * time.Millisecond)
	}
	if n := a.Count("LookupEvents"); n != 1 || strings.Count(a.log.String(), "\n") != 1 || !strings.Contains(a.log.String(), "level=WARN") {
		t.Errorf("%d calls, and the log\n%s", n, a.log.String())
	}
	a.SetRefused(nil)
	a.now = a.now.Add(afterRefused)
	if _, ok := a.recent(t); !ok {
		t.Error("not asked again")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	a.now = a.now.Add(time.Hour)
	if _, ok := a.Recent(ctx, ossenc.Bucket{Name: "a-bucket", Region: "cn-hangzhou"}); ok {
		t.Error("asked with too little time left")
	}
}

// TestFights_CallsForAThousandRepairs: as many as the pace allows, and far below what
// the account has.
func TestFights_CallsForAThousandRepairs(t *testing.T) {
	operations, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		each  time.Duration // between two repairs
		calls int
	}{{time.Millisecond, 2}, {100 * time.Millisecond, 100}, {time.Second, 1000}, {10 * time.Second, 2000}} {
		a := newArena(t)
		known := 0
		for range 1000 {
			if _, ok := a.recent(t); ok {
				known++
			}
			a.now = a.now.Add(c.each)
		}
		each := strings.NewReplacer("ms", " ms", "s", " s").Replace(c.each.String())
		if row := fmt.Sprintf("\n| %s | %d |\n", each, c.calls); !strings.Contains(string(operations), row) {
			t.Errorf("docs/operations.md has no %q", row)
		}
		if n := a.Count("LookupEvents"); n != c.calls || known != c.calls/2 || a.log.Len() > 0 {
			t.Errorf("a repair each %s: %d calls, want %d; %d answers; %s", c.each, n, c.calls, known, a.log.String())
		}
	}
}

// TestFights_Time logs what the question adds to one event, with permission and without.
func TestFights_Time(t *testing.T) {
	a := newArena(t)
	a.rounds(6)
	for _, refused := range []bool{false, true} {
		a.SetRefused(func(wire.AccessKey) bool { return refused })
		var all time.Duration
		for range 50 {
			a.now = a.now.Add(time.Hour / 200 * 60)
			begun := time.Now()
			a.recent(t)
			all += time.Since(begun)
			a.fights.next = map[string]time.Time{}
		}
		t.Logf("refused %t: %s for one event, on the loopback", refused, all/50)
	}
}

// TestFights_HostileAnswers: nothing that comes back is more than advice.
func TestFights_HostileAnswers(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"Events":null}`, `<html>`, `{"Events":[{"eventName":"PutBucketEncryption","eventTime":"9999-99-99T00:00:00Z","userIdentity":{"userName":"<script>"}}]}`} {
		f := newFights(settings.Config{Policy: &policy.Policy{}}, &cloud{transport: alicloud.NewTransport()}, slog.New(slog.NewTextHandler(io.Discard, nil)))
		f.client = actiontrail.New(alicloud.Endpoints{}, &canned.Transport{Answers: []canned.Answer{{Body: body}, {Body: body}}}, nil)
		ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "a", AccessKeySecret: "b"}})
		if c, ok := f.Recent(ctx, ossenc.Bucket{Name: "a-bucket", Region: "cn-hangzhou"}); ok && !c.Fight(ossenc.Trigger{}, ossenc.Rule{}, true).IsNone() {
			t.Errorf("%s is a fight", body)
		}
	}
}

// TestFights_NeedTheRole: without the function's role its own writes look like those of
// others, so no fight is found. That is said once, at the start.
func TestFights_NeedTheRole(t *testing.T) {
	for _, c := range []struct {
		ask  bool
		role string
		said int
	}{{true, "", 1}, {true, "guard", 0}, {false, "", 0}} {
		var log strings.Builder
		s := NewService(settings.Config{AskTrail: c.ask, OwnRole: c.role, Policy: policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})}, slog.New(slog.NewTextHandler(&log, nil)))
		s.Warden()
		s.Warden()
		if n := strings.Count(log.String(), "WARDEN_ROLE_NAME"); n != c.said || strings.Count(log.String(), "level=WARN") != c.said {
			t.Errorf("asking %t as %q: %s", c.ask, c.role, log.String())
		}
	}
}
