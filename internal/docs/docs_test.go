package docs

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every block of every document has a language, can be parsed as that language, and is
// tested by a test that asks for it, or says why it is not run. The list of those that
// are not run is in the output of go test -v.
func TestEveryBlockIsTestedOrSaysWhyNot(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, b := range all {
		if err := check(b); err != nil {
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

// check reports what is wrong with a block.
func check(b Block) error {
	if len(b.Tests) == 0 && b.Why == "" {
		return errors.New("no mark: put <!-- tested by: PACKAGE TestName --> or <!-- not run: WHY --> before it (see internal/docs)")
	}
	for _, test := range b.Tests {
		if err := asksForBlocks(test, b.File); err != nil {
			return err
		}
	}
	parse, ok := parsers[b.Language]
	if !ok {
		return fmt.Errorf("%q is no language of the documents; text is for what no program reads", b.Language)
	}
	return parse(b.Text)
}

// asksForBlocks reports that a test is not there, or does not ask for the document's
// blocks.
func asksForBlocks(test, file string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	dir, name, isGo := strings.Cut(test, " ")
	if !isGo {
		text, err := os.ReadFile(filepath.Join(root, test))
		if err == nil && !strings.Contains(string(text), file) {
			return fmt.Errorf("%s does not read %s", test, file)
		}
		return err
	}
	names, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil {
		return err
	}
	for _, path := range names {
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == name {
				body := string(source[fn.Pos()-1 : fn.End()-1])
				if !strings.Contains(body, "docs.Blocks(t, ") || !strings.Contains(body, `"`+file+`"`) {
					return fmt.Errorf("%s does not call docs.Blocks with %s", test, file)
				}
				return nil
			}
		}
	}
	return fmt.Errorf("there is no test %s", test)
}

// parsers are the languages of the documents.
var parsers = map[string]func(string) error{
	"sh": parseShell, "json": parseJSON, "yaml": parseYAML, "go": parseGo,
	"csv": nothing, "text": nothing, "mermaid": nothing, "groovy": nothing,
}

func nothing(string) error { return nil }

func parseShell(text string) error {
	cmd := exec.Command("sh", "-n")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sh: %w: %s", err, out)
	}
	return nil
}

func parseJSON(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	for {
		var v any
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("JSON: %w", err)
		}
	}
}

func parseYAML(text string) error {
	var v yaml.Node
	return yaml.Unmarshal([]byte(text), &v)
}

func parseGo(text string) error {
	_, err := parser.ParseFile(token.NewFileSet(), "block", "package p\nfunc f() {\n"+text+"\n}\n", 0)
	return err
}

func TestParse(t *testing.T) {
	document := strings.ReplaceAll(`# A title
<!-- blocks tested by: a TestA -->

'''sh
one
'''

<!-- not run: needs a live account -->
'''json
{}
'''

Text <!-- not run: no mark inside a line -->
<!-- tested by: b TestB, c/d TestD -->
<!-- another comment -->

''''text
'''
''''
'''sh
'''
`, "'", "`")
	want := []Block{
		{"d.md", 4, "sh", "one\n", []string{"a TestA"}, ""},
		{"d.md", 9, "json", "{}\n", nil, "needs a live account"},
		{"d.md", 17, "text", "```\n", []string{"b TestB", "c/d TestD"}, ""},
		{"d.md", 20, "sh", "", []string{"a TestA"}, ""},
	}
	if got, err := Parse("d.md", document); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, broken := range map[string]string{"NoEnd": "```sh\n", "Indented": "a\n\n    make\n", "NotAtTheLeft": "- a\n  ```sh\n  ```\n", "Capitals": "```SH\n```\n"} {
		if _, err := Parse("d.md", broken); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestCheck_FindsMistakes(t *testing.T) {
	const here = "internal/docs TestCheck_FindsMistakes"
	for name, b := range map[string]Block{
		"NoMark":     {Language: "sh"},
		"NoLanguage": {Why: "w"},
		"NoTest":     {Language: "sh", Tests: []string{"internal/docs TestThatIsNotThere"}},
		"AsksNot":    {Language: "sh", Tests: []string{here}},
		"NoFile":     {Language: "sh", Tests: []string{"internal/docs/none.test.js"}},
		"Shell":      {Language: "sh", Why: "w", Text: "if\n"},
		"JSON":       {Language: "json", Why: "w", Text: "{\n"},
		"YAML":       {Language: "yaml", Why: "w", Text: "a: [\n"},
		"Go":         {Language: "go", Why: "w", Text: "if {\n"},
	} {
		if b.File = "README.md"; check(b) == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
