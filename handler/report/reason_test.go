package report

import (
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

// A report never writes, whatever the mode: its reasons do not speak of report mode.
func TestReasons_AreTrueInEveryForm(t *testing.T) {
	for _, name := range Names() {
		body, _ := written(t, name, evidence(), account(t))
		if contains(body, "report mode") {
			t.Errorf("%s speaks of report mode:\n%s", name, body)
		}
	}
}

// The page says that OSS refused only where it did.
func TestReasons_OSSRefusedOnlyIfItDid(t *testing.T) {
	for code, want := range map[string]bool{"": false, "AccessDenied": true} {
		body, _ := written(t, "html", view(), rows(nil, ossenc.Result{Bucket: "b", Verdict: ossenc.Blocked, Code: ossenc.Refused, OSSCode: code, Observed: true, Reason: "why"}))
		_, table, _ := strings.Cut(string(body), `id="table"`)
		if table, _, _ = strings.Cut(table, "</table>"); strings.Contains(table, "OSS refused") != want {
			t.Errorf("OSS's code %q: the page says that OSS refused: %t", code, !want)
		}
	}
}
