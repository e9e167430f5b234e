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
	"strings"

	"go.yaml.in/yaml/v3"
)

// Check reports what is wrong with a block: no mark, a mark that names a test which does
// not have the block, or a text that is not of its language.
func Check(b Block) error {
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
