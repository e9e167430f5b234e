package reliability_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/stack"
)

// A key of which nothing is known, or that cannot be used, is never written, and
// the event fails where somebody sees it.
func TestKMSFaults(t *testing.T) {
	tests := map[string]struct {
		key   localkms.Key
		fault *localrpc.Fault
		code  string // empty: the rule is fixed
	}{
		"none":                  {code: ""},
		"reset":                 {fault: &localrpc.Fault{Reset: true}, code: "unavailable"},
		"500":                   {fault: &localrpc.Fault{Status: 500, Code: "InternalFailure"}, code: "unavailable"},
		"throttled":             {fault: &localrpc.Fault{Status: 400, Code: "Throttling.User"}, code: "throttled"},
		"denied":                {fault: &localrpc.Fault{Status: 403, Code: "Forbidden.NoPermission"}, code: "denied"},
		"token expired":         {fault: &localrpc.Fault{Status: 400, Code: "InvalidSecurityToken.Expired"}, code: "denied"},
		"slow":                  {fault: &localrpc.Fault{Delay: time.Minute}, code: "deadline"},
		"a page":                {fault: &localrpc.Fault{Body: []byte("<html></html>")}, code: "unavailable"},
		"nothing":               {fault: &localrpc.Fault{Body: []byte("{}")}, code: "unavailable"},
		"null":                  {fault: &localrpc.Fault{Body: []byte("null")}, code: "unavailable"},
		"too long":              {fault: &localrpc.Fault{Body: make([]byte, 4<<20)}, code: "unavailable"},
		"key disabled":          {key: localkms.Key{State: "Disabled"}, code: "refused"},
		"key about to go":       {key: localkms.Key{State: "PendingDeletion"}, code: "refused"},
		"key of another region": {key: localkms.Key{Region: "cn-beijing"}, code: "refused"},
		"key for signing":       {key: localkms.Key{Usage: "SIGN/VERIFY"}, code: "refused"},
	}
	var busy sync.WaitGroup
	for name, tt := range tests {
		tt.key.ID = "key-1"
		st, err := stack.Start(t.Context(), stack.Options{
			Binary: binary, Keys: []localkms.Key{tt.key},
			Env:       []string{"WARDEN_ALGORITHM=KMS", "WARDEN_KMS_KEY_ID=key-1"},
			Configure: func(c *localfc.Config) { c.Timeout = invocationTime },
		})
		if err != nil {
			t.Fatal(err)
		}
		st.KMS.SetFault(func(localrpc.Request) *localrpc.Fault { return tt.fault })
		st.OSS.PutBucket(localoss.Bucket{Name: "c0001"})
		busy.Go(func() {
			res, err := st.Function.Invoke(t.Context(), stack.BucketCreated("id", "c0001", stack.Region).JSON())
			if err != nil || res.ErrorType() != tt.code || (res.FunctionError != "") != (tt.code != "") {
				t.Errorf("%s: errorType %q, want %q: %v %s", name, res.ErrorType(), tt.code, err, res.Payload)
			}
			want := localoss.Rule{}
			if tt.code == "" {
				want = localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}
			}
			if b, _ := st.OSS.Bucket("c0001"); b.Rule != want {
				t.Errorf("%s: %+v is in force, want %+v", name, b.Rule, want)
			}
			st.KMS.SetFault(nil)
			if err := usable(t.Context(), st); err != nil {
				t.Errorf("%s: the next event: %v", name, err)
			}
			if err := st.Close(context.WithoutCancel(t.Context())); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	busy.Wait()
}

// usable sends an event for a bucket that has its rule already.
func usable(ctx context.Context, st *stack.Stack) error {
	st.OSS.PutBucket(localoss.Bucket{Name: "c0002", Rule: localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}})
	res, err := st.Function.Invoke(ctx, stack.BucketCreated("id", "c0002", stack.Region).JSON())
	if err == nil && res.FunctionError != "" {
		err = fmt.Errorf("%s", res.Payload)
	}
	return err
}
