// Command schematest checks JSON values against a JSON Schema. It is a module of
// its own, so that the schema library is no dependency of the function.
//
// The schema is a file, or "sarif" for that of SARIF 2.1.0.
//
// It reads a JSON array of values from standard input and writes a JSON array
// of the same length: what is wrong with each, or the empty text.
package main

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
	"strconv"
	"strings"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // holds the schema
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: schematest <schema file> < values.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "schematest:", err)
		os.Exit(1)
	}
}

func run(file string, in io.Reader, out io.Writer) error {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if file == "sarif" {
		schema, err := sarifSchema()
		if err != nil {
			return err
		}
		if err := compiler.AddResource(file, schema); err != nil {
			return err
		}
	}
	schema, err := compiler.Compile(file)
	if err != nil {
		return err
	}
	read, err := jsonschema.UnmarshalJSON(in)
	if err != nil {
		return err
	}
	values, ok := read.([]any)
	if !ok {
		return errors.New("the input is no array")
	}
	answers := make([]string, len(values))
	for i, v := range values {
		if err := schema.Validate(v); err != nil {
			answers[i] = err.Error()
		}
	}
	return json.NewEncoder(out).Encode(answers)
}

// sarifSchema returns the schema that the module of SARIF's types has as a constant of
// its own.
func sarifSchema() (any, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3").Output()
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "pkg/report/v210/sarif/schema.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	var text string
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING && len(literal.Value) > len(text) {
			text = literal.Value
		}
		return true
	})
	text, err = strconv.Unquote(text)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(text))
}
