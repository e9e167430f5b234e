package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// maxAttributes is far above what any event has, and keeps what one of them can take
// of the memory small.
const maxAttributes = 100

// checkEnvelope returns what the CloudEvents SDK does not mind and the specification
// (CloudEvents 1.0 and its JSON format) does not allow, or "". p is valid JSON.
func checkEnvelope(p []byte) string {
	var room [32][]byte
	names := room[:0]
	eachName(p, func(name []byte) bool {
		names = append(names, name)
		return len(names) <= maxAttributes
	})
	if len(names) > maxAttributes {
		return "it has more than " + strconv.Itoa(maxAttributes) + " attributes"
	}
	data := 0
	for i, name := range names {
		for _, earlier := range names[:i] {
			if bytes.EqualFold(name, earlier) { // as the readers compare them
				return fmt.Sprintf("attribute %.40q is given twice", name)
			}
		}
		if string(name) == "data" || string(name) == "data_base64" {
			data++
		}
	}
	if data > 1 {
		return "data and data_base64 exclude each other"
	}
	return ""
}

// eachName calls do with the name of each member of the JSON object p until it returns
// false. It reads p, which is valid JSON, once and keeps nothing. A name without an
// escape is a part of p: every event is read here, so it costs no allocation.
func eachName(p []byte, do func([]byte) bool) {
	depth := 0
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			end := endOfText(p, i)
			if depth == 1 && bytes.HasPrefix(bytes.TrimLeft(p[end+1:], " \t\r\n"), []byte(":")) {
				if !do(unescaped(p[i : end+1])) {
					return
				}
			}
			i = end
		}
	}
}

// unescaped returns what the JSON string text, with its quotes, stands for.
func unescaped(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1]
	}
	var s string
	_ = json.Unmarshal(text, &s) // valid JSON
	return []byte(s)
}

// endOfText returns the index of the quote that ends the text that begins at p[i].
func endOfText(p []byte, i int) int {
	for i++; p[i] != '"'; i++ {
		if p[i] == '\\' {
			i++
		}
	}
	return i
}

// charsetOf returns the charset of a media type, in lower case; empty if it names
// none.
func charsetOf(media string) string {
	_, after, _ := strings.Cut(strings.ToLower(media), "charset=")
	charset, _, _ := strings.Cut(after, ";")
	return strings.Trim(charset, " \t\"")
}

// isUTF8 reports whether text in this charset is UTF-8; JSON is nothing else
// (RFC 8259, section 8.1).
func isUTF8(charset string) bool {
	return charset == "" || charset == "utf-8" || charset == "utf8" || charset == "us-ascii"
}
