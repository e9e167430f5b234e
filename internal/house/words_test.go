package house

import (
	_ "embed"
	"encoding/json"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:embed words.txt
var wordsFile string

// word is one that is to be avoided.
type word struct {
	pattern *regexp.Regexp
	use     string
}

func words(t *testing.T) []word {
	t.Helper()
	var all []word
	for line := range strings.Lines(wordsFile) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		avoid, use, found := strings.Cut(line, "\t")
		if !found || use == "" {
			t.Fatalf("words.txt: %q has no word to use", line)
		}
		all = append(all, word{regexp.MustCompile(avoid), use})
	}
	return all
}

// notYetPlain are paths whose words are still to be gone over, each with what it
// waits for. The list only shrinks.
var notYetPlain = map[string]string{
	"CHANGELOG.md": "entries from before this list",
	"bench/":       "its next change",
	"events/":      "its next change",
	"internal/":    "the stand-ins' next change",
}

// plainAlready are paths below those that are held to the list.
var plainAlready = []string{"internal/fcruntime/", "internal/function/", "internal/house/", "internal/settings/", "internal/local/", "internal/cmd/", "internal/e2e/"}

func TestPlainWords(t *testing.T) {
	all := words(t)
	hits := map[string]bool{}
	eachText(t, func(name, text string) {
		for _, w := range all {
			m := find(w, text)
			if m == "" {
				continue
			}
			if waits := waitingFor(name); waits != "" {
				hits[waits] = true
				continue
			}
			t.Errorf("%s: %q; use %s", name, m, w.use)
		}
	})
	for prefix := range notYetPlain {
		if !hits[prefix] {
			t.Errorf("%s is plain now: take it off the list", prefix)
		}
	}
}

// find returns the first use of a word with what stands around it, or "".
func find(w word, text string) string {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	for _, at := range w.pattern.FindAllStringIndex(text, -1) {
		before := strings.Fields(text[:at[0]])
		if len(before) > 0 && strings.Trim(before[len(before)-1], `"(`) == "there" || strings.HasPrefix(text[at[1]-1:], "longer") {
			continue // "there is no", "is no longer"
		}
		return text[max(0, at[0]-30):min(len(text), at[1]+20)]
	}
	return ""
}

func waitingFor(name string) string {
	for _, p := range plainAlready {
		if strings.HasPrefix(name, p) {
			return ""
		}
	}
	for p := range notYetPlain {
		if strings.HasPrefix(name, p) {
			return p
		}
	}
	return ""
}

// eachText passes on what people read: comments and strings of Go code, documents,
// and the texts of the page.
func eachText(t *testing.T, do func(name, text string)) {
	t.Helper()
	eachFile(root, func(name string, f *ast.File) {
		for _, g := range f.Comments {
			do(name, g.Text())
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				do(name, lit.Value)
			}
			return true
		})
	})
	documents, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(append(documents, more...), filepath.Join(root, "handler/web/openapi.json")) {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for paragraph := range strings.SplitSeq(string(b), "\n\n") {
			do(name, paragraph)
		}
	}
	for _, text := range pageTexts(t) {
		do("handler/report/page/texts.json", text)
	}
}

func pageTexts(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "handler/report/page/texts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(b, &all); err != nil || len(all["en"]) < 20 {
		t.Fatalf("%d texts: %v", len(all["en"]), err)
	}
	return all["en"]
}

func TestPlainWords_FindsThem(t *testing.T) {
	for text, want := range map[string]bool{
		"this is no event": true, "there is no event": false, "Nobody may": true, "the rule in\n force": true, "the current rule": false,
		`"there is no such setting"`: false, "it is no longer": false,
	} {
		found := false
		for _, w := range words(t) {
			found = found || find(w, text) != ""
		}
		if found != want {
			t.Errorf("%q: found %t, want %t", text, found, want)
		}
	}
}
