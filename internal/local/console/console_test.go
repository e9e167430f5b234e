package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	localfc "bucketwarden/internal/local/fc"
	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
)

// desk is a console whose function answers at once that it fixed the bucket.
type desk struct {
	*Console
	calls []string
}

func newDesk() *desk {
	d := &desk{Console: &Console{OSS: localoss.New(localoss.Options{}), KMS: localkms.New(localkms.Options{}), Feed: &Feed{}, Region: "cn-hangzhou", Wait: time.Millisecond}}
	for _, k := range localkms.SampleKeys(localoss.Regions()) {
		d.KMS.PutKey(k)
	}
	d.Happened = func(r localoss.Request) {
		d.calls = append(d.calls, r.Operation+" "+r.Bucket)
		d.Feed.Begin(r.RequestID, Change{What: r.Operation, By: "console", Bucket: r.Bucket}, map[bool]int{true: 1}[r.Operation != "DeleteBucket"])
		d.Feed.Result(nil, answered(r.RequestID, "fixed", `null`, `{"algorithm":"AES256"}`))
	}
	d.OSS.PutBucket(localoss.Bucket{Name: "old", Region: "cn-beijing", Rule: localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}, Tags: map[string]string{"a": "b"}})
	return d
}

func answered(eventID, verdict, before, after string) localfc.Result {
	return localfc.Result{Duration: 1500 * time.Microsecond, Payload: fmt.Appendf(nil,
		`{"results":[{"event_id":%q,"event_type":"t","bucket":"b","region":"r","verdict":%q,"before":%s,"after":%s,"reason":"because"}]}`, eventID, verdict, before, after)}
}

func (d *desk) ask(method, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8082"+target, nil)
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

// Whatever is refused changes nothing and says why.
func TestTheConsoleRefusesAndChangesNothing(t *testing.T) {
	for _, c := range []struct {
		method, target string
		status         int
		says           string
	}{
		{"PUT", "/old", 409, "old exists already, in cn-beijing with the rule KMS(key-1); nothing was changed"},
		{"PUT", "/old?region=cn-hangzhou&algorithm=AES256", 409, "exists already"},
		{"PUT", "/new?regoin=cn-beijing", 400, `no parameter "regoin"; this call has region, algorithm, key, data`},
		{"PUT", "/new?region=cn-beijing&region=cn-hangzhou", 400, "given 2 times"},
		{"PUT", "/old/encryption?algorithm=KMS&key=%zz", 400, "well-formed query"},
		{"PUT", "/new?region=mars", 400, `no region "mars"; the regions are ap-`},
		{"PUT", "/new?region=Cn%20Hangzhou", 400, "no region"},
		{"PUT", "/new?algorithm=DES", 400, "DES"},
		{"PUT", "/new?key=key-1", 400, ""},
		{"PUT", "/New", 400, "3 to 63 characters"},
		{"PUT", "/old/encryption", 400, "which rule? Add ?algorithm="},
		{"PUT", "/old/encryption?algorithm=", 400, "which rule?"},
		{"PUT", "/old/encryption?algoritm=AES256", 400, "no parameter"},
		{"PUT", "/old/encryption?algorithm=AES256&key=key-1", 400, ""},
		{"PUT", "/nope/encryption?algorithm=AES256", 404, `no bucket "nope"`},
		{"DELETE", "/nope", 404, `no bucket "nope"`},
		{"DELETE", "/nope/encryption", 404, "no bucket"},
		{"DELETE", "/old?force=true", 400, "this call has none"},
		{"DELETE", "/old/encryption?all", 400, "this call has none"},
		{"GET", "/nope", 404, "no bucket"},
		{"POST", "/old", 405, ""},
		{"PUT", "/-/keys/k%2F1", 400, "a key ID is"},
		{"PUT", "/-/keys/k1?region=mars", 400, "no region"},
		{"PUT", "/-/keys/k1?state=Broken", 400, "a state is"},
		{"PUT", "/-/keys/k1?alias=payments", 409, "alias/payments is a name of key-1 already"},
		{"PUT", "/-/keys/k1?alias=alias/acs/oss", 409, "is a name of key-made-by-oss-cn-hangzhou"},
		{"PUT", "/-/keys/k1?alias=a%20b", 400, "an alias is"},
		{"GET", "/?region=cn-beijing", 400, "this call has none"},
		{"GET", "/-/feed?after=x", 400, "sequence number"},
	} {
		d := newDesk()
		before, keys := fmt.Sprint(d.OSS.Buckets()), len(d.KMS.Keys())
		w := d.ask(c.method, c.target)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.target, w.Code, w.Body, c.status, c.says)
		}
		if after := fmt.Sprint(d.OSS.Buckets()); after != before || len(d.KMS.Keys()) != keys || len(d.calls) != 0 {
			t.Errorf("%s %s: %s became %s, calls %q", c.method, c.target, before, after, d.calls)
		}
	}
}

