package alicloud

import (
	"bytes"
	"slices"
)

// maxDepth bounds how deep the elements of an answer are nested: OSS's have 4.
const maxDepth = 16

// isRepeatable reports whether OSS sends the element several times within one other.
func isRepeatable(name []byte) bool {
	switch string(name) {
	case "Bucket", "Tag":
		return true
	}
	return false
}

// isUnambiguous reports whether an XML document is one element in which no element
// but the repeatable ones is there twice within another. The decoder takes the last
// of two, whatever the first one said: AccessDenied, and then
// NoSuchServerSideEncryptionRule. It compares names without their prefixes, as the
// decoder does.
func isUnambiguous(document []byte) bool {
	var (
		room  [32][]byte
		names = room[:0]    // seen so far in all that is open
		from  [maxDepth]int // where in names those of a depth begin
		depth int
	)
	for rest := document; ; {
		_, after, found := bytes.Cut(rest, []byte("<"))
		if !found {
			return depth == 0
		}
		kind, name, body := nextTag(after)
		rest = body
		switch kind {
		case tagOther:
			continue
		case tagBroken:
			return false
		case tagEnd:
			names = names[:from[depth]]
			if depth--; depth < 0 {
				return false
			}
			continue
		}
		siblings := names[from[depth]:]
		isSecondRoot := depth == 0 && len(siblings) > 0
		if isSecondRoot || depth == maxDepth-1 || slices.ContainsFunc(siblings, func(n []byte) bool { return bytes.Equal(n, name) }) {
			return false
		}
		if !isRepeatable(name) {
			names = append(names, name)
		}
		if kind == tagStart {
			depth++
			from[depth] = len(names)
		}
	}
}

type tagKind int

const (
	tagStart  tagKind = iota
	tagEmpty          // <name/>
	tagEnd            // </name>
	tagOther          // a declaration, a comment, CDATA
	tagBroken         // it does not end
)

// others are the beginnings of what is not an element, and their ends.
var others = []struct{ begin, end string }{{"!--", "-->"}, {"![CDATA[", "]]>"}, {"?", "?>"}, {"!", ">"}}

// nextTag reads what stands behind a <.
func nextTag(s []byte) (kind tagKind, name, rest []byte) {
	for _, o := range others {
		if bytes.HasPrefix(s, []byte(o.begin)) {
			_, rest, found := bytes.Cut(s[len(o.begin):], []byte(o.end))
			if !found {
				return tagBroken, nil, nil
			}
			return tagOther, nil, rest
		}
	}
	tag, rest, found := cutTag(s)
	switch {
	case !found || len(tag) == 0:
		return tagBroken, nil, nil
	case tag[0] == '/':
		return tagEnd, nil, rest
	}
	kind = tagStart
	if tag[len(tag)-1] == '/' {
		kind = tagEmpty
	}
	if end := bytes.IndexAny(tag, " /\t\r\n"); end >= 0 {
		tag = tag[:end]
	}
	return kind, tag[bytes.LastIndexByte(tag, ':')+1:], rest
}

// cutTag cuts s at the > that ends a tag: not at one in the value of an attribute.
func cutTag(s []byte) (tag, rest []byte, found bool) {
	quote := byte(0)
	for i, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return s[:i], s[i+1:], true
		case c == '<':
			return nil, nil, false
		}
	}
	return nil, nil, false
}
