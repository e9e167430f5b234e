package mutants

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
)

// The list fits the code: each text is in its file once, each mutant
// compiles, and the packages are there. The mutants themselves are run by make mutants.
func TestTheListFitsTheCode(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	root, err := docs.Root()
	if err != nil {
		t.Fatal(err)
	}
	compiler := newCompiler(t, root, all)
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.Name()] {
			t.Errorf("%s is there twice", m.Name())
		}
		seen[m.Name()] = true
		text, err := m.Apply(root)
		if err != nil {
			t.Errorf("%s: %v", m.Name(), err)
			continue
		}
		if err := compiler.check(m, text); err != nil {
			t.Errorf("%s: it does not compile: %v", m.Name(), err)
		}
		for _, p := range m.Tests {
			if found, err := filepath.Glob(filepath.Join(root, p, "*_test.go")); err != nil || len(found) == 0 {
				t.Errorf("%s: there are no tests in %s (%v)", m.Name(), p, err)
			}
		}
	}
	if text, err := os.ReadFile(filepath.Join(root, "docs", "reliability.md")); err != nil || !strings.Contains(string(text), fmt.Sprintf("`internal/mutants/list.txt` has %d mistakes", len(all))) {
		t.Errorf("docs/reliability.md does not say that there are %d mutants (%v)", len(all), err)
	}
}

func TestParse_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{"- a\n", "# what\n- a\n", "file a.go: p\n# what\n* a\n"} {
		if got, err := parse(text); err == nil {
			t.Errorf("%q gives %+v", text, got)
		}
	}
}

// A test that fails kills a mutant, one that passes lets it live, and what does not
// compile or is not there any more is an error.
func TestRun(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":      "module example\n\ngo 1.26\n",
		"p/p.go":      "package p\n\nfunc Sum(a, b int) int { return a + b }\n\nfunc Unused() int { return 1 }\n",
		"p/p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(1, 2) != 3 {\n\t\tt.Fatal()\n\t}\n}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ from, to, by, wrong string }{
		{"a + b", "a - b", "p TestSum", ""},
		{"return 1", "return 2", "", ""},
		{"a + b", "a +", "", "does not compile"},
		{"a * b", "a - b", "", "in the file 0 times"},
		{"int", "uint", "", "times"},
	} {
		got, err := Mutant{File: "p/p.go", Old: tt.from, New: tt.to, Tests: []string{"p"}}.Run(t.Context(), root)
		if (err != nil) != (tt.wrong != "") || err != nil && !strings.Contains(err.Error(), tt.wrong) || got.By != tt.by || got.Killed != (tt.by != "") {
			t.Errorf("%s for %s: %+v, %v", tt.to, tt.from, got, err)
		}
	}
}
