package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"bucketwarden/internal/local/cloudconfig"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
)

// configured is the real function, and a local Cloud Config that it submits to.
func configured(t *testing.T, log io.Writer) (*stack.Stack, *cloudconfig.Server) {
	t.Helper()
	st, err := stack.Start(t.Context(), stack.Options{Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.WithoutCancel(t.Context())); err != nil { // ended by now
			t.Error(err)
		}
	})
	server := cloudconfig.New(rpc.Options{Keys: st.Keys, AccountID: stack.Account})
	url, err := st.Serve(t.Context(), "", server, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Function.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := st.StartFunction(t.Context(), stack.Options{Binary: binary, Env: []string{"WARDEN_CONFIG_ENDPOINT=" + url}, Log: log}); err != nil {
		t.Fatal(err)
	}
	return st, server
}

// configAnswer is the function's answer to a call of a rule.
type configAnswer struct {
	Complete  bool
	Submitted int
	Totals    map[string]int `json:"by_compliance"`
	Errors    []string
}

func callRule(t *testing.T, st *stack.Stack, event []byte) (configAnswer, localfc.Result) {
	t.Helper()
	res, err := st.Function.Invoke(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	body := res.Payload
	if res.FunctionError != "" {
		body = []byte(res.ErrorMessage())
	}
	var a configAnswer
	_ = json.Unmarshal(body, &a) // an answer of another form has no members of it
	return a, res
}

func TestCloudConfig_RuleAboutOneBucket(t *testing.T) {
	var log strings.Builder
	st, config := configured(t, &log)
	denied := ""
	st.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
		if r.Bucket == denied {
			return &localoss.Fault{Code: "AccessDenied"}
		}
		return nil
	})
	st.OSS.PutBucket(localoss.Bucket{Name: "plain-bucket", Region: stack.Region})
	st.OSS.PutBucket(localoss.Bucket{Name: "good-bucket", Region: stack.Region, Rule: localoss.Rule{Algorithm: "AES256"}})
	for _, c := range []struct {
		bucket, denied, want, fails string
	}{
		{"plain-bucket", "", "NON_COMPLIANT current none, required AES256", ""},
		{"good-bucket", "", "COMPLIANT current AES256, required AES256", ""},
		{"deleted-bucket", "", "NOT_APPLICABLE ", ""},
		{"good-bucket", "good-bucket", "INSUFFICIENT_DATA ", "denied"},
	} {
		denied = c.denied
		answer, res := callRule(t, st, config.Change(stack.Account, stack.Region, c.bucket))
		got := config.Results()[stack.Account+"/"+c.bucket]
		if !strings.HasPrefix(got.Compliance+" "+got.Annotation, c.want) || got.Region != stack.Region || res.ErrorType() != c.fails || answer.Submitted != 1 {
			t.Errorf("%s: %+v, %s", c.bucket, got, res.Payload)
		}
	}
	denied = ""
	if n := st.OSS.Count("PutBucketEncryption"); n != 0 {
		t.Errorf("a rule wrote %d times", n)
	}
	// A token that Cloud Config does not know, and one that has expired: the
	// submission fails, so the invocation fails, and neither is shown.
	unknown := strings.Replace(string(config.Change(stack.Account, stack.Region, "good-bucket")), `"resultToken":"`, `"resultToken":"UNKNOWNTOKEN`, 1)
	config.SetTokenLife(-time.Second)
	expired := string(config.Change(stack.Account, stack.Region, "good-bucket"))
	for name, event := range map[string]string{"InvalidResultToken": unknown, "ResultTokenExpired": expired} {
		var e struct{ ResultToken string }
		if err := json.Unmarshal([]byte(event), &e); err != nil {
			t.Fatal(err)
		}
		answer, res := callRule(t, st, []byte(event))
		if res.FunctionError == "" || answer.Complete || answer.Submitted != 0 || !strings.Contains(fmt.Sprint(answer.Errors), name) {
			t.Errorf("%s: %s", name, res.Payload)
		}
		if shown := string(res.Payload) + res.Log; strings.Contains(shown, e.ResultToken) || strings.Contains(shown, e.ResultToken[:16]) {
			t.Errorf("%s: the token is shown in %s", name, shown)
		}
	}
}

func TestCloudConfig_PeriodicRule(t *testing.T) {
	st, config := configured(t, nil)
	for i := range 250 {
		st.OSS.PutBucket(localoss.Bucket{Name: fmt.Sprintf("bucket-%03d", i), Region: stack.Region, Rule: localoss.Rule{Algorithm: []string{"", "AES256"}[i%2]}})
	}
	answer, res := callRule(t, st, config.Periodic(stack.Account))
	if res.FunctionError != "" || !answer.Complete || answer.Submitted != 250 || answer.Totals["COMPLIANT"] != 125 || answer.Totals["NON_COMPLIANT"] != 125 {
		t.Fatalf("%s", res.Payload)
	}
	if got := config.Results(); len(got) != 250 || config.Submitted() != 3 || got[stack.Account+"/bucket-007"].Compliance != "COMPLIANT" {
		t.Errorf("%d results by %d submissions", len(got), config.Submitted())
	}
	for _, r := range config.Requests() {
		if r.Params.Has("DeleteMode") {
			t.Error("DeleteMode with a part of a run")
		}
	}
	// The second of three submissions is refused: what is there stays, the
	// invocation fails.
	calls := 0
	config.SetFault(func(rpc.Request) *rpc.Fault {
		if calls++; calls == 2 {
			return &rpc.Fault{Code: "NoPermission"}
		}
		return nil
	})
	answer, res = callRule(t, st, config.Periodic(stack.Account))
	if res.ErrorType() != "denied" || answer.Complete || answer.Submitted != 100 || len(config.Results()) != 250 {
		t.Errorf("half: %s", res.Payload)
	}
	config.SetFault(nil)
	// With few buckets one submission is whole, so the results of deleted buckets go.
	for i := range 240 {
		st.OSS.DeleteBucket(fmt.Sprintf("bucket-%03d", i))
	}
	answer, res = callRule(t, st, config.Periodic(stack.Account))
	if res.FunctionError != "" || !answer.Complete || answer.Submitted != 10 || len(config.Results()) != 10 {
		t.Errorf("whole: %s, %d results", res.Payload, len(config.Results()))
	}
	// Throttled, it is tried again.
	throttled := 2
	config.SetFault(func(rpc.Request) *rpc.Fault {
		if throttled--; throttled >= 0 {
			return &rpc.Fault{Code: "Throttling.User"}
		}
		return nil
	})
	if answer, res = callRule(t, st, config.Periodic(stack.Account)); res.FunctionError != "" || answer.Submitted != 10 {
		t.Errorf("throttled: %s", res.Payload)
	}
	// An account that there is no role for is one visible failure; nothing of the
	// function's own account is submitted under its name.
	config.SetFault(nil)
	before := config.Submitted()
	if answer, res = callRule(t, st, config.Periodic("9999999999999999")); res.ErrorType() != "denied" || answer.Submitted != 0 || config.Submitted() != before {
		t.Errorf("another account: %s", res.Payload)
	}
}
