package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/resourcedirectory"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
	localsts "bucketwarden/internal/local/sts"
)

const directoryPolicy = `
version: 1
resource_directory:
  role_name: bucketwarden-member
  exclude: [fd-sandbox]
rules:
  - name: management
    match: {accounts: ["%s"]}
    want: {algorithm: AES256}
  - name: payments
    match: {account_names: ["pay *"], account_tags: {env: prod}}
    want: {algorithm: KMS}
  - name: rest
    want: {algorithm: AES256}
`

func memberID(i int) string { return fmt.Sprintf("3%015d", i) }

// organised is the real function in the management account of an organisation with
// n members that have the role.
func organised(t *testing.T, n int, log *bytes.Buffer) *stack.Stack {
	t.Helper()
	o := stack.Options{Binary: binary, Dir: t.TempDir(), Log: log, Configure: func(c *localfc.Config) { c.Timeout = 5 * time.Minute }}
	for i := range n {
		o.Members = append(o.Members, resourcedirectory.Account{ID: memberID(i), Name: fmt.Sprintf("member %d", i), Folders: []string{"fd-all"}})
		o.Roles = append(o.Roles, localsts.Role{ARN: "acs:ram::" + memberID(i) + ":role/bucketwarden-member", Trusts: []string{stack.Account}})
	}
	path := filepath.Join(o.Dir, "policy.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, directoryPolicy, stack.Account), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Env = []string{"WARDEN_POLICY=" + path}
	st, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return st
}

// sweepAnswer is the function's answer to a sweep.
type sweepAnswer struct {
	Complete bool
	Buckets  int
	Totals   map[string]int `json:"by_verdict"`
	Errors   []string
}

func sweepAll(t *testing.T, st *stack.Stack) (sweepAnswer, localfc.Result) {
	t.Helper()
	res, err := st.Function.Invoke(t.Context(), []byte(`{"action":"sweep"}`))
	if err != nil {
		t.Fatal(err)
	}
	body := res.Payload
	if res.FunctionError != "" {
		body = []byte(res.ErrorMessage())
	}
	var a sweepAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return a, res
}

func ruleOf(t *testing.T, st *stack.Stack, bucket string) string {
	t.Helper()
	b, ok := st.OSS.Bucket(bucket)
	if !ok {
		t.Fatalf("no bucket %s", bucket)
	}
	return b.Rule.Algorithm
}

// TestDirectory_AThousandMembers are read in pages, once a run. A member that is
// suspended and one without the role are one failure each, and nothing else; a new
// one is there in the next run.
func TestDirectory_AThousandMembers(t *testing.T) {
	var log bytes.Buffer
	st := organised(t, 1000, &log)
	st.Directory.Put(resourcedirectory.Account{ID: memberID(7), Name: "suspended", Status: "Suspended"})
	st.Directory.Put(resourcedirectory.Account{ID: memberID(8), Name: "going", DeletionStatus: "Deleting"})
	st.Directory.Put(resourcedirectory.Account{ID: memberID(9), Name: "sandbox", Folders: []string{"fd-sandbox", "fd-x"}})
	st.Directory.Put(resourcedirectory.Account{ID: memberID(10), Name: "pay \x1b[31m\u202eeu", Tags: map[string]string{"env": "prod"}})
	st.Directory.Put(resourcedirectory.Account{ID: memberID(11), Name: "pay x", Tags: map[string]string{"env": "test"}})
	st.Directory.Put(resourcedirectory.Account{ID: memberID(2000), Name: "no role"})
	for i, owner := range []int{-1, 0, 7, 8, 9, 10, 11, 999, 2000} {
		b := localoss.Bucket{Name: fmt.Sprintf("bucket-%d", i), Region: stack.Region}
		if owner >= 0 {
			b.Owner = memberID(owner)
		}
		st.OSS.PutBucket(b)
	}
	a, res := sweepAll(t, st)
	if res.ErrorType() != "denied" || a.Buckets != 5 || a.Totals["fixed"] != 5 || len(a.Errors) != 2 ||
		!strings.Contains(a.Errors[0], memberID(7)) || !strings.Contains(a.Errors[0], "Suspended") || !strings.Contains(a.Errors[1], memberID(2000)) {
		t.Errorf("%+v %s", a, res.ErrorType())
	}
	for bucket, want := range map[string]string{"bucket-0": "AES256", "bucket-1": "AES256", "bucket-2": "", "bucket-3": "", "bucket-4": "", "bucket-5": "KMS", "bucket-6": "AES256", "bucket-7": "AES256", "bucket-8": ""} {
		if got := ruleOf(t, st, bucket); got != want {
			t.Errorf("%s has %q, want %q", bucket, got, want)
		}
	}
	if pages := st.Directory.Count("ListAccounts"); pages != 11 {
		t.Errorf("%d pages were read for 1,001 members", pages)
	}
	if text := log.String(); strings.ContainsAny(text, "\x1b\u202e") {
		t.Error("a name is in the log as it is")
	}
	for _, r := range st.STS.Requests() {
		if arn := r.Params.Get("RoleArn"); slices.ContainsFunc([]int{7, 8, 9}, func(i int) bool { return strings.Contains(arn, memberID(i)) }) {
			t.Errorf("a role was assumed: %s", arn)
		}
	}
}

// TestDirectory_NewAccountsAndRefusedPages: what is new is covered by the next run. A run
// without a whole list covers what is known, fails, and says why.
func TestDirectory_NewAccountsAndRefusedPages(t *testing.T) {
	var log bytes.Buffer
	st := organised(t, 150, &log)
	st.OSS.PutBucket(localoss.Bucket{Name: "own", Region: stack.Region})
	st.OSS.PutBucket(localoss.Bucket{Name: "first", Region: stack.Region, Owner: memberID(0)})
	refuse := func(code string) {
		st.Directory.SetFault(func(r rpc.Request) *rpc.Fault {
			if code == "" || r.Params.Get("NextToken") == "" {
				return nil
			}
			return &rpc.Fault{Code: code}
		})
	}
	refuse("NoPermission")
	a, res := sweepAll(t, st)
	if res.ErrorType() != "denied" || a.Complete || a.Totals["fixed"] != 1 || len(a.Errors) != 1 || !strings.HasPrefix(a.Errors[0], "ListAccounts: denied") {
		t.Errorf("a refused page: %+v %s", a, res.ErrorType())
	}
	if st.STS.Count("AssumeRole") != 0 {
		t.Error("a role was assumed from half a list")
	}
	refuse("")
	if a, res = sweepAll(t, st); res.FunctionError != "" || !a.Complete || a.Buckets != 2 || ruleOf(t, st, "first") != "AES256" {
		t.Errorf("whole: %+v %s", a, res.Payload)
	}
	st.Directory.Put(resourcedirectory.Account{ID: memberID(700), Name: "new"})
	st.STS.PutRole(localsts.Role{ARN: "acs:ram::" + memberID(700) + ":role/bucketwarden-member", Trusts: []string{stack.Account}})
	st.OSS.PutBucket(localoss.Bucket{Name: "new", Region: stack.Region, Owner: memberID(700)})
	if a, res = sweepAll(t, st); res.FunctionError != "" || a.Buckets != 3 || ruleOf(t, st, "new") != "AES256" {
		t.Errorf("with a new account: %+v %s", a, res.Payload)
	}
}

// TestDirectory_Events of accounts that the policy does not name ask the directory, once
// for all of 10 minutes. Not a member: ignored. A silent directory: unknown.
func TestDirectory_Events(t *testing.T) {
	var log bytes.Buffer
	st := organised(t, 3, &log)
	for bucket, owner := range map[string]string{"own": "", "theirs": memberID(1), "foreign": "9999999999999999"} {
		st.OSS.PutBucket(localoss.Bucket{Name: bucket, Region: stack.Region, Owner: owner})
	}
	send := func(bucket, account string) (verdict, code string) {
		t.Helper()
		res, err := st.Function.Invoke(t.Context(), fmt.Appendf(nil,
			`{"specversion":"1.0","id":"%s","source":"acs.oss","type":"oss:BucketCreated:PutBucket","time":%q,"aliyunoriginalaccountid":%q,"data":{"oss":{"bucket":{"name":%q}}}}`,
			bucket, time.Now().Format(time.RFC3339), account, bucket))
		if err != nil {
			t.Fatal(err)
		}
		body := res.Payload
		if res.FunctionError != "" {
			body = []byte(res.ErrorMessage())
		}
		var a struct {
			Results []struct{ Verdict, Code string }
		}
		if err := json.Unmarshal(body, &a); err != nil || len(a.Results) != 1 {
			t.Fatalf("%v in %s", err, body)
		}
		return a.Results[0].Verdict, a.Results[0].Code
	}
	expect := func(bucket, account, want string) {
		t.Helper()
		if v, c := send(bucket, account); strings.TrimSpace(v+" "+c) != want {
			t.Errorf("%s of %s: %s %s, want %s", bucket, account, v, c, want)
		}
	}
	st.Directory.SetFault(func(rpc.Request) *rpc.Fault { return &rpc.Fault{Code: "NoPermission"} })
	expect("theirs", memberID(1), "unknown denied")
	expect("foreign", "9999999999999999", "unknown denied")
	expect("own", stack.Account, "fixed") // is not asked about
	if n := st.STS.Count("AssumeRole"); n != 0 {
		t.Errorf("%d roles were assumed without the directory", n)
	}
	st.Directory.SetFault(nil)
	if err := st.Function.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, fmt.Appendf(nil, directoryPolicy, stack.Account), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := st.StartFunction(t.Context(), stack.Options{Binary: binary, Env: []string{"WARDEN_POLICY=" + policy}}); err != nil {
		t.Fatal(err)
	}
	before := st.Directory.Count("ListAccounts")
	for range 3 {
		expect("foreign", "9999999999999999", "ignored")
	}
	expect("theirs", memberID(1), "fixed")
	if n := st.Directory.Count("ListAccounts") - before; n != 1 {
		t.Errorf("the directory was asked %d times, want once", n)
	}
	for _, r := range st.STS.Requests() {
		if strings.Contains(r.Params.Get("RoleArn"), "9999999999999999") {
			t.Error("a role of an account that is no member was assumed")
		}
	}
	if ruleOf(t, st, "foreign") != "" {
		t.Error("a bucket of another organisation was written")
	}
}
