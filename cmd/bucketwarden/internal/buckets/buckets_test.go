package buckets

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

var (
	aes = ossenc.Rule{Algorithm: ossenc.AES256}
	kms = ossenc.Rule{Algorithm: ossenc.KMS}
	own = ossenc.Rule{Algorithm: ossenc.KMS, KMSKeyID: "key-1"}
)

// Every verdict and code has a state, and is the findings that it should be.
func TestStates(t *testing.T) {
	all := []finding{findUnencrypted, findNoncompliant, findForeignKey, findUnknown}
	for _, tt := range []struct {
		r    ossenc.Result
		want state
		is   []finding
	}{
		{ossenc.Result{Verdict: ossenc.Compliant, Observed: true, After: aes}, compliant, nil},
		{ossenc.Result{Verdict: ossenc.Fixed, Observed: true, After: aes}, compliant, nil},
		{ossenc.Result{Verdict: ossenc.Exempt, Observed: true, After: aes}, exempt, nil},
		{ossenc.Result{Verdict: ossenc.Exempt, Observed: true}, exempt, []finding{findUnencrypted}},
		{ossenc.Result{Verdict: ossenc.WouldFix, Observed: true}, unencrypted, []finding{findUnencrypted, findNoncompliant}},
		{ossenc.Result{Verdict: ossenc.WouldFix, Observed: true, After: aes}, noncompliant, []finding{findNoncompliant}},
		{ossenc.Result{Verdict: ossenc.Blocked, Code: ossenc.Refused, Observed: true}, unencrypted, []finding{findUnencrypted, findNoncompliant}},
		{ossenc.Result{Verdict: ossenc.Blocked, Code: ossenc.ForeignKey, Observed: true, After: own}, foreignKey, []finding{findNoncompliant, findForeignKey}},
		{ossenc.Result{Verdict: ossenc.Unknown, Code: ossenc.Denied}, unknown, []finding{findUnknown}},
		{ossenc.Result{Verdict: ossenc.Rejected, Code: ossenc.Invalid}, unknown, []finding{findUnknown}},
		{ossenc.Result{Verdict: ossenc.Gone}, gone, nil},
		{ossenc.Result{Verdict: "of a later version"}, unknown, []finding{findUnknown}},
	} {
		if got := stateOf(tt.r); got != tt.want || got.rank() < 0 {
			t.Errorf("%s %s is %s, want %s", tt.r.Verdict, tt.r.Code, got, tt.want)
		}
		for _, f := range all {
			if f.is(tt.r) != slices.Contains(tt.is, f) {
				t.Errorf("%s %s is %s: %t", tt.r.Verdict, tt.r.Code, f, f.is(tt.r))
			}
		}
	}
}

func TestTally(t *testing.T) {
	var count tally
	if got := count.String(); got != "0 buckets" {
		t.Error(got)
	}
	for _, r := range []ossenc.Result{{Verdict: ossenc.Unknown}, {Verdict: ossenc.Compliant}, {Verdict: ossenc.WouldFix, Observed: true}, {Verdict: ossenc.Compliant}} {
		count.add(r, []finding{findUnknown})
	}
	if got := count.String(); got != "4 buckets: 1 unencrypted, 1 unknown, 2 compliant" || count.failing != 1 {
		t.Errorf("%s, %d failing", got, count.failing)
	}
}

func TestIsWeaker(t *testing.T) {
	for _, tt := range []struct {
		before, after ossenc.Rule
		want          bool
	}{
		{ossenc.Rule{}, aes, false},
		{aes, kms, false},
		{kms, own, false},
		{aes, aes, false},
		{aes, ossenc.Rule{}, true},
		{kms, aes, true},
		{own, kms, true},
		{own, ossenc.Rule{}, true},
	} {
		if got := isWeaker(tt.before, tt.after); got != tt.want {
			t.Errorf("%s to %s is weaker: %t", tt.before, tt.after, got)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, tt := range []struct {
		formats, files, want string
	}{
		{"", "", "table>"},
		{"csv", "", "csv>"},
		{"", "a.json b.HTML", "json>a.json html>b.HTML"},
		{"csv", "a.txt", "csv>a.txt"},
		{"csv json", "a.csv", "csv>a.csv json>"},
		{"table csv", "- b.csv", "table> csv>b.csv"},
		{"", "a.doc", "error"},
		{"xlsx", "", "error"},
		{"csv json", "", "error"},
	} {
		o := outputs{formats: strings.Fields(tt.formats), files: strings.Fields(tt.files)}
		targets, err := o.targets()
		var got []string
		for _, target := range targets {
			got = append(got, fmt.Sprintf("%s>%s", target.format, target.file))
		}
		if text := strings.Join(got, " "); err == nil && text != tt.want || (err != nil) != (tt.want == "error") {
			t.Errorf("formats %q, files %q: %s, %v; want %s", tt.formats, tt.files, text, err, tt.want)
		}
	}
}

// The page's language is the one that was asked for, else the environment's, as far as
// there is a page in it.
func TestPageLanguage(t *testing.T) {
	for _, tt := range []struct {
		name, all, messages, lang, want string
	}{
		{"", "", "", "", "en"},
		{"", "", "", "C.UTF-8", "en"},
		{"", "", "", "POSIX", "en"},
		{"", "", "", "_", "en"},
		{"", "", "", "de_DE.UTF-8", "en"},
		{"", "", "", "zh_CN.UTF-8", "zh"},
		{"", "", "", "zh-TW", "zh"},
		{"", "", "", "ja", "ja"},
		{"", "", "", "ja@modifier", "ja"},
		{"", "", "", "jam_JM", "en"},
		{"", "C", "", "ja_JP.UTF-8", "en"},
		{"", "", "ja_JP", "zh_CN", "ja"},
		{"", "zh_CN", "ja_JP", "", "zh"},
		{"en", "zh_CN", "", "", "en"},
		{"zh-CN", "", "", "", "zh"},
		{"ja", "", "", "zh_CN", "ja"},
	} {
		got, err := pageLanguage(tt.name, map[string]string{"LC_ALL": tt.all, "LC_MESSAGES": tt.messages, "LANG": tt.lang})
		if got != tt.want || err != nil {
			t.Errorf("%+v: %s, %v", tt, got, err)
		}
	}
	for _, name := range []string{"fr", "EN", "zh_CN", "z"} {
		if got, err := pageLanguage(name, nil); err == nil {
			t.Errorf("%s is taken for %s", name, got)
		}
	}
}
