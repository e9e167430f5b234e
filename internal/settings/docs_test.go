package settings

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// misspelt are the settings that the documents show as mistakes.
var misspelt = []string{"WARDEN_ALGORITM=KMS", "WARDEN_MODE=aprove"}

// aboutOthers are what a problem says where it is about a pair of settings, or about a
// file that is not here: no mistake of the value.
var aboutOthers = []string{"has no effect", "is not set, but", "has none", "no such file"}

// Every setting that a document shows with a value is one that the function takes.
func TestDocs_EveryValueIsOne(t *testing.T) {
	shown := regexp.MustCompile(`(WARDEN_[A-Z_]+)(?:=|: )'?([A-Za-z0-9+,./:_-]+)`)
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(files, "../../README.md", "../../SECURITY.md", "../../s.yaml", "../../s.local.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shown.FindAllStringSubmatch(string(text), -1) {
			pair := m[1] + "=" + strings.TrimRight(m[2], ".,:")
			if strings.Contains(pair, "SHA256") || strings.HasPrefix(pair, HTTPTokens) || strings.HasSuffix(pair, "=") || strings.HasSuffix(pair, "//") || strings.Contains(strings.Join(misspelt, " "), pair) {
				continue
			}
			found++
			_, err := Read([]string{pair})
			problems, _ := errors.AsType[Problems](err)
			for _, p := range problems {
				if p.Name == m[1] && !containsAny(p.Err.Error(), aboutOthers) {
					t.Errorf("%s shows %s: %v", filepath.Base(file), pair, p.Err)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d settings with a value were found", found)
	}
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
