package alicloud

import (
	"bytes"
	"slices"
)

// maxDepth bounds how deep the elements of an answer are nested: OSS's have 4.
const maxDepth = 16

// repeatable are the elements that OSS sends several times within one other.
var repeatable = []string{"Bucket", "Tag"}

// isUnambiguous reports whether an XML document is one element in which no element
// but the repeatable ones is there twice within another. The decoder takes the last
// of two, whatever the first one said: AccessDenied, and then
// NoSuchServerSideEncryptionRule. It compares names without their prefixes, as the
// decoder does.
func isUnambiguous(document []byte) bool {
	var inside [maxDepth][]string // the names seen at each depth
	depth := 0
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
			if depth--; depth < 0 {
				return false
			}
			continue
		}
		isSecondRoot := depth == 0 && len(inside[0]) > 0
		if isSecondRoot || depth == maxDepth-1 || slices.Contains(inside[depth], name) {
			return false
		}
		if !slices.Contains(repeatable, name) {
			inside[depth] = append(inside[depth], name)
		}
		if kind == tagStart {
			depth++
			inside[depth] = inside[depth][:0]
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
func nextTag(s []byte) (kind tagKind, name string, rest []byte) {
	for _, o := range others {
		if bytes.HasPrefix(s, []byte(o.begin)) {
			_, rest, found := bytes.Cut(s[len(o.begin):], []byte(o.end))
			if !found {
				return tagBroken, "", nil
			}
			return tagOther, "", rest
		}
	}
	tag, rest, found := cutTag(s)
	switch {
	case !found || len(tag) == 0:
		return tagBroken, "", nil
	case tag[0] == '/':
		return tagEnd, "", rest
	}
	kind = tagStart
	if tag[len(tag)-1] == '/' {
		kind = tagEmpty
	}
	if end := bytes.IndexAny(tag, " /\t\r\n"); end >= 0 {
		tag = tag[:end]
	}
	return kind, string(tag[bytes.LastIndexByte(tag, ':')+1:]), rest
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
