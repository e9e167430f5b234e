package report

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

// many yields n buckets of a verdict.
func many(n int, verdict ossenc.Verdict) Source {
	return func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		for i := range n {
			rule := ossenc.Rule{Algorithm: ossenc.AES256}
			if !row(ossenc.Result{Bucket: fmt.Sprintf("b-%06d", i), Region: "cn-hangzhou", Verdict: verdict, Observed: true, Before: rule, After: rule, Wanted: rule, Reason: "AES256 is compliant"}) {
				return ossenc.SweepSummary{}, nil
			}
		}
		return ossenc.SweepSummary{Complete: true}, nil
	}
}

// Every format ends about where it must, says where to resume, and is whole where
// there is room; a part shows no score of the whole.
func TestWrite_EndsAtItsBound(t *testing.T) {
	const bound, all = 64 << 10, 2000
	for _, f := range Formats() {
		t.Run(f.Name, func(t *testing.T) {
			verdict := ossenc.Compliant
			if f.Name == "sarif" { // only what needs attention takes room there
				verdict = ossenc.WouldFix
			}
			var out bytes.Buffer
			sum, err := Write(&out, f, View{MaxBytes: bound, Origin: evidence().Origin}, many(all, verdict))
			if err != nil || sum.Complete || sum.Rows == 0 || sum.Rows >= all || sum.Next != fmt.Sprintf("b-%06d", sum.Rows-1) {
				t.Fatalf("%d rows, complete %t, next %q, %v", sum.Rows, sum.Complete, sum.Next, err)
			}
			if f.Name == "html" && (strings.Contains(out.String(), "are compliant<") || strings.Contains(out.String(), `class="donut"`)) {
				t.Error("a part of the whole has a score")
			}
			if f.Name != "html" && out.Len() > 2*bound { // the page has its own style and texts
				t.Errorf("%d bytes", out.Len())
			}
			if whole, err := Write(&bytes.Buffer{}, f, View{MaxBytes: 64 << 20, Origin: evidence().Origin}, many(all, verdict)); err != nil || !whole.Complete || whole.Rows != all {
				t.Errorf("with room for all: %d rows, complete %t, %v", whole.Rows, whole.Complete, err)
			}
			if one, err := Write(&bytes.Buffer{}, f, View{MaxBytes: 1, Origin: evidence().Origin}, many(all, verdict)); err != nil || one.Rows < 1 || one.Rows > 100 {
				t.Errorf("with no room: %d rows, %v; at least one must come, or the next report begins here again", one.Rows, err)
			}
		})
	}
}

// What a form keeps until its end is at most 100 bytes for each row, of buckets whose
// names and request IDs are all different.
func TestWriters_KeepAtMost100BytesARow(t *testing.T) {
	const n = 5000
	r := rand.New(rand.NewPCG(1, 1))
	for _, f := range Formats() {
		out := &printer{w: io.Discard}
		v := evidence()
		body := f.writer(out, v)
		body.begin()
		for i := range n {
			rule := []ossenc.Rule{{}, {Algorithm: ossenc.AES256}, {Algorithm: ossenc.KMS, KMSKeyID: "key-hzz65f3a68euj0blbgmz9"}}[r.IntN(3)]
			body.row(row{Result: ossenc.Result{
				Bucket: fmt.Sprintf("team-%02d-service-%05x-%d", r.IntN(40), r.Uint32(), i), Region: []string{"cn-hangzhou", "cn-beijing", "ap-southeast-1"}[r.IntN(3)],
				Verdict: []ossenc.Verdict{ossenc.Compliant, ossenc.WouldFix}[r.IntN(2)], Observed: true, After: rule, Wanted: ossenc.Rule{Algorithm: ossenc.AES256},
				PolicyRule: "payments", Reason: rule.String() + " is current; AES256 is required", OSSRequestID: fmt.Sprintf("%08X%016X", r.Uint32(), r.Uint64()),
			}})
		}
		kept := 0
		switch w := body.(type) {
		case *page:
			kept = w.rows.kept.Len()
		case *junitReport:
			kept = w.cases.kept.Len()
		case prometheusReport:
			kept = w.info.kept.Len()
		}
		t.Logf("%s keeps %d bytes a row, and has written %d", f.Name, kept/n, out.n/n)
		if kept > 100*n || kept == 0 && out.n < 100*n && f.Name != "sarif" {
			t.Errorf("%s keeps %d bytes for %d rows", f.Name, kept, n)
		}
	}
}
