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

// Every test and every file that docs/reliability.md and SECURITY.md name is there.
func TestDocumentsNameTestsThatThereAre(t *testing.T) {
	tests, files := testsAndFiles(t)
	for _, doc := range []struct {
		name  string
		least int // names
	}{{"docs/reliability.md", 60}, {"SECURITY.md", 60}} {
		text := read(t, doc.name)
		named := 0
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz)\\w+)(\\*?)`").FindAllStringSubmatch(text, -1) {
			named++
			if end := map[string]string{"": "(", "*": ""}[m[2]]; !strings.Contains(tests, "\nfunc "+m[1]+end) {
				t.Errorf("%s: there is no %s", doc.name, m[1])
			}
		}
		for _, m := range regexp.MustCompile("`([\\w./-]*\\w\\.(?:go|txtar|md|sh))`").FindAllStringSubmatch(text, -1) {
			named++
			if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && !(files[m[1]] && !strings.Contains(m[1], "/")) {
				t.Errorf("%s: there is no %s", doc.name, m[1])
			}
		}
		if named < doc.least {
			t.Errorf("%s: only %d names", doc.name, named)
		}
	}
}

// testsAndFiles returns the text of all tests, and the names of all files.
func testsAndFiles(t *testing.T) (tests string, files map[string]bool) {
	t.Helper()
	var text strings.Builder
	files = map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "dist"):
			return filepath.SkipDir
		}
		files[d.Name()] = true
		if strings.HasSuffix(path, "_test.go") {
			source, err := os.ReadFile(path)
			text.Write(source)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String(), files
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each row of the tables that say what is promised, and who gains what, names a test that
// holds it, or a document's command.
func TestEveryPromiseNamesItsTest(t *testing.T) {
	test := regexp.MustCompile("`[^`]*(Test|Fuzz|_test\\.go|\\.txtar)[^`]*`|`make \\w+`|`internal/\\w+`|\\b(matrix|simulation|fuzzing)\\b")
	for _, table := range []struct {
		doc, head string
		least     int
	}{
		{"docs/reliability.md", "| promise | how it is tested | where |", 50},
		{"SECURITY.md", "| who | can | gains at most | what we do | what is left | held by |", 28},
	} {
		_, rest, found := strings.Cut(read(t, table.doc), table.head+"\n")
		if !found {
			t.Fatalf("%s has no table %s", table.doc, table.head)
		}
		rows := 0
		_, rest, _ = strings.Cut(rest, "\n") // of dashes
		for line := range strings.Lines(rest) {
			cells := strings.Split(strings.Trim(line, "|\n"), " | ")
			if len(cells) == 1 {
				break
			}
			rows++
			if want := strings.Count(table.head, " | ") + 1; len(cells) != want || !test.MatchString(cells[len(cells)-1]) {
				t.Errorf("%s: the row has %d cells, want %d, or no test in the last: %.90s", table.doc, len(cells), want, line)
			}
		}
		if rows < table.least {
			t.Errorf("%s: only %d rows", table.doc, rows)
		}
	}
}
