package report

import (
	"bytes"
	"fmt"
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
