// Package mutants holds the tests to the decision path: a list of semantic mistakes, each
// of which the tests have to find. A mutant is a small change of one file that compiles;
// it is applied by go test's overlay, so no file is ever touched.
package mutants

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed list.txt
var list string

// Mutant is one mistake.
type Mutant struct {
	// File is the mutated file, relative to the root, with slashes.
	File string
	// What says what goes wrong, in a few words.
	What string
	// Old is the text that New replaces. It is in the file exactly once.
	Old, New string
	// Tests are the packages whose tests have to find it, the quickest first.
	Tests []string
	// Survives says why no test can find it: it changes nothing that anyone can see.
	Survives string
}

// Name is the file and what goes wrong.
func (m Mutant) Name() string { return m.File + ": " + m.What }

// All returns the list. The error says which line of it is not understood.
func All() ([]Mutant, error) { return parse(list) }

// parse reads the list. Lines of "file PATH: PACKAGE..." begin a file; "# " what a mutant
// does, "- " and "+ " its old and new lines, "= " why it survives.
func parse(text string) ([]Mutant, error) {
	var all []Mutant
	var file string
	var tests []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "file "); ok {
			path, packages, _ := strings.Cut(rest, ": ")
			file, tests = path, strings.Fields(packages)
			continue
		}
		mark, rest, _ := strings.Cut(line, " ")
		if mark == "#" {
			all = append(all, Mutant{File: file, What: rest, Tests: tests})
			continue
		}
		if len(all) == 0 || len(tests) == 0 {
			return nil, fmt.Errorf("line %d: no file and no mutant before it", n)
		}
		m := &all[len(all)-1]
		switch mark {
		case "-":
			m.Old = joined(m.Old, rest)
		case "+":
			m.New = joined(m.New, rest)
		case "=":
			m.Survives = rest
		default:
			return nil, fmt.Errorf("line %d: %q begins with none of file, #, -, +, =", n, line)
		}
	}
	return all, nil
}

func joined(text, line string) string {
	if text == "" {
		return line
	}
	return text + "\n" + line
}

// Apply returns the mutant's file with the mistake in it. The error says that the file
// has changed, and the list must follow.
func (m Mutant) Apply(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.File)))
	if err != nil {
		return nil, err
	}
	switch n := strings.Count(string(text), m.Old); {
	case m.Old == "" || m.Old == m.New:
		return nil, errors.New("it changes nothing")
	case n != 1:
		return nil, fmt.Errorf("its text is in the file %d times; put what is there now into internal/mutants/list.txt:\n%s", n, m.Old)
	}
	return []byte(strings.Replace(string(text), m.Old, m.New, 1)), nil
}
