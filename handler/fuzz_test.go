package handler

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"bucketwarden/ossenc"
)

// FuzzDecode checks what holds for any payload: there is at least one element
// unless it is an empty array, and each element is either a verdict with a
// reason or a bucket that OSS could have, in a region that there could be.
func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("../events/*.json")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		elements := decode(payload, "role")
		if len(elements) == 0 && !isEmptyBatch(payload) {
			t.Fatal("no element: what arrived is lost")
		}
		for _, e := range elements {
			switch e.verdict {
			case ossenc.Ignored, ossenc.Rejected:
				if e.reason == "" {
					t.Errorf("%+v has no reason", e)
				}
			case "":
				if !ossenc.ValidBucketName(e.bucket.Name) {
					t.Errorf("bucket %q", e.bucket.Name)
				}
			default:
				t.Errorf("verdict %q before anything was done", e.verdict)
			}
			if e.bucket.Region != "" && !ossenc.ValidRegion(e.bucket.Region) {
				t.Errorf("region %q", e.bucket.Region)
			}
			if len([]rune(e.id)) > maxText+3 || len([]rune(e.kind)) > maxText+3 || !utf8.ValidString(e.id+e.kind) {
				t.Errorf("id %q, type %q are not fit for a log line", e.id, e.kind)
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
