package actiontrail_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	localtrail "bucketwarden/internal/local/actiontrail"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/wire"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/alicloud/openapi"
)

const account = "1234567890123456"

// world is a trail behind HTTP with a clock of its own, asked by the product's client.
type world struct {
	*localtrail.Server
	t      *testing.T
	now    time.Time
	keys   *wire.Keys
	url    string
	client *actiontrail.Client
	calls  int
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Now().UTC().Truncate(time.Second), keys: wire.NewKeys(account)}
	buckets := map[string][2]string{"other-bucket": {"cn-hangzhou", "999"}, "far-bucket": {"cn-beijing", account}}
	w.Server = localtrail.New(localtrail.Options{
		Options: rpc.Options{Keys: w.keys, Now: func() time.Time { return w.now }},
		BucketOf: func(name string) (string, string, bool) {
			b, ok := buckets[name]
			return b[0], b[1], ok
		},
	})
	w.keys.Add(wire.AccessKey{AccessKeyID: "user", AccessKeySecret: "secret", Name: "ci"})
	w.keys.Add(wire.AccessKey{AccessKeyID: "role", AccessKeySecret: "secret", SecurityToken: "token", Name: "guard/fc"})
	w.keys.Add(wire.AccessKey{AccessKeyID: "stranger", AccessKeySecret: "secret", AccountID: "999"})
	server := httptest.NewServer(w.Server)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.client = actiontrail.New(alicloud.Endpoints{Default: server.URL}, alicloud.NewTransport(), nil)
	return w
}

// call enters one call of the local OSS, made so long ago.
func (w *world) call(ago time.Duration, operation, bucket, key, userAgent string) string {
	w.calls++
	id := fmt.Sprintf("%024X", w.calls)
	w.Add(localoss.Request{
		Operation: operation, Bucket: bucket, Region: "cn-hangzhou", AccessKeyID: key, Status: 200, RequestID: id, UserAgent: userAgent,
		Time: w.now.Add(-ago), Rule: localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"},
	})
	return id
}

func as(ctx context.Context, key string) context.Context {
	c := ossenc.Credentials{AccessKeyID: key, AccessKeySecret: "secret"}
	if key == "role" {
		c.SecurityToken = "token"
	}
	return ossenc.WithIdentity(ctx, ossenc.Identity{Credentials: c})
}

func (w *world) query(q actiontrail.Query) actiontrail.Query {
	if q.EventName == "" {
		q.EventName = "PutBucketEncryption"
	}
	q.Region, q.From, q.To = "cn-hangzhou", w.now.Add(-24*time.Hour), w.now
	return q
}

// lookup asks as a user; the clock goes on, so that no call is one too many.
func (w *world) lookup(q actiontrail.Query) actiontrail.Events {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	page, err := w.client.Lookup(as(w.t.Context(), "user"), w.query(q))
	if err != nil {
		w.t.Fatal(err)
	}
	return page
}

func ids(p actiontrail.Events) (all []string) {
	for _, e := range p.Events {
		all = append(all, e.ID)
	}
	return all
}

func TestTrail_IsTenMinutesLate(t *testing.T) {
	w := newWorld(t)
	old := w.call(11*time.Minute, "PutBucketEncryption", "a-bucket", "user", "ossutil")
	young := w.call(9*time.Minute, "PutBucketEncryption", "a-bucket", "user", "ossutil")
	if got := ids(w.lookup(actiontrail.Query{Bucket: "a-bucket"})); len(got) != 1 || got[0] != old {
		t.Errorf("%v, want %s alone", got, old)
	}
	w.SetDelay(0)
	if got := ids(w.lookup(actiontrail.Query{Bucket: "a-bucket"})); len(got) != 2 || got[0] != young {
		t.Errorf("%v, want both, the newest first", got)
	}
}

func TestTrail_WhoAndWhere(t *testing.T) {
	w := newWorld(t)
	w.SetDelay(0)
	w.call(4*time.Second, "PutBucketEncryption", "a-bucket", "role", "bucketwarden/1")
	w.call(3*time.Second, "PutBucketEncryption", "a-bucket", "user", "ossutil")
	w.call(2*time.Second, "PutBucketEncryption", "a-bucket", "", localtrail.Console)
	w.call(time.Second, "PutBucketEncryption", "other-bucket", "stranger", "x") // another account's
	w.call(time.Second, "PutBucketEncryption", "far-bucket", "user", "x")       // another region's
	w.call(time.Second, "PutObject", "a-bucket", "user", "x")                   // no event
	got := w.lookup(actiontrail.Query{}).Events
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, want := range [][3]string{{"root-account", "root", localtrail.Console}, {"ram-user", "ci", "ossutil"}, {"assumed-role", "guard:fc", "bucketwarden/1"}} {
		if e := got[i]; [3]string{e.UserType, e.UserName, e.UserAgent} != want || e.Region != "cn-hangzhou" || e.AccountID != account {
			t.Errorf("%d: %+v, want %v", i, e, want)
		}
	}
}

func TestTrail_Shapes(t *testing.T) {
	w := newWorld(t)
	w.SetDelay(0)
	for _, shape := range []localtrail.Shape{{}, {Rule: true}, {Nameless: true}, {Rule: true, Nameless: true}} {
		w.SetShape(shape)
		id := w.call(0, "PutBucketEncryption", "a-bucket", "user", "ossutil")
		named := w.lookup(actiontrail.Query{Bucket: "a-bucket"}).Events
		if found := len(named) > 0 && named[0].ID == id; found == shape.Nameless {
			t.Errorf("%+v: found by name: %v", shape, found)
		}
		all := w.lookup(actiontrail.Query{}).Events
		if len(all) == 0 || all[0].ID != id || len(all[0].Buckets) != 1 || all[0].Buckets[0] != "a-bucket" {
			t.Fatalf("%+v: without a name: %+v", shape, all)
		}
		want := ossenc.Rule{}
		if shape.Rule {
			want = ossenc.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}
		}
		if all[0].Rule != want {
			t.Errorf("%+v: rule %v", shape, all[0].Rule)
		}
	}
}

