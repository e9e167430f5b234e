package reliability_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
	localsts "bucketwarden/internal/local/sts"
	"bucketwarden/internal/reliability"
)

// policyFile writes a policy and returns the setting that names it.
func policyFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "WARDEN_POLICY=" + name
}

// single is the one result of an invocation, failed or not.
func single(t *testing.T, r localfc.Result) (verdict, code string) {
	t.Helper()
	text := r.Payload
	if r.FunctionError != "" {
		text = []byte(r.ErrorMessage())
	}
	var answer struct {
		Results []struct{ Verdict, Code string }
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Results) != 1 {
		t.Fatalf("%v in %s", err, text)
	}
	return answer.Results[0].Verdict, answer.Results[0].Code
}

// Another writer sets a key that the policy does not name, that is disabled, or that is
// not there, before each call of ours, and our write goes well or not. None of these keys
// is ever written by us, and nothing is called good with one of them.
func TestAnotherWritersKeys(t *testing.T) {
	theirs := map[string]localoss.Rule{
		"foreign":  {Algorithm: "KMS", KMSKeyID: "key-evil"},
		"disabled": {Algorithm: "KMS", KMSKeyID: "key-off"},
		"missing":  {Algorithm: "KMS", KMSKeyID: "key-lost"},
	}
	const sm4 = "rules: [{name: all, want: {algorithm: KMS, key: k, kms_data_encryption: SM4}}]\n"
	for name, tt := range map[string]struct {
		env  string
		code map[string]string // of each key; empty where it is a key as any other
	}{
		"PolicyWithKeys": {policyFile(t, "version: 1\nkeys: {k: {cn-hangzhou: key-1}}\n"+sm4), map[string]string{"foreign": "foreign_key", "disabled": "foreign_key", "missing": "foreign_key"}},
		"Settings":       {"WARDEN_ALGORITHM=SM4", map[string]string{"foreign": "", "disabled": "refused", "missing": "refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			ledger := &reliability.Ledger{}
			st, err := stack.Start(t.Context(), stack.Options{
				Binary: binary, Env: []string{tt.env}, OSS: localoss.Options{OnRule: ledger.OnRule},
				Keys:      []localkms.Key{{ID: "key-1"}, {ID: "key-evil"}, {ID: "key-off", State: "Disabled"}},
				Configure: func(c *localfc.Config) { c.Timeout = invocationTime },
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = st.Close(t.Context()) }()
			type moment struct {
				theirs localoss.Rule
				call   int  // before which they write
				fails  bool // our first write
			}
			cases, code := map[string]moment{}, map[string]string{}
			for key, rule := range theirs {
				for call := 1; call <= 3; call++ {
					for _, fails := range []bool{false, true} {
						bucket := fmt.Sprintf("%s-%d-%t", key, call, fails)
						cases[bucket], code[bucket] = moment{rule, call, fails}, tt.code[key]
						switch {
						case call == 2 && !fails:
							code[bucket] = "lost" // between our look and our write: OSS has no means against it
						case call == 3 && !fails && tt.code[key] == "":
							code[bucket] = "unconfirmed" // weaker than what we wrote, before the read-back
						}
						st.OSS.PutBucket(localoss.Bucket{Name: bucket})
					}
				}
			}
			var mu sync.Mutex
			calls := map[string]int{}
			st.OSS.SetFault(func(r localoss.Request) *localoss.Fault {
				mu.Lock()
				defer mu.Unlock()
				m, ok := cases[r.Bucket]
				if calls[r.Bucket]++; !ok {
					return nil
				}
				if calls[r.Bucket] == m.call {
					st.OSS.SetRule(r.Bucket, m.theirs)
				}
				if r.Operation == "PutBucketEncryption" && m.fails && calls[r.Bucket] <= 2 {
					return &localoss.Fault{Code: "ServiceUnavailable"}
				}
				return nil
			})
			var busy sync.WaitGroup
			for bucket := range cases {
				busy.Go(func() {
					r, err := st.Function.Invoke(t.Context(), stack.BucketCreated(bucket, bucket, stack.Region).JSON())
					if err != nil {
						t.Errorf("%s: %v", bucket, err)
						return
					}
					verdict, got := single(t, r)
					switch want := code[bucket]; {
					case want == "lost" || want == "":
						if got != "" || verdict != "fixed" {
							t.Errorf("%s: %s %s, want fixed", bucket, verdict, got)
						}
					case got != want || (verdict == "unknown") != (want == "unconfirmed"):
						t.Errorf("%s: %s %s, want %s", bucket, verdict, got, want)
					}
				})
			}
			busy.Wait()
			for key := range ledger.WrittenKeys() {
				if key == "key-off" || key == "key-lost" || key == "key-evil" && tt.code["foreign"] != "" {
					t.Errorf("%s was written", key)
				}
			}
		})
	}
}

// STS answers nonsense: nobody else's credentials stand in for the session's, the
// account's bucket is neither read nor written, and the function's own is done.
func TestSTSFaults(t *testing.T) {
	const member = "2222222222222222"
	st, err := stack.Start(t.Context(), stack.Options{
		Binary: binary, Roles: []localsts.Role{{ARN: "acs:ram::" + member + ":role/bucketwarden", Trusts: []string{stack.Account}}},
		Env:       []string{policyFile(t, "version: 1\naccounts: [{id: \""+member+"\", role_arn: \"acs:ram::"+member+":role/bucketwarden\"}]\nrules: [{name: all, want: {algorithm: AES256}}]\n")},
		Configure: func(c *localfc.Config) { c.Timeout = invocationTime },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close(t.Context()) }()
	sweep := func(want string, whole bool) {
		t.Helper()
		for name, owner := range map[string]string{"ours": "", "theirs": member} {
			st.OSS.PutBucket(localoss.Bucket{Name: name, Owner: owner})
		}
		st.OSS.ResetRequests()
		r, err := st.Function.Invoke(t.Context(), []byte(`{"action":"sweep"}`))
		if err != nil || r.ErrorType() != want {
			t.Errorf("errorType %q, want %q: %v %s", r.ErrorType(), want, err, r.Payload)
		}
		for name, done := range map[string]bool{"ours": true, "theirs": whole} {
			if b, _ := st.OSS.Bucket(name); (b.Rule.Algorithm == "AES256") != done {
				t.Errorf("%s has %+v", name, b.Rule)
			}
		}
		for _, call := range st.OSS.Requests() {
			if call.Bucket == "theirs" && !whole {
				t.Errorf("%s of theirs by %s", call.Operation, call.AccessKeyID)
			}
		}
	}
	const soon = `"Expiration":"2099-01-01T00:00:00Z"`
	for name, fault := range map[string]localrpc.Fault{
		"reset":      {Reset: true},
		"a page":     {Body: []byte("<html></html>")},
		"nothing":    {Body: []byte("{}")},
		"null":       {Body: []byte("null")},
		"no secret":  {Body: []byte(`{"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"","SecurityToken":"t",` + soon + `}}`)},
		"no key":     {Body: []byte(`{"Credentials":{"AccessKeyId":"","AccessKeySecret":"s","SecurityToken":"t",` + soon + `}}`)},
		"no token":   {Body: []byte(`{"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"s","SecurityToken":"",` + soon + `}}`)},
		"no end":     {Body: []byte(`{"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"s","SecurityToken":"t"}}`)},
		"an odd end": {Body: []byte(`{"Credentials":{"AccessKeyId":"STS.a","AccessKeySecret":"s","SecurityToken":"t","Expiration":"soon"}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			st.STS.SetFault(func(localrpc.Request) *localrpc.Fault { return &fault })
			sweep("unavailable", false)
		})
	}
	st.STS.SetFault(nil)
	sweep("", true)
}
