package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
)

// Every block of every document has a language, can be parsed as that language, and is
// tested by a test that asks for it, or says why it is not run. The list of those that
// are not run is in the output of go test -v.
func TestEveryBlockIsTestedOrSaysWhyNot(t *testing.T) {
	all, err := docs.All()
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, b := range all {
		if err := docs.Check(b); err != nil {
			t.Errorf("%s: %v", b.Place(), err)
		}
		if b.Why != "" {
			t.Logf("not run: %s %s: %s", b.Place(), b.Language, b.Why)
			continue
		}
		tested++
	}
	t.Logf("%d blocks are tested, %d are not run", tested, len(all)-tested)
	if tested < 80 {
		t.Errorf("only %d blocks are tested", tested)
	}
}

// Every test and every file that docs/reliability.md names is there.
func TestReliabilityNamesTestsThatThereAre(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	files := map[string]bool{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "dist"):
			return filepath.SkipDir
		}
		files[d.Name()] = true
		if strings.HasSuffix(path, "_test.go") {
			source, err := os.ReadFile(path)
			tests.Write(source)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, m := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)(\\*?)`").FindAllStringSubmatch(string(text), -1) {
		named++
		if end := map[string]string{"": "(", "*": ""}[m[2]]; !strings.Contains(tests.String(), "\nfunc "+m[1]+end) {
			t.Errorf("there is no %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`([\\w./-]*\\w\\.(?:go|txtar|md|sh))`").FindAllStringSubmatch(string(text), -1) {
		named++
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && !(files[m[1]] && !strings.Contains(m[1], "/")) {
			t.Errorf("there is no %s", m[1])
		}
	}
	if named < 60 {
		t.Errorf("only %d names", named)
	}
}
