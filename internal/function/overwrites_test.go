package function

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/service"
	localtrail "bucketwarden/internal/local/actiontrail"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/rpc"
	"bucketwarden/internal/local/wire"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/policy"
)

// ring is an OSS with its trail, and a function that watches it.
type ring struct {
	oss     *localoss.Server
	trail   *localtrail.Server
	cfg     settings.Config
	log     strings.Builder
	fights  *fights
	service *service.Service
	rival   func() // before the function's next write
	n       int
}

func newRing(t *testing.T, shape localtrail.Shape) *ring {
	keys := wire.NewKeys(wire.DefaultAccount)
	r := &ring{trail: localtrail.New(localtrail.Options{Options: rpc.Options{Keys: keys}})}
	r.trail.SetRate(0)
	r.trail.SetDelay(0)
	r.trail.SetShape(shape)
	keys.Add(wire.AccessKey{AccessKeyID: "guard", AccessKeySecret: "secret", Name: "guard/fc"})
	keys.Add(wire.AccessKey{AccessKeyID: "ci", Name: "ci"})
	r.oss = localoss.New(localoss.Options{Keys: keys, OnCall: func(c localoss.Request) { r.trail.Add(c) }})
	r.oss.PutBucket(localoss.Bucket{Name: "a-bucket", Region: "cn-hangzhou"})
	r.oss.SetFault(func(c localoss.Request) *localoss.Fault {
		if rival := r.rival; rival != nil && c.Operation == "PutBucketEncryption" {
			r.rival = nil
			rival()
		}
		return nil
	})
	oss, trail := httptest.NewServer(r.oss), httptest.NewServer(r.trail)
	t.Cleanup(oss.Close)
	t.Cleanup(trail.Close)
	r.cfg = settings.Config{
		OwnRole: "guard", AskTrail: true, RawEvents: true, Policy: policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}}),
		OSS: alicloud.Endpoints{Default: oss.URL}, Trail: alicloud.Endpoints{Default: trail.URL},
	}
	r.restart()
	return r
}

// restart is another instance, which remembers nothing.
func (r *ring) restart() {
	r.service = NewService(r.cfg, slog.New(slog.NewJSONHandler(&r.log, nil)))
	r.fights = r.service.Warden().(*ossenc.Warden).Fights.(*fights)
}

// later is so long after now.
func (r *ring) later(d time.Duration) { r.fights.now = func() time.Time { return time.Now().Add(d) } }

// changes lets ci change the rule, and returns the request ID.
func (r *ring) changes(operation string, rule localoss.Rule) string {
	r.n++
	id := fmt.Sprintf("%024X", 0xC1000000+r.n)
	r.oss.SetRule("a-bucket", rule)
	r.trail.Add(localoss.Request{Operation: operation, Bucket: "a-bucket", Region: "cn-hangzhou", AccessKeyID: "ci", Status: 200, RequestID: id, Rule: rule, UserAgent: "HashiCorp-Terraform/1.9", Time: time.Now()})
	return id
}

// event delivers the record of a call, or, without an ID, the news of the bucket.
func (r *ring) event(t *testing.T, id string) ossenc.Result {
	t.Helper()
	record := map[string]any{"eventName": "PutBucket", "eventType": "ApiCall", "serviceName": "Oss", "eventVersion": "1", "requestId": "B1", "acsRegion": "cn-hangzhou", "resourceType": "ACS::OSS::Bucket", "resourceName": "a-bucket"}
	if id != "" {
		record = r.trail.Record(id)
		record["resourceType"], record["resourceName"] = "ACS::OSS::Bucket", "a-bucket" // on the bus it is named, or no event would reach the function
	}
	payload, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	r.log.Reset()
	ctx := ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: ossenc.Credentials{AccessKeyID: "guard", AccessKeySecret: "secret"}, Region: "cn-hangzhou"})
	return r.service.Batch(ctx, payload).Results[0].Result
}

