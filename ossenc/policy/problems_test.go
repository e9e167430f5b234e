package policy_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"bucketwarden/ossenc/policy"
)

const problemsFile = "testdata/problems.txtar"

// problemCases returns the files of the archive, by name.
func problemCases(t testing.TB) (policies []txtar.File, problems map[string]string) {
	t.Helper()
	archive, err := txtar.ParseFile(problemsFile)
	if err != nil {
		t.Fatal(err)
	}
	problems = map[string]string{}
	for _, f := range archive.Files {
		if name, ok := strings.CutSuffix(f.Name, ".problems"); ok {
			problems[name+".yaml"] = string(f.Data)
			continue
		}
		policies = append(policies, f)
	}
	return policies, problems
}

// Run with UPDATE=1 to write the archive anew, and read the difference.
func TestParse_TellsEveryProblem(t *testing.T) {
	policies, problems := problemCases(t)
	archive, err := txtar.ParseFile(problemsFile)
	if err != nil {
		t.Fatal(err)
	}
	archive.Files = nil
	for _, f := range policies {
		p, err := policy.Parse(f.Name, f.Data)
		if err == nil || p != nil {
			t.Errorf("%s: Parse = %v, %v; want problems only", f.Name, p, err)
			continue
		}
		got := err.Error() + "\n"
		archive.Files = append(archive.Files, f, txtar.File{Name: strings.TrimSuffix(f.Name, ".yaml") + ".problems", Data: []byte(got)})
		if got != problems[f.Name] {
			t.Errorf("%s:\n%s\nwant\n%s", f.Name, got, problems[f.Name])
		}
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(problemsFile, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
