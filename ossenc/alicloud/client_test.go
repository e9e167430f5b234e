package alicloud_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/ossenc/alicloud"

	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

var key = localoss.Key{AccessKeyID: "STS.test", AccessKeySecret: "test-secret", SecurityToken: "test-token"}

// identity is what an invocation in cn-hangzhou carries.
var identity = ossenc.Identity{
	Credentials: ossenc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken},
	Region:      "cn-hangzhou",
}

// account is a local OSS, and a client that reaches it under OSS's real host
// names, each bucket a host of its own, over plain HTTP.
type account struct {
	*localoss.Server
	client *alicloud.Client
	hosts  *hostLog
}

func newAccount(t *testing.T, e alicloud.Endpoints) account {
	t.Helper()
	server := localoss.New(localoss.Options{})
	server.AddKey(key)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	hosts := &hostLog{to: web.Listener.Addr().String()}
	return account{server, alicloud.NewClient(e, hosts, nil), hosts}
}

// hostLog sends everything to one address and remembers which hosts were meant.
type hostLog struct {
	to    string
	mu    sync.Mutex
	hosts []string
}

func (h *hostLog) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.hosts = append(h.hosts, r.URL.Scheme+"://"+r.URL.Host)
	h.mu.Unlock()
	out := r.Clone(r.Context())
	out.Host = r.URL.Host
	out.URL.Scheme, out.URL.Host = "http", h.to
	return http.DefaultTransport.RoundTrip(out)
}

func (h *hostLog) last() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hosts[len(h.hosts)-1]
}

// simple is the policy that requires the same of every bucket.
func simple(d ossenc.Desired) ossenc.Policy { return policy.Evaluator{Policy: policy.Simple(d)} }

func ctxOf(t *testing.T) context.Context { return ossenc.WithIdentity(t.Context(), identity) }