// race lets ci set a rule between the function's look and its write, and returns the
// request ID of that.
func (r *ring) race(t *testing.T, operation string, rule localoss.Rule) string {
	t.Helper()
	id := ""
	r.rival = func() { id = r.changes(operation, rule) }
	res := r.event(t, "")
	if res.Verdict != ossenc.Fixed || id == "" || res.Overwrote != nil {
		t.Fatalf("%+v", res)
	}
	for r.trail.Record(res.OSSRequestID) == nil { // it is entered once the answer was sent
		time.Sleep(time.Millisecond)
	}
	return id
}

var kmsRule = localoss.Rule{Algorithm: "KMS", KMSKeyID: "key-1"}

// TestOverwrites: another writer sets a stronger rule between the function's look and its
// write. The event of that change says so, whether this instance made the write or the
// trail tells of it, and whatever shape the records have; what no record shows is not said.
func TestOverwrites(t *testing.T) {
	for _, c := range []struct {
		name    string
		shape   localtrail.Shape
		restart bool // the instance that wrote has ended
		age     time.Duration
		refused bool
		found   bool
		rule    string
		calls   int
	}{
		{"ThisInstance", localtrail.Shape{}, false, time.Minute, false, true, "", 0},
		{"ThisInstance_WithTheRule", localtrail.Shape{Rule: true}, false, time.Minute, false, true, "KMS(key-1)", 0},
		{"ThisInstance_WithoutPermission", localtrail.Shape{}, false, time.Minute, true, true, "", 0},
		{"TheTrail", localtrail.Shape{}, true, 25 * time.Minute, false, true, "", 2},
		{"TheTrail_WithTheRule", localtrail.Shape{Rule: true}, true, 25 * time.Minute, false, true, "KMS(key-1)", 2},
		{"TheTrail_Nameless", localtrail.Shape{Nameless: true, Rule: true}, true, 25 * time.Minute, false, false, "", 2},
		{"TheTrail_WithoutPermission", localtrail.Shape{}, true, 25 * time.Minute, true, false, "", 1},
		{"TheTrail_TooYoungToBeAsked", localtrail.Shape{}, true, time.Minute, false, false, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRing(t, c.shape)
			id := r.race(t, "PutBucketEncryption", kmsRule)
			if c.restart {
				r.restart()
			}
			r.trail.SetRefused(func(wire.AccessKey) bool { return c.refused })
			r.later(c.age)
			res := r.event(t, id)
			if n := r.trail.Count("LookupEvents"); res.Verdict != ossenc.Compliant || (res.Overwrote != nil) != c.found || n != c.calls {
				t.Fatalf("%s, %+v, %d calls", res.Verdict, res.Overwrote, n)
			}
			if !c.found {
				return
			}
			o, rule := res.Overwrote, ""
			if o.Rule != nil {
				rule = o.Rule.String()
			}
			if o.By.Name != "ci" || o.By.Tool != ossenc.ToolTerraform || rule != c.rule || o.Certain && rule == "" || o.WithinMS < 1 || o.WithinMS > 20_000 || o.WriteID == "" {
				t.Errorf("%+v, rule %s", o, rule)
			}
			level := map[bool]string{false: "WARN", true: "ERROR"}[o.Certain] // by chance two seconds
			if log := r.log.String(); !strings.Contains(log, `"level":"`+level+`","msg":"verdict"`) || !strings.Contains(log, `"overwrote_by":"ci"`) || strings.Contains(log, "overwrote_rule") != (rule != "") {
				t.Error(log)
			}
		})
	}
}

