package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

const twoAccounts = `version: 1
accounts:
  - {id: "2222222222222222", role_arn: "acs:ram::2222222222222222:role/bucketwarden"}
rules:
  - name: all
    want: {algorithm: AES256}
`

// slow are calls of the function that OSS does not answer until the caller has seen the
// beginning of the report, which is of these buckets. lists counts the account's lists.
var slow = map[string]struct {
	prefix string
	is     func(r localoss.Request, lists int) bool
}{
	"a bucket": {"zz-", func(r localoss.Request, _ int) bool { return r.Bucket == "zz-slow" }},
	"an account's list": {"zz-", func(r localoss.Request, _ int) bool {
		return r.Operation == "ListBuckets" && !isOwn(r)
	}},
	"the list's second page": {"", func(r localoss.Request, lists int) bool {
		return r.Operation == "ListBuckets" && isOwn(r) && lists > 1
	}},
}

// isOwn tells the keys of the function's role from those of the other account's.
func isOwn(r localoss.Request) bool { return strings.HasPrefix(r.AccessKeyID, "STS.local") }

// In the custom runtime the forms that are written as the rows come reach the caller
// while OSS still owes answers. Nothing is measured: the slow answer comes only after
// the first byte was seen, so without that the function would give up on it.
func TestFirstByte_ComesBeforeTheLastAnswerOfOSS(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte(twoAccounts), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := stack.Start(context.WithoutCancel(t.Context()), stack.Options{
		Binary: binary, Roles: roles, Env: []string{"WARDEN_HTTP_AUTH=platform", "WARDEN_POLICY=" + policy},
		Configure: func(c *localfc.Config) { c.Runtime, c.Timeout = localfc.RuntimeCustom, time.Minute },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for i := range 1000 { // a page of the list
		s.OSS.PutBucket(localoss.Bucket{Name: fmt.Sprintf("b-%04d", i), Region: stack.Region})
	}
	for name, owner := range map[string]string{"zz-first": "", "zz-slow": "", "zz-theirs": "2222222222222222"} {
		s.OSS.PutBucket(localoss.Bucket{Name: name, Region: stack.Region, Owner: owner})
	}
	front := httptest.NewServer(s.Function.Handler())
	t.Cleanup(front.Close)
	for what, call := range slow {
		for form, complete := range map[string]string{"json": `"complete":true`, "csv": "report,complete,,,,yes", "prometheus": "bucketwarden_report_complete 1", "ocsf": "every bucket was read"} {
			t.Run(what+"/"+form, func(t *testing.T) {
				rest := firstByte(t, s, front.URL+"/report?format="+form+"&prefix="+call.prefix, call.is)
				// Had the function given up, the report would say so.
				if !strings.Contains(rest, complete) || !strings.Contains(rest, "zz-theirs") || !strings.Contains(rest, "zz-slow") {
					t.Errorf("%d bytes follow: %.300s", len(rest), rest[max(0, len(rest)-1000):])
				}
			})
		}
	}
}

// firstByte asks for a report, lets OSS give the slow answer when the first byte has come,
// and returns what follows.
func firstByte(t *testing.T, s *stack.Stack, url string, isSlow func(localoss.Request, int) bool) string {
	came, seen := make(chan struct{}, 10), make(chan struct{})
	answer := sync.OnceFunc(func() { close(seen) })
	defer answer()
	var mu sync.Mutex
	lists := map[string]int{}
	s.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		mu.Lock()
		if r.Operation == "ListBuckets" {
			lists[r.AccessKeyID]++
		}
		held := isSlow(r, lists[r.AccessKeyID])
		mu.Unlock()
		if held {
			came <- struct{}{}
			<-seen
		}
		return nil
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", resp.StatusCode, err)
	}
	<-came // and it is still without an answer
	answer()
	rest, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(rest)
}