func TestTheConsoleShowsWhatTheFunctionAnswered(t *testing.T) {
	d := newDesk()
	for _, c := range []struct {
		method, target string
		status         int
		says           string
	}{
		{"PUT", "/new?region=cn-shanghai", 201, "created new in cn-shanghai, its rule is none\nthe function: fixed  none → AES256  1.5 ms\n  because\n"},
		{"PUT", "/new/encryption?algorithm=KMS&key=key-1&data=SM4", 200, "was none and is now KMS(key-1)+SM4\nthe function: fixed"},
		{"PUT", "/new/encryption?algorithm=KMS&key=typo", 200, "note: OSS takes any key, but uploads will fail with KeyNotFound\n"},
		{"GET", "/new/encryption", 200, "new is in cn-shanghai, its rule is KMS(typo), and it has 0 object(s)\n"},
		{"DELETE", "/new/encryption", 200, "was KMS(typo) and is now none\n"},
		{"DELETE", "/new", 200, "deleted new\n"},
		{"PUT", "/-/keys/key-mine?region=cn-shanghai&state=Disabled&alias=mine", 200, "KMS in cn-shanghai has key-mine, Disabled"},
		{"GET", "/", 200, "old     cn-beijing  KMS(key-1)  0\n"},
	} {
		if w := d.ask(c.method, c.target); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.target, w.Code, w.Body, c.status, c.says)
		}
	}
	if want := []string{"PutBucket new", "PutBucketEncryption new", "PutBucketEncryption new", "DeleteBucketEncryption new", "DeleteBucket new"}; !slices.Equal(d.calls, want) {
		t.Errorf("calls %q, want %q", d.calls, want)
	}
	if id, code := d.KMS.KeyForOSS("cn-shanghai", "1234567890123456", "alias/mine"); code != "KeyDisabled" {
		t.Errorf("the key: %q %q", id, code)
	}
}

