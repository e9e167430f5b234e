package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
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

// run runs the verb with these arguments and returns its output, its errors and
// its status.
func run(t *testing.T, args []string, now time.Time) (string, string, app.Exit) {
	t.Helper()
	var out, errs strings.Builder
	a := &app.App{In: strings.NewReader(""), Out: &out, Err: &errs, Env: map[string]string{}, Now: func() time.Time { return now }}
	root := a.Root("bucketwarden", "", "", "")
	root.AddCommand(Command(a))
	status := a.Main(root, args)
	return out.String(), errs.String(), status
}

func TestVerbs(t *testing.T) {
	files := map[string]string{
		"good.yaml":       company,
		"good_test.yaml":  "tests:\n  - {bucket: data, region: cn-hangzhou, expect: {algorithm: AES256}}\n",
		"odd.yaml":        company,
		"odd_test.yaml":   "tests:\n  - {bucket: data, region: cn-hangzhou, expect: {algorithm: KMS}}\n",
		"bad.yaml":        "version: 1\nrules:\n  - name: a\n    wnat: {}\n",
		"lone.yaml":       company,
		"wrong.yaml":      company,
		"wrong_test.yaml": "tests: []\n",
		"tags.yaml":       "version: 1\nrules:\n  - {name: t, match: {tags: {env: prod}}, want: {algorithm: KMS, kms_key_id: key-1}, on_unusable_key: {fallback: {algorithm: AES256}}, mode: report, compare: exact}\n  - {name: rest, want: {algorithm: AES256}}\n",
	}
	tests := []struct {
		name, args, on string
		out, err       string
		status         app.Exit
	}{
		{"Check", "check DIR/good.yaml", "2027-01-01", "DIR/good.yaml: ok: 3 rules, 2 of them exemptions, 0 other accounts\n", "", app.Done},
		{
			"CheckWarnsOfEnds", "check DIR/good.yaml", "2027-03-20",
			"DIR/good.yaml:6: warning: the exemption \"tmp\" (ops) ended with 2027-01-31: its buckets are subject to the rules that follow\n" +
				"DIR/good.yaml:3: warning: the exemption \"assets\" (web) ends soon, with 2027-03-31\n" +
				"DIR/good.yaml: ok: 3 rules, 2 of them exemptions, 0 other accounts\n", "", app.Done,
		},
		{
			"CheckFails", "check DIR/bad.yaml", "2027-01-01", "",
			"bucketwarden: DIR/bad.yaml:3:5: rules[0]: want is missing, or exempt\n" +
				"DIR/bad.yaml:4:5: rules[0].wnat: unknown field (did you mean want?); the fields here are name, match, want, compare, mode, settle, on_unusable_key, on_fight, exempt\n2 problem(s)\n", app.Findings,
		},
		{
			"CheckSeveral", "check DIR/good.yaml DIR/bad.yaml DIR/none.yaml", "2027-01-01", "DIR/good.yaml: ok: 3 rules, 2 of them exemptions, 0 other accounts\n",
			"bucketwarden: DIR/bad.yaml:3:5: rules[0]: want is missing, or exempt\n" +
				"DIR/bad.yaml:4:5: rules[0].wnat: unknown field (did you mean want?); the fields here are name, match, want, compare, mode, settle, on_unusable_key, on_fight, exempt\n2 problem(s)\n" +
				"there is no file DIR/none.yaml\n", app.Findings,
		},
		{"Test", "test DIR/good.yaml", "2027-01-01", "ok   DIR/good_test.yaml:2: data in cn-hangzhou: rule \"rest\", AES256, floor, enforce\n1 tests, 0 failed\nno test reaches: assets, tmp\n", "", app.Done},
		{
			"TestFails", "test DIR/odd.yaml", "2027-01-01",
			"FAIL DIR/odd_test.yaml:2: data in cn-hangzhou: rule \"rest\", AES256, floor, enforce\n       algorithm: want KMS, got AES256\n" +
				"       not \"assets\": bucket \"data\" is not assets-*\n       not \"tmp\": bucket \"data\" is not tmp-*\n1 tests, 1 failed\nno test reaches: assets, tmp\n",
			"bucketwarden: DIR/odd.yaml does not do what DIR/odd_test.yaml expects\n", app.Findings,
		},
		{"NoExpectations", "test DIR/lone.yaml", "2027-01-01", "", "bucketwarden: there is no file DIR/lone_test.yaml\nnext: write the expectations into it, or let \"bucketwarden policy init\" begin both files\n", app.Usage},
		{"WrongExpectations", "test DIR/wrong.yaml", "2027-01-01", "", "bucketwarden: DIR/wrong_test.yaml:1:8: tests: is an empty list\n1 problem(s)\n", app.Findings},
		{"NoFile", "check DIR/none.yaml", "2027-01-01", "", "bucketwarden: there is no file DIR/none.yaml\n", app.Usage},
		{"NoArguments", "check", "2027-01-01", "", "bucketwarden: bucketwarden policy check takes one or more policy files\nnext: see bucketwarden policy check --help\n", app.Usage},
		{"NoSuchVerb", "chekc x", "2027-01-01", "", "bucketwarden: bucketwarden policy has no verb \"chekc\" (did you mean check?)\nnext: see bucketwarden policy --help\n", app.Usage},
		{"NoVerb", "", "2027-01-01", "", "bucketwarden: bucketwarden policy needs one of its verbs\nnext: see bucketwarden policy --help\n", app.Usage},
		{"NoSuchFlag", "explain DIR/good.yaml data --regoin cn-hangzhou", "2027-01-01", "", "bucketwarden: unknown flag: --regoin (did you mean --region?)\nnext: see bucketwarden policy explain --help\n", app.Usage},
		{"Explain", "explain DIR/good.yaml tmp-1", "2027-01-31", "  1  assets: no: bucket \"tmp-1\" is not assets-*\n  2  tmp: decides: exempt until 2027-01-31: r (ops)\n", "", app.Done},
		{"ExplainLater", "explain DIR/good.yaml tmp-1 --on 2027-02-01", "2027-01-31", "  1  assets: no: bucket \"tmp-1\" is not assets-*\n  2  tmp: no: the exemption ended with 2027-01-31\n  3  rest: decides: AES256 is required, or stronger\n", "", app.Done},
		{"ExplainTags", "explain DIR/tags.yaml data --region cn-hangzhou --tag env=prod", "2027-01-01", "  1  t: decides: KMS(key-1) is required, exactly; only reported, never written; AES256 where the key cannot be used\n", "", app.Done},
		{"ExplainBadDay", "explain DIR/good.yaml data --on March", "2027-01-01", "", "bucketwarden: --on: \"March\" is not a date; write it like 2027-03-31\n", app.Usage},
		{"ExplainBadTag", "explain DIR/good.yaml data --tag env", "2027-01-01", "", "bucketwarden: --tag: \"env\" is not key=value\n", app.Usage},
		{"ExplainBadRegion", "explain DIR/good.yaml data --region Hangzhou", "2027-01-01", "", "bucketwarden: --region: \"Hangzhou\" is not a region ID, such as cn-hangzhou\n", app.Usage},
		{"ExplainBadBucket", "explain DIR/good.yaml A", "2027-01-01", "", "bucketwarden: \"A\" is not the name of a bucket: 3 to 63 characters a-z, 0-9 and -\n", app.Usage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := directory(t, files)
			now, err := time.Parse(time.DateOnly, tt.on)
			if err != nil {
				t.Fatal(err)
			}
			out, errs, status := run(t, append([]string{"policy"}, strings.Fields(strings.ReplaceAll(tt.args, "DIR", dir))...), now)
			if got := strings.ReplaceAll(out, dir, "DIR"); got != tt.out {
				t.Errorf("it prints\n%s\nwant\n%s", got, tt.out)
			}
			if got := strings.ReplaceAll(errs, dir, "DIR"); got != tt.err {
				t.Errorf("its errors are\n%s\nwant\n%s", got, tt.err)
			}
			if status != tt.status {
				t.Errorf("its status is %d, want %d", status, tt.status)
			}
		})
	}
}

// What init writes is a policy that passes its own checks.
func TestInit(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "new.yaml")
	for _, verb := range []string{"init --example", "check", "test"} {
		if out, errs, status := run(t, append(append([]string{"policy"}, strings.Fields(verb)...), file), time.Now()); status != app.Done || strings.Contains(out, "no test reaches") {
			t.Errorf("%s: %d\n%s%s", verb, status, out, errs)
		}
	}
	if _, errs, status := run(t, []string{"policy", "init", "--example", file}, time.Now()); status != app.Usage || !strings.Contains(errs, "exists already") {
		t.Errorf("init once more: %d %s", status, errs)
	}
}

func TestTheExamplesDoWhatIsExpectedOfThem(t *testing.T) {
	files, err := filepath.Glob("../../../../docs/examples/policy*_test.*")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files of expectations: %v", len(files), err)
	}
	for _, f := range files {
		out, errs, status := run(t, []string{"policy", "test", strings.Replace(f, "_test.", ".", 1)}, time.Now())
		if status != app.Done || strings.Contains(out, "no test reaches") {
			t.Errorf("%d\n%s%s", status, out, errs)
		}
	}
}
