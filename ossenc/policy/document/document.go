// Package document reads a YAML or JSON file that people write by hand, so that
// every mistake in it can be told with its line and column, all at once.
//
// [Read] gives the [Node] at the top. A node hands out what it holds as text, a
// whole number, a date, a list or an object with known fields; where it holds
// something else, it notes a [Problem] in its [File] and hands out nothing. When
// everything was asked for, [File.Err] tells whether anything was wrong.
//
// # What a file may be
//
// One document of at most [MaxSize] bytes in UTF-8 without a byte order mark.
// JSON is read as the YAML that it is. Aliases may be used, but a file whose
// aliases blow it up beyond 100,000 values is refused; merge keys (<<) and
// repeated fields are problems. Values keep their type: 12 is a number, not
// text, and is not turned into it.
package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

// MaxSize is how many bytes a file may have.
const MaxSize = 1 << 20

// maxValues bounds the work that aliases of aliases can cause. A file of
// MaxSize without any has fewer values than bytes.
const maxValues = 100_000

// File is a file that is being read, with the problems found so far. It is not
// safe for concurrent use.
type File struct {
	name     string
	problems Problems
	warnings Problems
	values   int // read, those behind aliases each time
}

// Read reads the file's text. name is for problems only. Where the text is not
// YAML, the node is one that holds nothing and the file has its problems.
func Read(name string, data []byte) (*File, Node) {
	f := &File{name: name}
	if at, message := unreadable(data); message != "" {
		f.add(at.line, at.column, "", message)
		return f, Node{}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var top, more yaml.Node
	switch err := decoder.Decode(&top); {
	case errors.Is(err, io.EOF) || err == nil && isNull(&top):
		f.add(1, 1, "", "the file is empty")
		return f, Node{}
	case err != nil:
		f.syntax(data, err)
		return f, Node{}
	}
	switch err := decoder.Decode(&more); {
	case err == nil:
		f.add(more.Line, more.Column, "", "a second document starts here; the file must be one document")
	case !errors.Is(err, io.EOF):
		f.syntax(data, err)
	}
	return f, f.node(top.Content[0], "")
}

func isNull(document *yaml.Node) bool {
	return len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null"
}

// Err returns every problem as [Problems], in the order of the lines, or nil if
// there is none.
func (f *File) Err() error {
	if len(f.problems) == 0 {
		return nil
	}
	return f.problems.sorted()
}

// Warnings returns what is allowed and may be a mistake all the same, in the order of
// the lines.
func (f *File) Warnings() Problems { return f.warnings.sorted() }

// Count returns how many problems there are so far.
func (f *File) Count() int { return len(f.problems) }

func (f *File) add(line, column int, path, message string) {
	f.problems = append(f.problems, Problem{f.name, max(line, 1), max(column, 1), path, message})
}

// node returns the node for n, or for what it is an alias of.
func (f *File) node(n *yaml.Node, path string) Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	f.values++
	if f.values == maxValues {
		f.add(n.Line, n.Column, path, fmt.Sprintf("with its aliases written out, the file has more than %d values", maxValues))
	}
	if f.values >= maxValues {
		return Node{}
	}
	return Node{file: f, yaml: n, path: path}
}
