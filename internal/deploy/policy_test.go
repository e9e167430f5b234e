package deploy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bucketwarden/internal/settings"
)

const goodPolicy = `version: 1
rules:
  - {name: tmp, match: {buckets: [tmp-*]}, exempt: {reason: short, owner: ops, until: 2027-01-31}}
  - {name: rest, want: {algorithm: AES256}}
`

const goodTests = `tests:
  - {bucket: data, region: cn-hangzhou, expect: {algorithm: AES256}}
  - {bucket: tmp-1, region: cn-hangzhou, on: 2026-12-01, expect: {exempt: true}}
`

// folder writes files and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A policy of any name is packed under one name, and one with a mistake not at all.
func TestPackage_Policy(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		give  string // the file that is asked for
		fails string // what the error says; empty for none
		says  string // what is printed besides
	}{
		{"None", nil, "", "", ""},
		{"OfTheProject", map[string]string{"policy.yaml": goodPolicy, "policy_test.yaml": goodTests}, "", "", "2 tests, 0 failed"},
		{"OfAnyName", map[string]string{"my company.yaml": goodPolicy, "my company_test.yaml": goodTests}, "my company.yaml", "", "2 tests, 0 failed"},
		{"TheOneThatIsGiven", map[string]string{"policy.yaml": "rules: []\n", "a.yaml": goodPolicy}, "a.yaml", "", "a_test.yaml, so the policy was checked and not tested"},
		{"JSON", map[string]string{"a.json": `{"version": 1, "rules": [{"name": "rest", "want": {"algorithm": "KMS"}}]}`}, "a.json", "", "a_test.json"},
		{"Missing", nil, "a.yaml", "no such file", ""},
		{"Mistakes", map[string]string{"a.yaml": strings.Replace(goodPolicy, "want", "wnat", 1) + "x: 1\n"}, "a.yaml", "did you mean want?", ""},
		{"MistakeOfTheProject", map[string]string{"policy.yaml": "rules: []\n"}, "", "version is missing", ""},
		{"TestFails", map[string]string{"a.yaml": goodPolicy, "a_test.yaml": strings.Replace(goodTests, "AES256", "KMS", 1)}, "a.yaml", "does not do what", "algorithm: want KMS, got AES256"},
		{"TestHasMistakes", map[string]string{"a.yaml": goodPolicy, "a_test.yaml": "tests: []\n"}, "a.yaml", "is an empty list", ""},
		{"Region", map[string]string{"a.yaml": strings.Replace(goodPolicy, "{buckets: [tmp-*]}", "{regions: [cn-hangzou]}", 1)}, "a.yaml", "", `rules[0].match.regions[0]: warning: "cn-hangzou" is not a region that this version knows (did you mean cn-hangzhou?)`},
		{"Ended", map[string]string{"a.yaml": strings.Replace(goodPolicy, "2027-01-31", "2026-01-31", 1)}, "a.yaml", "", `the exemption "tmp" (ops) ended with 2026-01-31`},
	}
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, tt.files)
			given := tt.give
			if given != "" {
				given = filepath.Join(dir, given)
			}
			file := FindPolicy(dir, given)
			var out strings.Builder
			files, err := packPolicy(file, now, &out)
			if (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) || !strings.Contains(out.String(), tt.says) {
				t.Fatalf("%v\n%s", err, out.String())
			}
			switch {
			case err != nil || file == "":
				if files != nil {
					t.Errorf("%d files are packed", len(files))
				}
				return
			case len(files) != 1 || files[0].Name != Policy || files[0].Mode != 0o644 || string(files[0].Data) != tt.files[filepath.Base(file)]:
				t.Errorf("%+v", files)
			}
		})
	}
}

// A mistake is found before anything is built.
func TestPackage_APolicyWithAMistakeBuildsNothing(t *testing.T) {
	if _, err := Files(t.Context(), folder(t, map[string]string{"policy.yaml": "rules: []\n"}), "", io.Discard); err == nil || strings.Contains(err.Error(), "go build") {
		t.Errorf("%v", err)
	}
}

