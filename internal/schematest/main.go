// Command schematest checks JSON values against a JSON Schema. It is a module of
// its own, so that the schema library is no dependency of the function.
//
// It reads a JSON array of values from standard input and writes a JSON array
// of the same length: what is wrong with each, or the empty text.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

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
