package e2e

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	localkms "bucketwarden/internal/local/kms"
	"bucketwarden/internal/local/stack"
	localsts "bucketwarden/internal/local/sts"
)

// web sends a request through the HTTP trigger: http METHOD TARGET [FILE]. The
// body is in the file answer, the status in the file status; neg wants 4xx or 5xx.
// TOKEN is the bearer token.
func web(ts *testscript.TestScript, neg bool, args []string) {
	body := ""
	if len(args) > 2 {
		body = ts.ReadFile(args[2])
	}
	req := httptest.NewRequest(args[0], args[1], strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token := ts.Getenv("TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	st := started(ts)
	st.OSS.ResetRequests()
	st.Function.Handler().ServeHTTP(rec, req)
	ts.Logf("%d %s", rec.Code, rec.Body)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), rec.Body.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("status"), []byte(strconv.Itoa(rec.Code)+"\n"), 0o600))
	if failed := rec.Code >= 400; failed != neg {
		ts.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
}

// member cuts a member out of the answer into a file: member NAME FILE.
func member(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), cut(ts, ts.ReadFile("answer"), args[0]), 0o600))
}

// digest sets DIGEST to that of a plan: digest FILE.
func digest(ts *testscript.TestScript, _ bool, args []string) {
	var plan struct{ Digest string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &plan))
	ts.Setenv("DIGEST", plan.Digest)
}

// The role of the account 2222222222222222 that trusts the function's account, and
// one that does not.
var roles = []localsts.Role{
	{ARN: "acs:ram::2222222222222222:role/bucketwarden", Trusts: []string{stack.Account}},
	{ARN: "acs:ram::3333333333333333:role/bucketwarden"},
}

// key changes a KMS key: key ID STATE.
func key(ts *testscript.TestScript, _ bool, args []string) {
	started(ts).KMS.PutKey(localkms.Key{ID: args[0], State: args[1]})
}
