package kms_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"bucketwarden/ossenc/alicloud"

	localrpc "bucketwarden/internal/local/rpc"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/kms"
)

// TestDescribe_Fails: one row for each code that KMS or the gateway before it
// documents.
func TestDescribe_Fails(t *testing.T) {
	for _, c := range []struct {
		fault localrpc.Fault
		code  ossenc.Code
		calls int
	}{
		{localrpc.Fault{Code: "Throttling"}, ossenc.Throttled, 3},
		{localrpc.Fault{Code: "Throttling.User"}, ossenc.Throttled, 3},
		{localrpc.Fault{Code: "Throttling.Api", Status: 400}, ossenc.Throttled, 3},
		{localrpc.Fault{Code: "Rejected.Throttling", Status: 400}, ossenc.Throttled, 3},
		{localrpc.Fault{Code: "Busy", Status: 429}, ossenc.Throttled, 3},
		{localrpc.Fault{Code: "InternalFailure"}, ossenc.Unavailable, 3},
		{localrpc.Fault{Code: "ServiceUnavailableTemporary"}, ossenc.Unavailable, 3},
		{localrpc.Fault{Code: "SerivceUnavailableTemporary", Status: 503}, ossenc.Unavailable, 3}, // as documented
		{localrpc.Fault{Code: "SignatureNonceUsed"}, ossenc.Unavailable, 3},
		{localrpc.Fault{Code: "Forbidden.NoPermission", Status: 403}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "Forbidden.AccessKey", Status: 403}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "Forbidden.ProhibitedByRiskControl", Status: 403}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "NoPermission"}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "InvalidAccessKeyId.NotFound"}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "InvalidAccessKeyId.Inactive", Status: 400}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "InvalidSecurityToken.Expired"}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "InvalidTimeStamp.Expired"}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "IncompleteSignature"}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "SignatureDoesNotMatch"}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "Odd", Status: 401}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "UnsupportedHTTPMethod", Status: 403}, ossenc.Denied, 1},
		{localrpc.Fault{Code: "MissingParameter", Status: 400}, ossenc.Invalid, 1},
		{localrpc.Fault{Code: "InvalidParameter", Status: 400, Message: `The specified parameter "Version" is not valid.`}, ossenc.Invalid, 1},
		{localrpc.Fault{Code: "Odd", Status: 400}, ossenc.Internal, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, client, _ := newKMS(t)
			server.SetFault(func(localrpc.Request) *localrpc.Fault { return &c.fault })
			key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
			e, ok := errors.AsType[*ossenc.Error](err)
			if !ok || key != (ossenc.Key{}) || e.Code != c.code || e.OSSCode != c.fault.Code || e.Op != "DescribeKey" || e.RequestID == "" ||
				!strings.HasPrefix(e.Message, "KMS key key-1 in cn-hangzhou: ") || server.Count("DescribeKey") != c.calls {
				t.Errorf("%s: %+v, %v after %d calls", c.fault.Code, key, err, server.Count("DescribeKey"))
			}
		})
	}
}

func TestDescribe_TriesAgainForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, _ := newKMS(t)
		var left []time.Duration
		begun := time.Now()
		server.SetFault(func(localrpc.Request) *localrpc.Fault {
			left = append(left, time.Since(begun))
			if len(left) == 3 {
				return nil
			}
			return &localrpc.Fault{Code: "Throttling.User"}
		})
		key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
		if want := []time.Duration{0, 200 * time.Millisecond, time.Second}; err != nil || !key.Usable || !slices.Equal(left, want) {
			t.Errorf("%+v, %v, calls at %v", key, err, left)
		}
	})
}

func TestDescribe_StopsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, _ := newKMS(t)
		server.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Delay: time.Minute} })
		ctx, cancel := context.WithTimeout(identified(t.Context()), time.Second)
		defer cancel()
		_, err := client.Describe(ctx, "cn-hangzhou", "key-1")
		const want = "DescribeKey: deadline: KMS key key-1 in cn-hangzhou: no answer before the invocation's time ran out"
		if ossenc.CodeOf(err) != ossenc.Deadline || err.Error() != want || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server, client, _ := newKMS(t)
		server.SetFault(func(localrpc.Request) *localrpc.Fault { return &localrpc.Fault{Code: "Throttling"} })
		ctx, cancel := context.WithTimeout(identified(t.Context()), 100*time.Millisecond)
		defer cancel()
		_, err := client.Describe(ctx, "cn-hangzhou", "key-1")
		if ossenc.CodeOf(err) != ossenc.Throttled || server.Count("DescribeKey") != 1 {
			t.Errorf("too late for another try: %v", err)
		}
	})
}

type broken struct{ err error }

func (b broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

func TestDescribe_TellsTheNetworksTrouble(t *testing.T) {
	for want, err := range map[string]error{
		"no answer: connection refused":                &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
		"no answer: time-out":                          &net.OpError{Op: "read", Net: "tcp", Err: context.DeadlineExceeded},
		"no answer: lookup kms: no such host":          &net.DNSError{Err: "no such host", Name: "kms"},
		"no answer: first line second line forged=yes": errors.New("first line\nsecond line\tforged=yes"),
	} {
		synctest.Test(t, func(t *testing.T) {
			_, got := kms.NewClient(alicloud.Endpoints{}, broken{err}, nil).Describe(identified(t.Context()), "cn-hangzhou", "key-1")
			if ossenc.CodeOf(got) != ossenc.Unavailable || got.Error() != "DescribeKey: unavailable: KMS key key-1 in cn-hangzhou: "+want {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestDescribe_TakesNothingElseForAnAnswer(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"HTML":               answering(200, "text/html", "<html>"),
		"nothing":            answering(200, "application/json", ""),
		"a list":             answering(200, "application/json", "[]"),
		"no metadata":        answering(200, "application/json", `{"RequestId":"1"}`),
		"metadata of no key": answering(200, "application/json", `{"KeyMetadata":{"KeyState":"Enabled"}}`),
		"numbers":            answering(200, "application/json", `{"KeyMetadata":{"KeyId":1,"KeyState":2}}`),
		"an HTML error":      answering(403, "text/html", "<html>"),
		"an empty error":     answering(502, "text/plain", ""),
		"an error list":      answering(400, "application/json", `["Forbidden.KeyNotFound"]`),
		"a redirect": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusTemporaryRedirect)
		}),
		"without end": answering(200, "application/json", `{"KeyMetadata":{"KeyId":"`+strings.Repeat("k", 1<<20)),
	} {
		synctest.Test(t, func(t *testing.T) {
			_, client, w := newKMS(t)
			w.to = h
			key, err := client.Describe(identified(t.Context()), "cn-hangzhou", "key-1")
			const want = "DescribeKey: unavailable: KMS key key-1 in cn-hangzhou: an answer that is not the service's"
			if key != (ossenc.Key{}) || err == nil || err.Error() != want || slices.Contains(w.hosts, "https://elsewhere.example.com") {
				t.Errorf("%s: %+v, %v", name, key, err)
			}
		})
	}
}
