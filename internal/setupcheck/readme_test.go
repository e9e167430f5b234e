package setupcheck

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// What the documents say about the module is true: variables, files, parameters.
func TestReadme(t *testing.T) {
	doc := read(t, "docs/setup/README.md")
	m := evaluate(t, nil)
	for _, v := range regexp.MustCompile(`-var '?(\w+)=|TF_VAR_(\w+)=`).FindAllStringSubmatch(doc, -1) {
		if name := v[1] + v[2]; name != "" && m.vars[name] == cty.NilVal {
			t.Errorf("there is no variable %s", name)
		}
	}
	_, table, _ := strings.Cut(doc, "| variable | what it does |")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]bool{"region": true, "home": true}
	for line := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, v := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(first, -1) {
			documented[v[1]] = true
			if m.vars[v[1]] == cty.NilVal {
				t.Errorf("there is no variable %s", v[1])
			}
		}
	}
	for name := range m.vars {
		if !documented[name] {
			t.Errorf("the table has no variable %s", name)
		}
	}
	for _, name := range regexp.MustCompile(`docs/setup/[\w./-]+\w`).FindAllString(doc, -1) {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Error(err)
		}
	}
	var known map[string]map[string]bool
	readJSON(t, "internal/setupcheck/testdata/aliyun-parameters.json", &known)
	for _, command := range regexp.MustCompile(`aliyun (\w+ \w+)((?: \\\n|[^\n])*)`).FindAllStringSubmatch(doc, -1) {
		params, ok := known[command[1]]
		if !ok {
			t.Errorf("the command line knows no %s", command[1])
		}
		for _, p := range regexp.MustCompile(`--(\w+)`).FindAllStringSubmatch(command[2], -1) {
			if _, ok := params[p[1]]; !ok {
				t.Errorf("%s has no parameter %s", command[1], p[1])
			}
		}
	}
}

// Every relative link in the documents of the set-up leads somewhere.
func TestLinks(t *testing.T) {
	for _, name := range []string{"docs/setup/README.md", "docs/ram/README.md", "docs/first-deployment.md", "docs/deploy.md"} {
		for _, l := range regexp.MustCompile(`\]\(([^)#:]+)(?:#([^)]*))?\)`).FindAllStringSubmatch(read(t, name), -1) {
			target := filepath.Join(filepath.Dir(name), l[1])
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if l[2] != "" && !strings.Contains(anchors(read(t, target)), "\n"+l[2]+"\n") {
				t.Errorf("%s: %s has no heading %s", name, target, l[2])
			}
		}
	}
}

// anchors are the names of a document's headings, as the code host makes them.
func anchors(doc string) string {
	var all strings.Builder
	for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(doc, -1) {
		kept := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(h[1]), "")
		all.WriteString("\n" + strings.ReplaceAll(kept, " ", "-") + "\n")
	}
	return all.String()
}
