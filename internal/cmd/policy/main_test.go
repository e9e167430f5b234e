package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const company = `version: 1
rules:
  - name: assets
    match: {buckets: ["assets-*"]}
    exempt: {reason: r, owner: web, until: 2027-03-31}
  - name: tmp
    match: {buckets: ["tmp-*"]}
    exempt: {reason: r, owner: ops, until: 2027-01-31}
  - name: rest
    want: {algorithm: AES256}
`

// directory returns a directory with these files.
func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := directory(t, map[string]string{
		"good.yaml":       company,
		"good_test.yaml":  "tests:\n  - {bucket: data, region: cn-hangzhou, expect: {algorithm: AES256}}\n",
		"odd.yaml":        company,
		"odd_test.yaml":   "tests:\n  - {bucket: data, region: cn-hangzhou, expect: {algorithm: KMS}}\n",
		"bad.yaml":        "version: 1\nrules:\n  - name: a\n    wnat: {}\n",
		"lone.yaml":       company,
		"wrong.yaml":      company,
		"wrong_test.yaml": "tests: []\n",
	})
	tests := []struct {
		name, args, on string
		out, err       string
	}{
		{"Check", "check DIR/good.yaml", "2027-01-01", "DIR/good.yaml: ok: 3 rules, 2 of them exemptions, 0 other accounts\n", ""},
		{
			"CheckWarnsOfEnds", "check DIR/good.yaml", "2027-03-20",
			"DIR/good.yaml:6: warning: the exemption \"tmp\" (ops) ended with 2027-01-31: its buckets are subject to the rules that follow\n" +
				"DIR/good.yaml:3: warning: the exemption \"assets\" (web) ends soon, with 2027-03-31\n" +
				"DIR/good.yaml: ok: 3 rules, 2 of them exemptions, 0 other accounts\n", "",
		},
		{
			"CheckFails", "check DIR/bad.yaml", "2027-01-01", "",
			"DIR/bad.yaml:3:5: rules[0]: want is missing, or exempt\n" +
				"DIR/bad.yaml:4:5: rules[0].wnat: unknown field (did you mean want?); the fields here are name, match, want, compare, mode, on_unusable_key, exempt\n2 problem(s)",
		},
		{"Test", "test DIR/good.yaml", "2027-01-01", "ok   DIR/good_test.yaml:2: data in cn-hangzhou: rule \"rest\", AES256, floor, enforce\n1 tests, 0 failed\nno test reaches: assets, tmp\n", ""},
		{
			"TestFails", "test DIR/odd.yaml", "2027-01-01",
			"FAIL DIR/odd_test.yaml:2: data in cn-hangzhou: rule \"rest\", AES256, floor, enforce\n       algorithm: want KMS, got AES256\n" +
				"       not \"assets\": bucket \"data\" is not assets-*\n       not \"tmp\": bucket \"data\" is not tmp-*\n1 tests, 1 failed\nno test reaches: assets, tmp\n",
			"DIR/odd.yaml does not do what DIR/odd_test.yaml expects",
		},
		{"NoExpectations", "test DIR/lone.yaml", "2027-01-01", "", "open DIR/lone_test.yaml: no such file or directory"},
		{"WrongExpectations", "test DIR/wrong.yaml", "2027-01-01", "", "DIR/wrong_test.yaml:1:8: tests: is an empty list\n1 problem(s)"},
		{"NoFile", "check DIR/none.yaml", "2027-01-01", "", "open DIR/none.yaml: no such file or directory"},
		{"NoArguments", "check", "2027-01-01", "", usage},
		{"NoSuchCommand", "chekc x", "2027-01-01", "", "no such command: chekc\n" + usage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now, err := time.Parse(time.DateOnly, tt.on)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			err = run(strings.Fields(strings.ReplaceAll(tt.args, "DIR", dir)), now, &out)
			if got := strings.ReplaceAll(out.String(), dir, "DIR"); got != tt.out {
				t.Errorf("it prints\n%s\nwant\n%s", got, tt.out)
			}
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), dir, "DIR")
			}
			if got != tt.err {
				t.Errorf("its error is\n%s\nwant\n%s", got, tt.err)
			}
		})
	}
}

func TestTheExamplesDoWhatIsExpectedOfThem(t *testing.T) {
	files, err := filepath.Glob("../../../docs/examples/policy*_test.*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files of expectations: %v", len(files), err)
	}
	for _, f := range files {
		var out strings.Builder
		if err := run([]string{"test", strings.Replace(f, "_test.", ".", 1)}, time.Now(), &out); err != nil || strings.Contains(out.String(), "no test reaches") {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
}