// What stops the function at its start is found in s.yaml.
func TestCheckSettings(t *testing.T) {
	sYAML, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(folder(t, map[string]string{"p.yaml": goodPolicy}), "p.yaml")
	wrong := filepath.Join(folder(t, map[string]string{"p.yaml": "rules: []\n"}), "p.yaml")
	simple := "        WARDEN_ALGORITHM: AES256\n        WARDEN_COMPARE: floor # never weaken\n"
	withPolicy := "        WARDEN_POLICY: /code/policy.yaml\n"
	tests := []struct {
		name, from, to, policy string
		problem                string // empty for none
	}{
		{"AsItIs", "", "", "", ""},
		{"Value", "AES256", "AES265", "", `WARDEN_ALGORITHM: algorithm "AES265"`},
		{"Name", "WARDEN_MODE:", "WARDEN_MOD:", "", "WARDEN_MOD: there is no such setting (did you mean WARDEN_MODE?)"},
		{"Mode", "enforce", "aprove", "", `WARDEN_MODE: "aprove" is none of`},
		{"Combination", "WARDEN_HTTP_AUTH: platform", "WARDEN_HTTP_AUTH: tokens", "", "WARDEN_HTTP_AUTH: is tokens, but WARDEN_HTTP_TOKENS has none"},
		{"Scope", "WARDEN_LOG_LEVEL: info", "WARDEN_HTTP_ALLOW: report,aprove", "", "WARDEN_HTTP_ALLOW: a scope is one of"},
		{"PlanAge", "WARDEN_LOG_LEVEL: info", "WARDEN_PLAN_AGE: 1d", "", "WARDEN_PLAN_AGE: is a time from 1m to 744h"},
		{"Policy", simple, withPolicy, policy, ""},
		{"PolicyByItsName", simple, strings.Replace(withPolicy, "/code/", "", 1), policy, ""},
		{"PolicyBesideTheSimpleRule", "        WARDEN_COMPARE: floor # never weaken\n", withPolicy, policy, "WARDEN_ALGORITHM: has no effect beside WARDEN_POLICY"},
		{"PolicyThatIsNotPacked", simple, withPolicy, "", "the package has no policy"},
		{"PolicyWithMistakes", simple, withPolicy, wrong, "WARDEN_POLICY: " + wrong},
		{"PolicyOfAnotherPath", simple, "        WARDEN_POLICY: policies/company.yaml\n", policy, "policies/company.yaml is not in the package"},
		{"PolicyFromTheEnvironment", simple, "        WARDEN_POLICY: ${env('THE_POLICY', '/code/policy.yaml')}\n", policy, ""},
		{"Certificate", "WARDEN_HTTP_AUTH: platform", "WARDEN_HTTP_AUTH: tokens\n        WARDEN_EVENTBRIDGE_URL: https://a.example.com/events\n        WARDEN_EVENTBRIDGE_CERT: eventbridge.pem", "", "WARDEN_EVENTBRIDGE_CERT: open eventbridge.pem"},
		{"Anonymous", "authType: function", "authType: anonymous", "", `WARDEN_HTTP_AUTH: "platform" does not go with authType anonymous`},
		{"NoVariables", "environmentVariables:", "enviromentVariables:", "", "environmentVariables: there are none"},
		{"LowerCase", "WARDEN_MODE:", "warden_mode:", "", "warden_mode: the function reads only names that begin with WARDEN_"},
		{"NameOfTheCommand", "WARDEN_MODE:", "BUCKETWARDEN_MODE:", "", "BUCKETWARDEN_MODE: the function reads only"},
		{"AnotherRole", "WARDEN_ROLE_NAME: bucketwarden", "WARDEN_ROLE_NAME: acs:ram::1:role/bucketwarden", "", "and the function's role is bucketwarden"},
		{"NotYAML", "resources:", "resources: [", "", "yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(string(sYAML), tt.from, tt.to, 1)
			if tt.from != "" && text == string(sYAML) {
				t.Fatal("the change changes nothing")
			}
			err := CheckSettings(text, tt.policy, nil)
			if (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("%v, want %q", err, tt.problem)
			}
		})
	}
	if err := CheckSettings("resources: {page: {component: fc3-domain@0.0.29}}", "", nil); err == nil {
		t.Error("a file without a function was taken")
	}
	problems, ok := errors.AsType[settings.Problems](CheckSettings(strings.NewReplacer("AES256", "DES", "enforce", "x").Replace(string(sYAML)), "", nil))
	if !ok || len(problems) != 2 {
		t.Errorf("%v, want every problem at once", problems)
	}
}

