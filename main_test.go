package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bucketwarden/internal/docs"
	"bucketwarden/internal/settings"
	"bucketwarden/ossenc"
)

// The tables of the documents hold what the code has, no more and no less.
func TestTablesOfTheDocuments(t *testing.T) {
	verdicts := []string{"compliant", "fixed", "would_fix", "exempt", "ignored", "gone", "blocked", "unknown", "invalid"}
	var codes []string
	for _, c := range ossenc.Codes() {
		codes = append(codes, string(c))
	}
	for _, table := range []struct {
		file, heading string
		want          []string
	}{
		{"docs/settings.md", "| setting |", settings.Names()},
		{"docs/verdicts.md", "| verdict |", verdicts},
		{"docs/verdicts.md", "| code |", codes},
	} {
		text, err := os.ReadFile(table.file)
		if err != nil {
			t.Fatal(err)
		}
		got := firstColumn(string(text), table.heading)
		if !sameSet(got, table.want) {
			t.Errorf("the table %q of %s has %v\nthe code has %v", table.heading, table.file, got, table.want)
		}
	}
}

// The defaults in docs/settings.md are those of the code.
func TestDefaultsOfTheSettings(t *testing.T) {
	text, err := os.ReadFile("docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := settings.Read(nil)
	if err != nil {
		t.Fatal(err)
	}
	required, _ := cfg.Policy.Simple()
	var asks []string
	for _, ask := range cfg.Asks.Allow {
		if !strings.Contains(string(ask), " ") { // others cannot be set
			asks = append(asks, string(ask))
		}
	}
	slices.Sort(asks)
	for name, want := range map[string]string{
		settings.Algorithm: required.Rule.Algorithm,
		settings.Compare:   string(required.Compare),
		settings.Mode:      string(cfg.Mode),
		settings.Invoke:    strings.Join(asks, ","),
		settings.RawEvents: strconv.FormatBool(cfg.RawEvents),
		settings.LogLevel:  strings.ToLower(cfg.LogLevel.String()),
	} {
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\|[^|]*\\| (.*?) \\|").FindStringSubmatch(string(text))
		if row == nil || strings.Trim(row[1], "` ") != want {
			t.Errorf("%s: the default is %q, docs/settings.md says %q", name, want, row)
		}
	}
}

// What README.md names is there: links, make targets, and the function's policy.
func TestREADME(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)
	for _, link := range regexp.MustCompile(`\]\(([A-Za-z][^)#:]*)[)#]`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(link[1]); err != nil {
			t.Errorf("a link to %s, which is not there", link[1])
		}
	}
	documents, err := filepath.Glob("docs/*.md")
	if err != nil || len(documents) < 10 {
		t.Fatalf("%d documents: %v", len(documents), err)
	}
	for _, d := range documents {
		if !strings.Contains(readme, "]("+filepath.ToSlash(d)+")") {
			t.Errorf("%s is not in the list of documents", d)
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

// The translations have the headings and the commands of README.md up to its promises,
// and the links of theirs lead somewhere. Comments and headings are translated.
func TestTranslations(t *testing.T) {
	comment := regexp.MustCompile(`(?m) +# .*$`)
	level := regexp.MustCompile(`(?m)^#+ `)
	english := docsOf(t, "README.md")
	for _, c := range []struct {
		file   string
		blocks []docs.Block
	}{
		{"README.zh-CN.md", docs.Blocks(t, "README.zh-CN.md")},
		{"README.ja.md", docs.Blocks(t, "README.ja.md")},
	} {
		for i, b := range c.blocks {
			if want := english.blocks[i]; b.Language != want.Language || comment.ReplaceAllString(b.Text, "") != comment.ReplaceAllString(want.Text, "") {
				t.Errorf("%s is not the block of %s:\n%s", b.Place(), want.Place(), b.Text)
			}
		}
		got := docsOf(t, c.file)
		_, after, _ := strings.Cut(english.text, "\n## Compared with\n")
		until := len(level.FindAllString(english.text, -1)) - len(level.FindAllString(after, -1)) - 1
		headings := level.FindAllString(english.text, -1)[:until]
		if len(got.blocks) < 8 || !slices.Equal(level.FindAllString(got.text, -1), headings) {
			t.Errorf("%s: %d blocks, headings %q; README.md has %q", c.file, len(got.blocks), level.FindAllString(got.text, -1), headings)
		}
		for _, link := range regexp.MustCompile(`\]\(([A-Za-z][^)#:]*)[)#]`).FindAllStringSubmatch(got.text, -1) {
			if _, err := os.Stat(link[1]); err != nil {
				t.Errorf("%s links to %s, which is not there", c.file, link[1])
			}
		}
		for _, promise := range []string{"1. ", "5. "} {
			if !strings.Contains(got.text, "\n"+promise+"**") {
				t.Errorf("%s lacks promise %s", c.file, promise)
			}
		}
	}
}

type document struct {
	text   string
	blocks []docs.Block
}

func docsOf(t *testing.T, file string) document {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := docs.Parse(file, string(b))
	if err != nil {
		t.Fatal(err)
	}
	// Comments of a shell begin like headings.
	text := regexp.MustCompile("(?s)\n```.*?\n```\n").ReplaceAllString(string(b), "\n")
	return document{text, blocks}
}

// CI runs the commands that README.md names first, and no others.
func TestCIRunsWhatREADMESays(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```sh\n")
	block, _, _ = strings.Cut(block, "```")
	var said []string
	for line := range strings.Lines(block) {
		command, _, _ := strings.Cut(line, "#")
		said = append(said, strings.TrimSpace(command))
	}
	ci, err := os.ReadFile(".ci/run")
	if err != nil {
		t.Fatal(err)
	}
	run := regexp.MustCompile(`(?m)^make .*$`).FindAllString(string(ci), -1)
	if !slices.Equal(said, run) || len(run) == 0 {
		t.Errorf("README.md says %q, CI runs %q", said, run)
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
