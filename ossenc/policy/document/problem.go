package document

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Problem is one mistake in a file.
type Problem struct {
	File string
	// Line and Column count from 1; the column counts characters.
	Line, Column int
	// Path is where in the tree it is, such as rules[1].want.key; empty for the
	// file as a whole.
	Path    string
	Message string
}

// String returns for example
//
//	policy.yaml:12:5: rules[1].want.key: there is no key "paymnt" under keys
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		s += p.Path + ": "
	}
	return s + p.Message
}

// Problems is every mistake in a file, in the order of the lines. It is the
// error type of everything that is read with this package.
type Problems []Problem

// Error returns the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func compare(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
}

// sorted returns the problems in order, each once.
func (p Problems) sorted() Problems {
	p = slices.Clone(p)
	sort.Slice(p, func(i, j int) bool { return compare(p[i], p[j]) < 0 })
	return slices.Compact(p)
}