func TestTrail_Pages(t *testing.T) {
	w := newWorld(t)
	w.SetDelay(0)
	for i := range 120 {
		w.call(time.Duration(i/2)*time.Second, "PutBucketEncryption", "a-bucket", "user", "ossutil") // two in a second
	}
	seen := map[string]bool{}
	q, sizes := w.query(actiontrail.Query{Bucket: "a-bucket"}), []int{}
	for {
		w.now = w.now.Add(time.Second)
		page, err := w.client.Lookup(as(t.Context(), "user"), q) // all but Next stays the same
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids(page) {
			seen[id] = true
		}
		sizes = append(sizes, len(page.Events))
		if q.Next = page.Next; q.Next == "" {
			break
		}
	}
	if len(seen) != 120 || fmt.Sprint(sizes) != "[50 50 20]" {
		t.Errorf("%d events in pages of %v", len(seen), sizes)
	}
}

func TestTrail_TwoCallsASecond(t *testing.T) {
	w := newWorld(t)
	codes := []ossenc.Code{}
	for i := range 4 {
		if i == 3 {
			w.now = w.now.Add(time.Second)
		}
		_, err := w.client.Lookup(as(t.Context(), "user"), w.query(actiontrail.Query{Bucket: "a-bucket"}))
		if err != nil {
			codes = append(codes, ossenc.CodeOf(err))
		} else {
			codes = append(codes, "")
		}
	}
	if fmt.Sprintf("%q", codes) != `["" "" "throttled" ""]` {
		t.Errorf("%q", codes)
	}
	w.SetRefused(func(k wire.AccessKey) bool { return k.Name == "guard/fc" })
	w.now = w.now.Add(time.Second)
	if _, err := w.client.Lookup(as(t.Context(), "role"), w.query(actiontrail.Query{Bucket: "a-bucket"})); ossenc.CodeOf(err) != ossenc.Denied {
		t.Errorf("refused: %v", err)
	}
}

// TestTrail_Queries is the wire: which pairs are allowed, and which times.
func TestTrail_Queries(t *testing.T) {
	w := newWorld(t)
	w.SetDelay(0)
	w.SetRate(0)
	w.call(time.Minute, "PutBucketEncryption", "a-bucket", "role", "bucketwarden/1")
	w.call(time.Minute, "GetBucketEncryption", "a-bucket", "user", "ossutil")
	at := func(ago time.Duration) string { return w.now.Add(-ago).Format("2006-01-02T15:04:05Z") }
	for _, c := range []struct {
		params string // after LookupAttribute.
		events int    // -1: refused
	}{
		{"1.Key=ResourceName&1.Value=a-bucket", 2},
		{"1.Key=ResourceName&1.Value=a-bucke", 0},
		{"1.Key=ResourceName&1.Value=a-bucket&2.Key=EventName&2.Value=GetBucketEncryption", 1},
		{"1.Key=EventName&1.Value=GetBucketEncryption&2.Key=ResourceName&2.Value=a-bucket", 1},
		{"1.Key=EventName&1.Value=x&2.Key=EventName&2.Value=PutBucketEncryption", 1},
		{"1.Key=ServiceName&1.Value=Oss&2.Key=RoleName&2.Value=guard", 1},
		{"1.Key=ServiceName&1.Value=oss", 0},
		{"1.Key=ServiceName&1.Value=Oss&2.Key=EventRW&2.Value=Write", 1},
		{"1.Key=ServiceName&1.Value=Oss&2.Key=EventName&2.Value=PutBucketEncryption&3.Key=User&3.Value=nobody", 1},
		{"1.Key=ResourceName&1.Value=a-bucket&2.Key=EventRW&2.Value=Write", -1},
		{"1.Key=User&1.Value=ci&2.Key=EventName&2.Value=PutBucket", -1},
		{"1.Key=Bucket&1.Value=a-bucket", -1},
		{"StartTime=" + at(time.Hour), -1},
		{"StartTime=" + at(91*24*time.Hour) + "&EndTime=" + at(0), -1},
		{"StartTime=" + at(90*24*time.Hour) + "&EndTime=" + at(0), 2},
		{"StartTime=" + at(time.Hour) + "&EndTime=" + at(30*time.Minute), 0},
		{"StartTime=" + at(0) + "&EndTime=" + at(time.Hour), -1},
		{"MaxResults=0", -1},
		{"MaxResults=51", -1},
		{"MaxResults=1", 1},
		{"Direction=UP", -1},
		{"NextToken=bm9uZQ==", -1},
	} {
		values, err := url.ParseQuery(c.params)
		if err != nil {
			t.Fatal(err)
		}
		for name := range values {
			if name[0] == '1' || name[0] == '2' || name[0] == '3' {
				values["LookupAttribute."+name] = values[name]
				delete(values, name)
			}
		}
		endpoint, _ := url.Parse(w.url)
		api := openapi.Client{Version: localtrail.Version, Transport: alicloud.NewTransport()}
		got, err := api.Do(as(t.Context(), "user"), openapi.Call{Endpoint: endpoint, Action: "LookupEvents", Query: values, Once: true})
		n := -1
		if err == nil {
			n = countEvents(t, got.Body)
		}
		if n != c.events {
			t.Errorf("%s: %d events (%v), want %d", c.params, n, err, c.events)
		}
	}
}

func countEvents(t *testing.T, body []byte) int {
	var answer struct{ Events []map[string]any }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return len(answer.Events)
}