// The project's own files pass, every variant of the document is among them, and a
// policy that no setting names is found.
func TestCheckProject(t *testing.T) {
	read, left, err := CheckProject(root, "", nil)
	if err != nil || len(left) > 0 || fmt.Sprint(read) != "[s.yaml s.local.yaml docs/s-variants.md, Tokens docs/s-variants.md, JWT and a domain of your own docs/s-variants.md, No trigger docs/s-variants.md, A policy docs/s-variants.md, Approval docs/s-variants.md, Failures to the event bus]" {
		t.Errorf("%q, %q, %v", read, left, err)
	}
	policy := filepath.Join(root, "docs/examples/policy.yaml")
	if _, _, err := CheckProject(root, policy, nil); err == nil || !strings.Contains(err.Error(), "no setting names it") {
		t.Errorf("%v", err)
	}
	dir := folder(t, map[string]string{"s.yaml": "edition: [", "s.local.yaml": projectFile(t, "s.local.yaml"), "docs/s-variants.md": projectFile(t, "docs/s-variants.md"), "docs/examples/policy.yaml": ""})
	if _, _, err := CheckProject(dir, "", nil); err == nil || strings.Count(err.Error(), "yaml:") != 2 { // the file's name and the parser's
		t.Errorf("%v, want one message for one mistake", err)
	}
}

func projectFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Somebody exchanges the lines that a variant shows, or sets the mode that docs/deploy.md
// begins with: the file passes, and the variants that fit no more are no mistake.
func TestCheckProject_AfterAChange(t *testing.T) {
	sYAML := projectFile(t, "s.yaml")
	changed := map[string]string{"ReportMode": strings.Replace(sYAML, "WARDEN_MODE: enforce", "WARDEN_MODE: report", 1)}
	for _, v := range Variants(projectFile(t, "docs/s-variants.md"), sYAML) {
		changed[v.Name] = v.Text
	}
	for name, text := range changed {
		t.Run(name, func(t *testing.T) {
			files, policy := map[string]string{"s.yaml": text}, ""
			for _, name := range []string{"s.local.yaml", "docs/s-variants.md", "docs/examples/policy.yaml"} {
				files[name] = projectFile(t, name)
			}
			if SetsPolicy(text) {
				policy = "docs/examples/policy.yaml"
			}
			dir := folder(t, files)
			if policy != "" {
				policy = filepath.Join(dir, policy)
			}
			read, left, err := CheckProject(dir, policy, nil)
			if text == sYAML || err != nil || len(left) == 0 || len(read)+len(left) != 8 {
				t.Errorf("read %q, left %q, %v", read, left, err)
			}
		})
	}
}

func TestVariants_LinesThatAreNotThere(t *testing.T) {
	doc := "## One\n<!-- replace -->\n```yaml\nb: 1\n```\n\n<!-- with -->\n```yaml\nb: 2\n```\n"
	if got := Variants(doc, "a: 1\nb: 1\n"); len(got) != 1 || got[0] != (Variant{Name: "One", Text: "a: 1\nb: 2\n"}) {
		t.Errorf("%+v", got)
	}
	for _, other := range []string{"a: 1\n", "b: 1\nb: 1\n"} {
		if got := Variants(doc, other); len(got) != 1 || got[0] != (Variant{Name: "One", Missing: "b: 1\n"}) {
			t.Errorf("%+v", got)
		}
	}
}
