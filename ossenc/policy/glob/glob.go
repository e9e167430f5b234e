// Package glob matches whole names against patterns of four elements:
//
//   - any characters, also none
//     ?       one character, whatever it is
//     [a-z_]  one character out of these: single ones and ranges
//     x       the character itself
//
// A pattern matches the whole name, upper and lower case differ, and no
// character is special to * and ?, so there are no paths. There is no way to
// negate and no escape: [*] stands for the character * itself, [[] for [, and ]
// outside of brackets for itself.
//
// [Parse] makes a [Pattern]. Besides matching, a pattern can tell whether it
// [Pattern.Covers] another: that is how unreachable rules are found.
package glob

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// Pattern is a parsed pattern. The zero Pattern matches the empty name only. It
// does not change and is safe for concurrent use.
type Pattern struct {
	text     string
	elements []element
	literal  bool   // no element but characters
	name     string // of a literal: the one name that it matches
	prefix   string // the characters before the first element that is another
	shortest int    // how many characters the shortest name has
}

// maxPattern bounds a pattern, in bytes: names have up to 63 characters, values of
// tags 128.
const maxPattern = 256

// element is one element of a pattern.
type element struct {
	kind   kind
	ranges []span // of oneOf, and the character itself of exactly
}

type kind int

const (
	exactly kind = iota // one character, in ranges[0].low
	anyOne              // ?
	oneOf               // [...]
	anyRun              // *
)

// span is the characters from low to high, both included.
type span struct{ low, high rune }

// Parse reads a pattern. The errors are those that a person makes: brackets
// that do not close or are empty, ranges the wrong way round, negation.
func Parse(s string) (Pattern, error) {
	if len(s) > maxPattern {
		return Pattern{}, fmt.Errorf("pattern %.20q...: has %d bytes; a pattern has up to %d", s, len(s), maxPattern)
	}
	p := Pattern{text: s}
	for rest := s; rest != ""; {
		e, n, err := next(rest)
		if err != nil {
			return Pattern{}, fmt.Errorf("pattern %q: %w", s, err)
		}
		p.append(e)
		rest = rest[n:]
	}
	p.measure()
	return p, nil
}

// measure notes what comparisons begin with.
func (p *Pattern) measure() {
	p.name, p.literal = p.only()
	for _, e := range p.elements {
		if e.kind != anyRun {
			p.shortest++
		}
	}
	for _, e := range p.elements {
		if e.kind != exactly {
			break
		}
		p.prefix += string(e.ranges[0].low)
	}
}

// only returns the one name that the pattern matches, if it is one.
func (p Pattern) only() (string, bool) {
	var name strings.Builder
	for _, e := range p.elements {
		if e.kind != exactly {
			return "", false
		}
		name.WriteRune(e.ranges[0].low)
	}
	return name.String(), true
}

// append adds an element in normal form: of a run of * and ?, the ? come first
// and one * last, so that patterns of the same meaning compare element by element.
func (p *Pattern) append(e element) {
	last := len(p.elements) - 1
	if last >= 0 && p.elements[last].kind == anyRun {
		switch e.kind {
		case anyRun:
			return
		case anyOne:
			p.elements = append(p.elements[:last], e, element{kind: anyRun})
			return
		}
	}
	p.elements = append(p.elements, e)
}

// next reads the first element of s and how many bytes it takes.
func next(s string) (element, int, error) {
	switch s[0] {
	case '*':
		return element{kind: anyRun}, 1, nil
	case '?':
		return element{kind: anyOne}, 1, nil
	case '[':
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return element{}, 0, errors.New("a [ has no ] that closes it")
		}
		e, err := class(s[1:end])
		return e, end + 1, err
	}
	r, n := utf8.DecodeRuneInString(s)
	return element{exactly, []span{{r, r}}}, n, nil
}

// class reads what stands between brackets.
func class(s string) (element, error) {
	switch {
	case s == "":
		return element{}, errors.New("[] holds no character")
	case s[0] == '!' || s[0] == '^':
		return element{}, fmt.Errorf("[%s] looks like a negation, which patterns do not have; write an earlier rule for the exception", s)
	}
	e := element{kind: oneOf}
	for rs := []rune(s); len(rs) > 0; {
		one := span{rs[0], rs[0]}
		rs = rs[1:]
		if len(rs) > 1 && rs[0] == '-' {
			one.high, rs = rs[1], rs[2:]
		}
		if one.high < one.low {
			return element{}, fmt.Errorf("in [%s] the range %c-%c is the wrong way round", s, one.low, one.high)
		}
		e.ranges = append(e.ranges, one)
	}
	e.ranges = merged(e.ranges)
	if len(e.ranges) == 1 && e.ranges[0].low == e.ranges[0].high {
		e.kind = exactly
	}
	return e, nil
}

// merged returns the ranges in order, those that touch made one.
func merged(ranges []span) []span {
	sort.Slice(ranges, func(i, j int) bool { return ranges[i].low < ranges[j].low })
	out := ranges[:1]
	for _, s := range ranges[1:] {
		last := &out[len(out)-1]
		if s.low > last.high+1 {
			out = append(out, s)
			continue
		}
		last.high = max(last.high, s.high)
	}
	return out
}

// Everything returns the pattern that matches every name.
func Everything() Pattern {
	return Pattern{text: "*", elements: []element{{kind: anyRun}}}
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// IsLiteral reports whether the pattern matches one name only.
func (p Pattern) IsLiteral() bool { return p.literal }

// Name returns the one name that a literal pattern matches; nothing for others.
func (p Pattern) Name() string { return p.name }