func TestClient_WritesAndReadsEveryRule(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1"})
	b := ossenc.Bucket{Name: "b-1", Region: "cn-hangzhou"}
	for _, r := range []ossenc.Rule{
		{Algorithm: ossenc.AES256},
		{Algorithm: ossenc.SM4},
		{Algorithm: ossenc.KMS},
		{Algorithm: ossenc.KMS, KMSDataEncryption: ossenc.SM4},
		{Algorithm: ossenc.KMS, KMSKeyID: "key-1"},
		{Algorithm: ossenc.KMS, KMSKeyID: "key-1", KMSDataEncryption: ossenc.SM4},
	} {
		put, err := a.client.Put(ctxOf(t), b, r)
		if err != nil || put.RequestID == "" {
			t.Fatalf("Put %s: %+v, %v", r, put, err)
		}
		got, err := a.client.Get(ctxOf(t), b)
		if err != nil || got.Rule != r || got.Region != "cn-hangzhou" || got.RequestID == "" {
			t.Errorf("Get after Put %s: %+v, %v", r, got, err)
		}
	}
	for range 2 { // the second finds no rule, and that is no error
		if _, err := a.client.Delete(ctxOf(t), b); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := a.client.Get(ctxOf(t), b); err != nil || !got.Rule.IsNone() || got.RequestID == "" {
		t.Errorf("Get after Delete: %+v, %v", got, err)
	}
}

func TestClient_ReachesTheRightEndpoint(t *testing.T) {
	listed := ossenc.Bucket{Name: "b-1", Public: "oss-cn-hzfinance.aliyuncs.com", Internal: "oss-cn-hzjbp-a-internal.aliyuncs.com"}
	forged := ossenc.Bucket{Name: "b-1", Public: "evil.example.com"}
	tests := []struct {
		name      string
		endpoints alicloud.Endpoints
		bucket    ossenc.Bucket
		region    string
		want      string
	}{
		{"Public", alicloud.Endpoints{}, ossenc.Bucket{}, "cn-beijing", "https://oss-cn-beijing.aliyuncs.com"},
		{"InternalInOwnRegion", alicloud.Endpoints{Own: "cn-beijing", Internal: true}, ossenc.Bucket{}, "cn-beijing", "https://oss-cn-beijing-internal.aliyuncs.com"},
		{"PublicElsewhere", alicloud.Endpoints{Own: "cn-beijing", Internal: true}, ossenc.Bucket{}, "cn-hangzhou", "https://oss-cn-hangzhou.aliyuncs.com"},
		{"AsListed", alicloud.Endpoints{}, listed, "cn-hangzhou-finance", "https://oss-cn-hzfinance.aliyuncs.com"},
		{"InternalAsListed", alicloud.Endpoints{Own: "cn-hzjbp", Internal: true}, listed, "cn-hzjbp", "https://oss-cn-hzjbp-a-internal.aliyuncs.com"},
		{"ForeignHostInTheList", alicloud.Endpoints{}, forged, "cn-beijing", "https://oss-cn-beijing.aliyuncs.com"},
		{"OneForAll", alicloud.Endpoints{Default: "http://oss.example.com"}, listed, "cn-beijing", "http://oss.example.com"},
		{"ByRegion", alicloud.Endpoints{ByRegion: map[string]string{"cn-beijing": "http://bj.example.com"}}, listed, "cn-beijing", "http://bj.example.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.endpoints.For(tt.region, tt.bucket)
			if err != nil || got.URL != tt.want || got.PathStyle {
				t.Errorf("For = %+v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestClient_BucketIsAHostOfItsOwn(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1", Region: "cn-beijing"})
	if _, err := a.client.Get(ctxOf(t), ossenc.Bucket{Name: "b-1", Region: "cn-beijing"}); err != nil {
		t.Fatal(err)
	}
	if got := a.hosts.last(); got != "https://b-1.oss-cn-beijing.aliyuncs.com" {
		t.Errorf("asked %s", got)
	}
}

func TestClient_FollowsTheBucketToItsRegion(t *testing.T) {
	wrongEndpoint := []string{"https://b-1.oss-cn-hangzhou.aliyuncs.com", "https://b-1.oss-cn-beijing.aliyuncs.com"}
	wrongSignature := []string{"https://b-1.oss-cn-hangzhou.aliyuncs.com", "https://oss-cn-hangzhou.aliyuncs.com", "https://b-1.oss-cn-beijing.aliyuncs.com"}
	tests := []struct {
		name   string
		hint   string
		fault  *localoss.Fault // of the first call
		asked  []string
		region string
	}{
		{"NoHint", "", nil, wrongEndpoint, "cn-beijing"},
		{"WrongHint", "cn-hangzhou", nil, wrongEndpoint, "cn-beijing"},
		{"WrongSigningRegion", "cn-hangzhou", &localoss.Fault{Status: 400, Code: "InvalidArgument", EC: "0002-00000226"}, wrongSignature, "cn-beijing"},
		{"UnknownSigningRegion", "cn-hangzhou", &localoss.Fault{Status: 400, Code: "InvalidArgument", EC: "0002-00000228"}, wrongSignature, "cn-beijing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(t, alicloud.Endpoints{})
			a.PutBucket(localoss.Bucket{Name: "b-1", Region: "cn-beijing", Rule: localoss.Rule{Algorithm: "AES256"}})
			a.SetFault(func(r localoss.Request) *localoss.Fault {
				if r.Operation == "GetBucketEncryption" && a.Count(r.Operation) == 0 {
					return tt.fault
				}
				return nil
			})
			got, err := a.client.Get(ctxOf(t), ossenc.Bucket{Name: "b-1", Region: tt.hint})
			if err != nil || got.Region != tt.region || got.Rule.Algorithm != "AES256" {
				t.Fatalf("Get = %+v, %v", got, err)
			}
			if fmt.Sprint(a.hosts.hosts) != fmt.Sprint(tt.asked) {
				t.Errorf("asked %v\n want %v", a.hosts.hosts, tt.asked)
			}
		})
	}
}

func TestClient_FollowsOnlyToOSS(t *testing.T) {
	for _, endpoint := range []string{"evil.example.com", "oss-cn-beijing.aliyuncs.com.evil.com", "oss-cn-beijing.aliyuncs.com/x", "127.0.0.1", ""} {
		t.Run(endpoint, func(t *testing.T) {
			a := newAccount(t, alicloud.Endpoints{})
			a.SetFault(func(localoss.Request) *localoss.Fault {
				return &localoss.Fault{Status: 403, Body: []byte("<Error><Code>AccessDenied</Code><Message>m</Message><Endpoint>" + endpoint + "</Endpoint></Error>")}
			})
			_, err := a.client.Get(ctxOf(t), ossenc.Bucket{Name: "b-1"})
			if ossenc.CodeOf(err) != ossenc.Denied || len(a.hosts.hosts) != 1 {
				t.Errorf("err = %v after asking %v, want denied after one", err, a.hosts.hosts)
			}
		})
	}
}

func TestClient_DoesNotRunInCircles(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.SetFault(func(r localoss.Request) *localoss.Fault {
		other := map[string]string{"cn-hangzhou": "cn-beijing", "cn-beijing": "cn-hangzhou"}[r.Region]
		return &localoss.Fault{Status: 403, Body: []byte("<Error><Code>AccessDenied</Code><Message>m</Message><Endpoint>oss-" + other + ".aliyuncs.com</Endpoint></Error>")}
	})
	if _, err := a.client.Get(ctxOf(t), ossenc.Bucket{Name: "b-1"}); ossenc.CodeOf(err) != ossenc.Denied {
		t.Errorf("err = %v", err)
	}
	if len(a.hosts.hosts) > 4 {
		t.Errorf("asked %v", a.hosts.hosts)
	}
}

func TestClient_TranslatesEveryError(t *testing.T) {
	broken := localoss.Fault{Body: []byte("<html>")}
	tests := []struct {
		name  string
		fault localoss.Fault
		code  ossenc.Code
		text  string
	}{
		{"NoSuchBucket", localoss.Fault{Code: "NoSuchBucket"}, ossenc.NotFound, "(NoSuchBucket, EC 0015-00000101, request "},
		{"AccessDenied", localoss.Fault{Code: "AccessDenied"}, ossenc.Denied, "AccessDenied"},
		{"TokenExpired", localoss.Fault{Code: "SecurityTokenExpired"}, ossenc.Denied, "SecurityTokenExpired"},
		{"ClockSkewed", localoss.Fault{Code: "RequestTimeTooSkewed"}, ossenc.Denied, "RequestTimeTooSkewed"},
		{"UserDisable", localoss.Fault{Status: 403, Code: "UserDisable"}, ossenc.Denied, "UserDisable"},
		{"UnknownForbidden", localoss.Fault{Status: 403, Code: "Whatever"}, ossenc.Denied, "Whatever"},
		{"NotInTheWhiteList", localoss.Fault{Status: 400, Code: "InvalidArgument", Message: "SM4 is not applicable if user is not in white list."}, ossenc.Refused, "white list"},
		{"KMSKeyDisabled", localoss.Fault{Status: 409, Code: "KeyDisabled"}, ossenc.Refused, "KeyDisabled"},
		{"QPS", localoss.Fault{Code: "MetaOperationQpsLimitExceeded"}, ossenc.Throttled, "MetaOperationQpsLimitExceeded"},
		{"NewQPSCode", localoss.Fault{Status: 503, Code: "SomeQpsLimitExceeded"}, ossenc.Throttled, "SomeQpsLimitExceeded"},
		{"TooManyRequests", localoss.Fault{Status: 429, Code: "Slow"}, ossenc.Throttled, "Slow"},
		{"InternalError", localoss.Fault{Code: "InternalError"}, ossenc.Unavailable, "InternalError"},
		{"ServiceUnavailable", localoss.Fault{Status: 503, Code: "ServiceUnavailable"}, ossenc.Unavailable, "ServiceUnavailable"},
		{"UnheardOf", localoss.Fault{Status: 418, Code: "Teapot"}, ossenc.Internal, "Teapot"},
		{"Redirect", localoss.Fault{Status: 307, Code: "TemporaryRedirect"}, ossenc.Internal, "TemporaryRedirect"},
		{"NotXML", broken, ossenc.Unavailable, "not OSS's XML"},
		{"RuleWithoutContent", localoss.Fault{Body: []byte("<ServerSideEncryptionRule/>")}, ossenc.Unrecognized, "without a rule"},
		{"EmptyAlgorithm", localoss.Fault{Body: []byte("<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault/></ServerSideEncryptionRule>")}, ossenc.Unrecognized, "does not know"},
		{"EmptyAnswer", localoss.Fault{Status: 200, Body: []byte{}}, ossenc.Unrecognized, "without a rule"},
		{"ConnectionReset", localoss.Fault{Reset: true}, ossenc.Unavailable, "no answer"},
		{"ManyLines", localoss.Fault{Status: 403, Code: "AccessDenied", Message: "line 1\nline 2\r\n{\"level\":\"INFO\"}"}, ossenc.Denied, "line 1 line 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // some are tried again for seconds
			a := newAccount(t, alicloud.Endpoints{})
			a.SetFault(func(localoss.Request) *localoss.Fault { return &tt.fault })
			ctx, cancel := context.WithTimeout(ctxOf(t), 20*time.Second)
			defer cancel()
			_, err := a.client.Get(ctx, ossenc.Bucket{Name: "b-1"})
			if ossenc.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("err = %v, want %s with %q", err, tt.code, tt.text)
			}
			if strings.ContainsAny(err.Error(), "\r\n") || strings.Contains(err.Error(), "https://") {
				t.Errorf("err = %q, want one line without a URL", err)
			}
		})
	}
}

