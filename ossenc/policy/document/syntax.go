package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The YAML library reports an error in the syntax with a message, at best with
// a line, and not always with the right one. What is here finds the place.

// syntax notes an error of the YAML library.
func (f *File) syntax(data []byte, err error) {
	line, message := lineOf(err)
	var at place
	tab, tabbed := firstTab(data)
	switch name, unknown := strings.CutPrefix(message, "unknown anchor '"); {
	case tabbed && (strings.Contains(message, "tab") || strings.Contains(message, "cannot start any token")):
		at, message = tab, "a tab in the indentation; YAML wants spaces"
	case unknown:
		name = strings.TrimSuffix(name, "' referenced")
		at = placeOf(data, max(0, bytes.Index(data, []byte("*"+name))))
		message = fmt.Sprintf("there is no anchor &%s; text that begins with * must be in quotes", name)
	case slices.Contains(ofParser(), message):
		at = placeOf(data, wordAt(data, consumed(data), strings.Contains(message, "expected key") || strings.Contains(message, "indicator")))
		message = "not YAML: " + message
	default:
		at = place{line, columnOf(data, line, message)}
		message = "not YAML: " + message + hint(message)
	}
	f.add(at.line, at.column, "", message)
}

// hint says what usually is behind a message of the library.
func hint(message string) string {
	switch {
	case strings.Contains(message, "alphabetic or numeric character"):
		return "; text that begins with * or & must be in quotes"
	case strings.Contains(message, "unexpected end of stream"):
		return "; a quotation mark before is not closed"
	}
	return ""
}

// ofParser are the messages about a token in the wrong place. The line that
// comes with them is that of the list or object around, counted from 0.
func ofParser() []string {
	return []string{
		"did not find expected <document start>", "did not find expected <stream-start>", "did not find expected node content",
		"did not find expected '-' indicator", "did not find expected key", "did not find expected ',' or '}'", "did not find expected ',' or ']'",
		"found duplicate %YAML directive", "found incompatible YAML document", "found undefined tag handle", "found duplicate %TAG directive",
	}
}

// lineOf takes the library's error apart. On the first line it tells no line.
func lineOf(err error) (int, string) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	rest, ok := strings.CutPrefix(message, "line ")
	if !ok {
		return 1, message
	}
	number, message, _ := strings.Cut(rest, ": ")
	line, _ := strconv.Atoi(number)
	return line, message
}

// firstError returns what the library says about all documents in the text.
func firstError(r io.Reader) error {
	decoder := yaml.NewDecoder(r)
	for {
		var n yaml.Node
		if err := decoder.Decode(&n); err != nil {
			return err
		}
	}
}

// columnOf returns the column of the first character of the line with which the
// text so far gives the error, or 1. To find it takes many attempts, so only
// the start of long lines is read, and only files of the usual size.
func columnOf(data []byte, line int, message string) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	if line > len(lines) || len(data) > 64<<10 {
		return 1
	}
	start := len(bytes.Join(lines[:line-1], nil))
	text := bytes.TrimRight(lines[line-1], "\r\n")
	for i := range min(len(text), 300) {
		err := firstError(bytes.NewReader(data[:start+i+1]))
		if errors.Is(err, io.EOF) {
			continue
		}
		if l, m := lineOf(err); l == line && m == message {
			return placeOf(data, start+i).column
		}
	}
	return 1
}

// consumed returns how many bytes the library has read when it finds the error.
func consumed(data []byte) int {
	r := &oneByteReader{data: data}
	_ = firstError(r) // the error is known
	return r.read
}

// oneByteReader passes one byte at a time, so that the library cannot read ahead.
type oneByteReader struct {
	data []byte
	read int
}

// Read reads the next byte.
func (s *oneByteReader) Read(p []byte) (int, error) {
	if s.read == len(s.data) || len(p) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:1], s.data[s.read:])
	s.read += n
	return n, nil
}

// wordAt returns where the last word before end begins, or its line's first one:
// a word at the wrong indentation is the first of its line.
func wordAt(data []byte, end int, first bool) int {
	text := bytes.TrimRight(data[:end], " \t\r\n")
	if first {
		start := bytes.LastIndexByte(text, '\n') + 1
		return start + len(text[start:]) - len(bytes.TrimLeft(text[start:], " "))
	}
	return min(bytes.LastIndexAny(text, " \t\n,[{")+1, max(len(text)-1, 0))
}

// firstTab returns where the first indentation with a tab in it is.
func firstTab(data []byte) (place, bool) {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		indentation := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		if i := bytes.IndexByte(indentation, '\t'); i >= 0 && len(bytes.TrimSpace(text)) > 0 {
			return place{line, i + 1}, true
		}
	}
	return place{}, false
}