// A page of the internet under its own name reaches nothing, whatever its name
// resolves to.
func TestTheConsoleAnswersUnderNamesOfThisMachineOnly(t *testing.T) {
	for host, want := range map[string]int{
		"127.0.0.1:8082": 200, "localhost:8082": 200, "[::1]:8082": 200, "localhost": 200,
		"evil.example:8082": 403, "127.0.0.1.evil.example": 403, "": 403,
	} {
		d := newDesk()
		r := httptest.NewRequest("DELETE", "http://x/old", nil)
		r.Host = host
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		_, exists := d.OSS.Bucket("old")
		if w.Code != want || exists == (want == 200) {
			t.Errorf("%q: %d, the bucket exists: %t", host, w.Code, exists)
		}
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	d := newDesk()
	r := httptest.NewRequest("GET", "http://localhost:8082/", nil)
	r.Header.Set("Accept", "text/html,*/*")
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "<h1>Local OSS console</h1>") || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none';") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, name := range []string{"/-/page.js", "/-/page.css"} {
		if w := d.ask("GET", name); w.Code != 200 || strings.Contains(w.Body.String(), "://") || strings.Contains(w.Body.String(), "innerHTML") {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	var state pageState
	if w := d.ask("GET", "/-/state"); json.Unmarshal(w.Body.Bytes(), &state) != nil || len(state.Buckets) != 1 || state.Buckets[0].Rule != "KMS(key-1)" || len(state.Keys) < 10 {
		t.Errorf("%s", w.Body)
	}
}

// One change, whatever the number of its events and of their deliveries.
func TestFeedJoinsEventsToChanges(t *testing.T) {
	const none, aes = `null`, `{"algorithm":"AES256"}`
	for name, c := range map[string]struct {
		results []localfc.Result
		printed []string
	}{
		"two events":             {[]localfc.Result{answered("AB12", "fixed", none, aes), answered("at-ab12", "compliant", aes, aes)}, []string{"fixed none AES256"}},
		"the other one first":    {[]localfc.Result{answered("at-ab12", "compliant", aes, aes), answered("AB12", "fixed", none, aes)}, []string{"fixed none AES256"}},
		"both compliant":         {[]localfc.Result{answered("at-ab12", "compliant", aes, aes), answered("AB12", "compliant", aes, aes)}, []string{"compliant AES256 AES256"}},
		"one compliant, twice":   {[]localfc.Result{answered("at-ab12", "compliant", aes, aes), answered("at-ab12", "compliant", aes, aes)}, nil},
		"a repeated failure":     {[]localfc.Result{answered("AB12", "unknown", none, none), answered("AB12", "unknown", none, none), answered("AB12", "fixed", none, aes)}, []string{"unknown none none", "fixed none AES256"}},
		"a failure after a fix":  {[]localfc.Result{answered("AB12", "fixed", none, aes), answered("at-ab12", "unknown", none, none)}, []string{"fixed none AES256", "unknown none none"}},
		"the function's own":     {[]localfc.Result{answered("CD34", "ignored", none, none)}, nil},
		"sent by hand":           {[]localfc.Result{answered("other", "fixed", none, aes)}, []string{"fixed none AES256"}},
		"no results":             {[]localfc.Result{{Payload: []byte(`{"statusCode":200}`)}, {Payload: []byte("text")}}, nil},
		"a failure of the event": {[]localfc.Result{{FunctionError: "UnhandledInvocationError", Payload: fmt.Appendf(nil, `{"errorMessage":%q}`, answered("AB12", "unknown", none, none).Payload)}}, []string{"unknown none none"}},
	} {
		t.Run(name, func(t *testing.T) {
			var printed []string
			f := &Feed{Print: func(c Change) { printed = append(printed, fmt.Sprint(c.Verdict, " ", c.Before, " ", c.After)) }}
			f.Begin("AB12", Change{Bucket: "b"}, 2)
			f.Mute("CD34")
			for _, r := range c.results {
				f.Result(nil, r)
			}
			if !slices.Equal(printed, c.printed) {
				t.Errorf("printed %q, want %q", printed, c.printed)
			}
		})
	}
}

func TestFeedIsBoundedAndWaits(t *testing.T) {
	f := &Feed{}
	var busy sync.WaitGroup
	for i := range 8 {
		busy.Go(func() {
			for n := range 200 {
				id := fmt.Sprint(i, "-", n)
				f.Begin(id, Change{Bucket: id}, 1)
				f.Result(nil, answered(id, "fixed", "null", "null"))
			}
		})
	}
	busy.Wait()
	if got := f.Since(t.Context(), 0); len(got) != maxChanges || got[0].ID <= 1000 {
		t.Errorf("%d changes from %d", len(got), got[0].ID)
	}
	seq := f.seq
	go f.Begin("late", Change{Bucket: "late"}, 0)
	if got := f.Since(t.Context(), seq); len(got) != 1 || got[0].Bucket != "late" || got[0].Seq != seq+1 {
		t.Errorf("%+v", got)
	}
}

func TestLines(t *testing.T) {
	at := time.Date(2026, 5, 8, 12, 3, 4, 0, time.UTC)
	for want, c := range map[string]Change{
		"12:03:04  my-bucket             cn-beijing    bucket created (ossutil)            fixed  none → AES256  3.2 ms":        {Time: at, What: "bucket created", By: "ossutil", Bucket: "my-bucket", Region: "cn-beijing", Verdict: "fixed", Before: "none", After: "AES256", Took: 3.21},
		"12:03:04  my-bucket             cn-beijing    bucket deleted (console)":                                                {Time: at, What: "bucket deleted", By: "console", Bucket: "my-bucket", Region: "cn-beijing"},
		"12:03:04  b                     cn-hangzhou   rule set (ali-oss)                  unknown  none  12 ms\n          why": {Time: at, What: "rule set", By: "ali-oss", Bucket: "b", Region: "cn-hangzhou", Verdict: "unknown", Failed: true, Before: "none", After: "none", Took: 12, Reason: "why"},
	} {
		if got := c.Line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for agent, want := range map[string]string{
		"aliyun-sdk-go/v3.0.2 (x)/ossutil-v1.7.19": "ossutil", "aliyun-sdk-go/v3.0.2 (x)": "Go SDK v1", "curl/8.5.0": "curl", "": "another client",
		strings.Repeat("x", 50): "another client", "alibabacloud-go-sdk-v2/1.6.1 (x)/bucketwarden": "bucketwarden",
	} {
		if got := Client(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

// Whatever is asked, the bucket that exists keeps its region and tags, and its rule
// only changes in a call that says so.
func FuzzConsole(f *testing.F) {
	f.Add("PUT", "/old", "region=cn-hangzhou")
	f.Add("PUT", "/old/encryption", "algorithm=&key=")
	f.Add("DELETE", "/old/", "")
	f.Add("PUT", "/-/keys/key-1", "state=Disabled")
	f.Add("PUT", "/%6fld", "region=cn-shanghai")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+(&url.URL{Path: path}).EscapedPath(), nil)
		if err != nil || strings.HasPrefix(path, "/-/feed") {
			t.Skip("not a request, or one that waits")
		}
		r.URL.RawQuery = query
		d := newDesk()
		w := httptest.NewRecorder()
		d.Handler().ServeHTTP(w, r)
		b, exists := d.OSS.Bucket("old")
		switch {
		case exists && (b.Region != "cn-beijing" || b.Tags["a"] != "b"):
			t.Fatalf("%d %+v", w.Code, b)
		case !exists && !slices.Equal(d.calls, []string{"DeleteBucket old"}):
			t.Fatalf("%d it is gone, after %q", w.Code, d.calls)
		case exists && b.Rule.KMSKeyID != "key-1" && (w.Code != 200 || len(d.calls) != 1):
			t.Fatalf("%d the rule is %+v, after %q", w.Code, b.Rule, d.calls)
		}
	})
}