func TestClient_ACutOffAnswerIsNeverNoRule(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1", Rule: localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}})
	a.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Truncate: true} })
	got, err := a.client.Get(ctxOf(t), ossenc.Bucket{Name: "b-1"})
	if err == nil {
		t.Errorf("Get = %+v, want an error", got)
	}
}

func TestClient_TimeRunsOut(t *testing.T) {
	for name, fault := range map[string]localoss.Fault{
		"InACall":         {Delay: 5 * time.Second},
		"BetweenTwoTries": {Code: "InternalError"}, // the SDK then returns the 500 alone
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, alicloud.Endpoints{})
			a.SetFault(func(localoss.Request) *localoss.Fault { return &fault })
			ctx, cancel := context.WithTimeout(ctxOf(t), 30*time.Millisecond)
			defer cancel()
			_, err := a.client.Get(ctx, ossenc.Bucket{Name: "b-1"})
			if c := ossenc.CodeOf(err); c != ossenc.Deadline && (name == "InACall" || c != ossenc.Unavailable) {
				t.Errorf("err = %v, want the code deadline", err)
			}
		})
	}
}

func TestClient_BadNameAsksNobody(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	if _, err := a.client.Get(ctxOf(t), ossenc.Bucket{Name: "Bad_Name"}); ossenc.CodeOf(err) != ossenc.Invalid || len(a.hosts.hosts) != 0 {
		t.Errorf("err = %v, asked %v", err, a.hosts.hosts)
	}
}

