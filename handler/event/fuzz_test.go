package event

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"bucketwarden/ossenc"
)

// FuzzDecode checks what holds for any payload: there is at least one event unless
// it is an empty array, and each is either settled with a reason or a bucket that
// OSS could have, in a region that there could be.
func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("../../events/*.json")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		events := Read(payload, "role")
		if len(events) == 0 && !isEmptyBatch(payload) {
			t.Fatal("no event: what arrived is lost")
		}
		for _, e := range events {
			reason, settled := "", true
			switch e := e.(type) {
			case *Ignored:
				reason = e.Reason
			case *Invalid:
				reason = e.Reason
			case *Notice:
				settled = false
			}
			h := e.Head()
			if settled != (reason != "") {
				t.Errorf("%+v has no reason", e)
			}
			if !settled && !ossenc.ValidBucketName(h.Bucket.Name) {
				t.Errorf("bucket %q", h.Bucket.Name)
			}
			if h.Bucket.Region != "" && !ossenc.ValidRegion(h.Bucket.Region) {
				t.Errorf("region %q", h.Bucket.Region)
			}
			if len([]rune(h.ID)) > maxText+3 || len([]rune(h.Type)) > maxText+3 || !utf8.ValidString(h.ID+h.Type) {
				t.Errorf("id %q, type %q are not fit for a log line", h.ID, h.Type)
			}
		}
	})
}

// isEmptyBatch reports whether the payload is arrays with nothing in them.
func isEmptyBatch(payload []byte) bool {
	for _, c := range payload {
		switch c {
		case '[', ']', ',', ' ', '\t', '\r', '\n', '"':
		default:
			return false
		}
	}
	return true
}
