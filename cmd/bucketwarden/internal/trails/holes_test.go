package trails

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/actiontrail"
	"bucketwarden/ossenc/history"
)

const strongRule = `{"eventId":"S","eventName":"PutBucketEncryption","eventTime":"2026-09-01T00:00:00Z","acsRegion":"cn-hangzhou","resourceName":"payments","requestParameters":{"SSEAlgorithm":"AES256"}}`

// TestUnreadableRecordsClaimNothing: a record of a change that does not say when, or of
// which bucket, may be the removal of any rule. So nothing that was known before it is
// known after it, and the evidence is not whole.
func TestUnreadableRecordsClaimNothing(t *testing.T) {
	const at, bucket = `"eventTime":"2026-09-03T00:00:00Z"`, `"resourceName":"payments"`
	for _, c := range []struct {
		name, members string
		protected     int // days of the first five
		holes         int
	}{
		{"another bucket's", `"eventName":"DeleteBucketEncryption","resourceName":"assets",` + at, 5, 0},
		{"refused", `"eventName":"DeleteBucketEncryption","errorCode":"AccessDenied",` + at, 5, 0},
		{"of no change", `"eventName":"GetBucketEncryption",` + at, 5, 0},
		{"without a bucket", `"eventName":"DeleteBucketEncryption",` + at, 2, 1},
		{"of no valid bucket", `"eventName":"DeleteBucketEncryption","resourceName":"<b>Payments",` + at, 2, 1},
		{"of a bucket in no text", `"eventName":"DeleteBucketEncryption","resourceName":{"name":"payments"},` + at, 2, 1},
		{"failed by the service", `"eventName":"PutBucketEncryption","errorCode":"InternalError",` + at, 2, 1},
		{"deleted", `"eventName":"DeleteBucket",` + at, 2, 1},
		{"without a time", `"eventName":"DeleteBucketEncryption",` + bucket, 0, 1},
		{"at no time", `"eventName":"DeleteBucketEncryption","eventTime":"noon",` + bucket, 0, 1},
		{"without a zone", `"eventName":"DeleteBucketEncryption","eventTime":"2026-09-03T00:00:00",` + bucket, 0, 1},
		{"at a number", `"eventName":"DeleteBucketEncryption","eventTime":1788393600000,` + bucket, 0, 1},
		{"another bucket's, without a time", `"eventName":"DeleteBucketEncryption","resourceName":"assets"`, 5, 1},
		{"without anything", `"eventName":"DeleteBucketEncryption"`, 0, 1},
	} {
		for _, place := range []string{"/cn-hangzhou", everywhere} {
			p := &past{reach: &reach.Reach{}, covered: map[string][]history.Interval{place: {{From: day(0), To: day(5)}}}, changes: map[key][]history.Change{}, regions: map[key]string{}}
			records := "[" + strongRule + `,{"eventId":"R",` + c.members + "}]"
			if err := actiontrail.ReadEvents(strings.NewReader(records), func(e actiontrail.Event) { p.add(place, "", e) }); err != nil {
				t.Fatal(err)
			}
			k := key{"", "payments"}
			e := history.Evidence{
				Period: history.Interval{From: day(0), To: day(5)}, Covered: p.cover(k, "cn-hangzhou"), Changes: p.changes[k], Required: ossenc.Rule{Algorithm: ossenc.AES256},
			}
			var protected time.Duration
			for _, s := range history.Spans(e) {
				if s.State == history.Protected {
					protected += s.To.Sub(s.From)
				}
			}
			if days := int(protected.Round(time.Minute).Hours()) / 24; days != c.protected || len(p.unread()) != c.holes {
				t.Errorf("%s, %s: protected for %d days, want %d; %q", c.name, place, days, c.protected, p.unread())
			}
			if c.holes > 0 && !strings.HasPrefix(fmt.Sprint(p.unread()), "[1 record(s) of ") {
				t.Errorf("%s: %q", c.name, p.unread())
			}
		}
	}
}

// TestAHoleOfOneRegion breaks what is known in no other; one of a file does, because a
// file is of any.
func TestAHoleOfOneRegion(t *testing.T) {
	five := []history.Interval{{From: day(0), To: day(5)}}
	for _, c := range []struct {
		hole, place string
		broken      bool
	}{
		{"/cn-hangzhou", "/cn-hangzhou", true},
		{"/cn-hangzhou", "/cn-beijing", false},
		{"/cn-hangzhou", "2/cn-hangzhou", false},
		{everywhere, "/cn-beijing", true},
		{"/cn-hangzhou", everywhere, true},
	} {
		p := &past{covered: map[string][]history.Interval{c.place: five}, holes: []hole{{place: c.hole}}}
		if got := len(p.whole(c.place, "payments")) == 0; got != c.broken {
			t.Errorf("%+v: broken %t", c, got)
		}
	}
}

// TestARecordWithoutAnAccount: a file's record that does not say whose bucket it is about is
// of the account that has the bucket, and where no account has it, it may be of any.
func TestARecordWithoutAnAccount(t *testing.T) {
	removal := actiontrail.Event{Name: "DeleteBucketEncryption", Time: day(2), Buckets: []string{"payments"}}
	for _, c := range []struct {
		name, place, owner string
		homes              map[string]string
		of                 string // the account that gets the change
		holes              int
	}{
		{"where it is", everywhere, "", map[string]string{"payments": "2"}, "2", 0},
		{"nowhere", everywhere, "", nil, "", 1},
		{"it says so", everywhere, "1", map[string]string{"payments": "2"}, "1", 0},
		{"ActionTrail was asked as that account", "1/cn-hangzhou", "", map[string]string{"payments": "2"}, "1", 0},
	} {
		p := &past{reach: &reach.Reach{}, accounts: []string{"1", "2"}, homes: c.homes, covered: map[string][]history.Interval{}, changes: map[key][]history.Change{}, regions: map[key]string{}}
		e := removal
		e.Owner = c.owner
		p.add(c.place, "1", e)
		if len(p.holes) != c.holes || c.holes == 0 && len(p.changes[key{c.of, "payments"}]) != 1 {
			t.Errorf("%s: %+v, %+v", c.name, p.holes, p.changes)
		}
	}
}

// TestAFileThatIsCutOff is refused as such, not for a long line.
func TestAFileThatIsCutOff(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := fmt.Fprintln(w, logLine("compliant", "", day(1), 1, ossenc.Rule{Algorithm: ossenc.AES256}))
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "log.gz")
	if err := os.WriteFile(name, packed.Bytes()[:packed.Len()-5], 0o600); err != nil {
		t.Fatal(err)
	}
	e := &evidence{results: []string{name}}
	if _, err := e.readFiles(); err == nil || !strings.Contains(err.Error(), "it cannot be read to its end") {
		t.Error(err)
	}
}