func TestClient_NoRegionAsksNobody(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	noRegion := identity
	noRegion.Region = ""
	_, err := a.client.Get(ossenc.WithIdentity(t.Context(), noRegion), ossenc.Bucket{Name: "b-1"})
	if ossenc.CodeOf(err) != ossenc.Invalid || len(a.hosts.hosts) != 0 {
		t.Errorf("err = %v, asked %v", err, a.hosts.hosts)
	}
}

func TestClient_NoCredentials(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	_, err := a.client.Get(ossenc.WithIdentity(t.Context(), ossenc.Identity{Region: "cn-hangzhou"}), ossenc.Bucket{Name: "b-1"})
	if ossenc.CodeOf(err) != ossenc.Denied || !strings.Contains(err.Error(), "no credentials") {
		t.Errorf("err = %v", err)
	}
}

func TestClient_FallbackOnlyWithoutAnInvocationsCredentials(t *testing.T) {
	asked := 0
	fallback := func() (ossenc.Credentials, error) { asked++; return identity.Credentials, nil }
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1"})
	c := alicloud.NewClient(alicloud.Endpoints{}, a.hosts, fallback)
	if _, err := c.Get(ctxOf(t), ossenc.Bucket{Name: "b-1"}); err != nil || asked != 0 {
		t.Errorf("err = %v, asked the fallback %d times", err, asked)
	}
	if _, err := c.Get(ossenc.WithIdentity(t.Context(), ossenc.Identity{Region: "cn-hangzhou"}), ossenc.Bucket{Name: "b-1"}); err != nil || asked != 1 {
		t.Errorf("err = %v, asked the fallback %d times", err, asked)
	}
}

