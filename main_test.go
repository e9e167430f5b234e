package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// The README's tables hold what the code has, no more and no less.
func TestREADME(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	verdicts := []string{"compliant", "fixed", "would_fix", "exempt", "ignored", "gone", "blocked", "unknown", "invalid"}
	var codes []string
	for _, c := range ossenc.Codes() {
		codes = append(codes, string(c))
	}
	for _, table := range []struct {
		heading string
		want    []string
	}{
		{"| setting |", settings.Names()},
		{"| verdict |", verdicts},
		{"| code |", codes},
	} {
		got := firstColumn(readme, table.heading)
		if !sameSet(got, table.want) {
			t.Errorf("the table %q has %v\nthe code has %v", table.heading, got, table.want)
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([a-z][^)#]*)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(link[1]); err != nil {
			t.Errorf("a link to %s, which is not there", link[1])
		}
	}
	policy, err := os.ReadFile("docs/ram/policy.json")
	if err != nil || docs.Blocks(t, "README.md")[0].Text != string(policy) {
		t.Errorf("the RAM policy is not docs/ram/policy.json (%v)", err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(readme, -1) {
		if !strings.Contains(string(makefile), "\n"+target[1]+":") {
			t.Errorf("make %s is no target", target[1])
		}
	}
}

// firstColumn returns the code words in the first column of a table.
func firstColumn(text, heading string) []string {
	_, table, _ := strings.Cut(text, heading)
	table, _, _ = strings.Cut(table, "\n\n")
	var words []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		words = append(words, m[1])
	}
	return words
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
