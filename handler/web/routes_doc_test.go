package web

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bucketwarden/handler/report"
)

// The table of docs/http.md has every route with its scopes, and no others.
func TestDocs_TheRoutes(t *testing.T) {
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\| (.*?) \\|").FindAllStringSubmatch(string(text), -1) {
		scopes := regexp.MustCompile("`([a-z]+)`").FindAllStringSubmatch(row[2], -1)
		words := []string{row[1]}
		for _, s := range scopes {
			words = append(words, s[1])
		}
		if len(scopes) == 0 {
			words = append(words, row[2])
		}
		said = append(said, strings.Join(words, " "))
	}
	var want []string
	for _, r := range routes {
		words := []string{r.pattern()}
		switch r.scope {
		case scopePublic:
			words = append(words, "none")
		default:
			words = append(words, string(r.scope))
		}
		if r.or != "" {
			words = append(words, string(r.or))
		}
		want = append(want, strings.Join(words, " "))
	}
	slices.Sort(said)
	slices.Sort(want)
	if !slices.Equal(said, want) {
		t.Errorf("docs/http.md has\n%s\nthe code has\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}

// The sentence that says how to pick a form names every form.
func TestDocs_TheForms(t *testing.T) {
	text, err := os.ReadFile("../../docs/http.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	if want := "`?format=" + strings.Join(names, "|") + "`"; !strings.Contains(string(text), want) {
		t.Errorf("docs/http.md does not say %s", want)
	}
}