// Concurrent invocations with different credentials share the client; each
// request is signed with its own.
func TestClient_ConcurrentIdentities(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1"})
	var wg sync.WaitGroup
	for i := range 20 {
		k := localoss.Key{AccessKeyID: fmt.Sprintf("STS.%d", i), AccessKeySecret: fmt.Sprintf("secret-%d", i), SecurityToken: fmt.Sprintf("token-%d", i)}
		a.AddKey(k)
		wg.Go(func() {
			ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Region: "cn-hangzhou", Credentials: ossenc.Credentials{AccessKeyID: k.AccessKeyID, AccessKeySecret: k.AccessKeySecret, SecurityToken: k.SecurityToken}})
			if _, err := a.client.Get(ctx, ossenc.Bucket{Name: "b-1"}); err != nil {
				t.Errorf("%s: %v", k.AccessKeyID, err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, r := range a.Requests() {
		seen[r.AccessKeyID] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d different keys signed, want 20", len(seen))
	}
}

func TestClient_UnknownHostFallsBackToTheOwnRegion(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1"})
	noSuchHost := roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.URL.Host, "xx-nowhere") {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: r.URL.Host, IsNotFound: true}}
		}
		return a.hosts.RoundTrip(r)
	})
	c := alicloud.NewClient(alicloud.Endpoints{Own: "cn-hangzhou"}, noSuchHost, nil)
	got, err := c.Get(ctxOf(t), ossenc.Bucket{Name: "b-1", Region: "xx-nowhere"})
	if err != nil || got.Region != "cn-hangzhou" {
		t.Errorf("Get = %+v, %v", got, err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestClient_ListsEveryPage(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	const n = 2345
	for i := range n {
		a.PutBucket(localoss.Bucket{Name: fmt.Sprintf("b-%05d", i), Region: []string{"cn-hangzhou", "cn-beijing"}[i%2]})
	}
	got := 0
	for b, err := range a.client.List(ctxOf(t), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("b-%05d", got); b.Name != want || b.Region == "" || b.Public != "oss-"+b.Region+".aliyuncs.com" || b.Internal == "" {
			t.Fatalf("bucket %d = %+v, want %s with its region and endpoints", got, b, want)
		}
		got++
	}
	if got != n || a.Count("ListBuckets") != 3 {
		t.Errorf("%d buckets in %d calls, want %d in 3", got, a.Count("ListBuckets"), n)
	}
}

func TestClient_ReadsTags(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	a.PutBucket(localoss.Bucket{Name: "b-1", Tags: map[string]string{"data": "payment", "empty": ""}})
	a.PutBucket(localoss.Bucket{Name: "b-2"})
	for name, want := range map[string]string{"b-1": "map[data:payment empty:]", "b-2": "map[]"} {
		got, err := a.client.Tags(ctxOf(t), ossenc.Bucket{Name: name})
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v, %v; want %s", name, got, err, want)
		}
	}
	for _, body := range []string{"", "<html/>"} {
		a.SetFault(func(localoss.Request) *localoss.Fault { return &localoss.Fault{Status: 200, Body: []byte(body)} })
		if got, err := a.client.Tags(ctxOf(t), ossenc.Bucket{Name: "b-1"}); err == nil {
			t.Errorf("%q is taken for %v", body, got)
		}
	}
}

func TestClient_ListTellsThatItBrokeOff(t *testing.T) {
	a := newAccount(t, alicloud.Endpoints{})
	for i := range 1500 {
		a.PutBucket(localoss.Bucket{Name: fmt.Sprintf("b-%05d", i)})
	}
	a.SetFault(func(localoss.Request) *localoss.Fault {
		if a.Count("ListBuckets") == 0 {
			return nil
		}
		return &localoss.Fault{Code: "AccessDenied"}
	})
	got := 0
	var last error
	for _, err := range a.client.List(ctxOf(t), "", "") {
		if last = err; err == nil {
			got++
		}
	}
	if got != 1000 || ossenc.CodeOf(last) != ossenc.Denied {
		t.Errorf("%d buckets, then %v; want 1000, then denied", got, last)
	}
}

func TestCredentials_NeverPrint(t *testing.T) {
	c := ossenc.Credentials{AccessKeyID: "AKID", AccessKeySecret: "SECRET", SecurityToken: "TOKEN"}
	id := ossenc.Identity{Credentials: c}
	j, err := c.MarshalJSON()
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c, c), fmt.Sprintf("%+v", id), fmt.Sprintf("%#v", id), c.LogValue().String(), string(j)} {
		if strings.Contains(s, "SECRET") || strings.Contains(s, "TOKEN") || strings.Contains(s, "AKID") || err != nil {
			t.Errorf("prints as %s", s)
		}
	}
}