// TestOverwrites_Proved: the records are of different seconds and show what was set.
func TestOverwrites_Proved(t *testing.T) {
	r := newRing(t, localtrail.Shape{Rule: true})
	at := time.Now().Add(-30 * time.Minute).Truncate(time.Second)
	r.oss.SetRule("a-bucket", localoss.Rule{Algorithm: "AES256"})
	look := ossenc.Look{At: at.Add(300 * time.Millisecond), Saw: ossenc.Saw(ossenc.Rule{})}
	r.trail.Add(localoss.Request{Operation: "PutBucketEncryption", Bucket: "a-bucket", AccessKeyID: "ci", Status: 200, RequestID: "C1", Rule: kmsRule, Time: at})
	r.trail.Add(localoss.Request{Operation: "PutBucketEncryption", Bucket: "a-bucket", AccessKeyID: "guard", Status: 200, RequestID: "F1", Rule: localoss.Rule{Algorithm: "AES256"}, UserAgent: "sdk/bucketwarden " + look.String(), Time: at.Add(time.Second)})
	res := r.event(t, "C1")
	if o := res.Overwrote; res.Verdict != ossenc.Compliant || o == nil || !o.Certain || o.WithinMS != 2000 || o.WriteID != "F1" {
		t.Fatalf("%+v", res.Overwrote)
	}
	if log := r.log.String(); !strings.Contains(log, `"level":"ERROR","msg":"verdict"`) || !strings.Contains(log, `"overwrote_rule":"KMS(key-1)"`) {
		t.Error(log)
	}
	// Who only says that it is the function proves nothing.
	r = newRing(t, localtrail.Shape{Rule: true})
	r.oss.SetRule("a-bucket", localoss.Rule{Algorithm: "AES256"})
	r.trail.Add(localoss.Request{Operation: "PutBucketEncryption", Bucket: "a-bucket", AccessKeyID: "ci", Status: 200, RequestID: "C1", Rule: kmsRule, Time: at})
	r.trail.Add(localoss.Request{Operation: "PutBucketEncryption", Bucket: "a-bucket", AccessKeyID: "ci", Status: 200, RequestID: "F1", Rule: localoss.Rule{Algorithm: "AES256"}, UserAgent: "sdk/bucketwarden " + look.String(), Time: at.Add(time.Second)})
	if res := r.event(t, "C1"); res.Overwrote != nil {
		t.Errorf("%+v", res.Overwrote)
	}
}

// TestOverwrites_AnOrdinaryRepairIsNone: the look saw the change that the write undid, and
// a rule that is in force is not overwritten.
func TestOverwrites_AnOrdinaryRepairIsNone(t *testing.T) {
	r := newRing(t, localtrail.Shape{Rule: true})
	id := r.changes("DeleteBucketEncryption", localoss.Rule{})
	for _, want := range []ossenc.Verdict{ossenc.Fixed, ossenc.Compliant} { // the event comes twice
		if res := r.event(t, id); res.Verdict != want || res.Overwrote != nil {
			t.Errorf("%s: %+v", res.Verdict, res.Overwrote)
		}
	}
	id = r.changes("PutBucketEncryption", kmsRule)
	if res := r.event(t, id); res.Verdict != ossenc.Compliant || res.Overwrote != nil {
		t.Errorf("%s: %+v", res.Verdict, res.Overwrote)
	}
}

// TestOverwrites_RemembersALittle: what an instance remembers is bounded in number and time.
func TestOverwrites_RemembersALittle(t *testing.T) {
	r := newRing(t, localtrail.Shape{})
	for i := range 3 * maxRemembered {
		r.fights.Wrote(ossenc.Bucket{Name: fmt.Sprintf("b-%d", i%2)}, ossenc.OwnWrite{To: time.Now()})
	}
	if n := len(r.fights.writesOf(ossenc.Bucket{Name: "b-1"})); n != maxRemembered/2 || cap(r.fights.wrote) > 4*maxRemembered {
		t.Errorf("%d of one bucket, room for %d", n, cap(r.fights.wrote))
	}
	r.later(rememberFor)
	if n := len(r.fights.writesOf(ossenc.Bucket{Name: "b-1"})); n != 0 {
		t.Errorf("%d after an hour", n)
	}
}