func TestParseEndpoints(t *testing.T) {
	tests := []struct {
		name, in string
		errs     int
	}{
		{"Empty", "", 0},
		{"One", "http://127.0.0.1:9000", 0},
		{"Several", "cn-hangzhou=https://oss.example.com, cn-beijing=http://[::1]:9000", 0},
		{"NoScheme", "127.0.0.1:9000", 1},
		{"WithPath", "http://127.0.0.1/x", 1},
		{"WithUser", "http://u:p@127.0.0.1", 1},
		{"BadRegion", "oss-cn-hangzhou=http://127.0.0.1", 1},
		{"Twice", "cn-hangzhou=http://a,cn-hangzhou=http://b", 1},
		{"AllAtOnce", "x=http://a,cn-beijing=b", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := alicloud.ParseEndpoints(tt.in)
			n := 0
			if err != nil {
				n = strings.Count(err.Error(), "\n") + 1
			}
			if n != tt.errs {
				t.Errorf("%d problems, want %d: %v", n, tt.errs, err)
			}
			if err != nil && strings.Contains(err.Error(), "u:p") {
				t.Errorf("%v shows a password", err)
			}
		})
	}
	local, err := alicloud.Endpoints{Default: "http://localhost:9000"}.For("cn-hangzhou", ossenc.Bucket{})
	if err != nil || !local.PathStyle {
		t.Errorf("localhost: %+v, %v; want path style", local, err)
	}
}

func TestError_KeepsItsCause(t *testing.T) {
	cause := errors.New("cause")
	err := error(&ossenc.Error{Op: "Op", Bucket: "b-1", Code: ossenc.Denied, Message: "m", OSSCode: "C", EC: "E", RequestID: "R", Err: cause})
	if !errors.Is(err, cause) || err.Error() != "Op b-1: denied: m (C, EC E, request R)" {
		t.Errorf("%q", err)
	}
	if got := (&ossenc.Error{Code: ossenc.Denied, Message: "m"}).Error(); got != "denied: m" {
		t.Errorf("%q", got)
	}
}
