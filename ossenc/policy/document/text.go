package document

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is a position in a text, counted from 1; the column counts characters.
type place struct{ line, column int }

// placeOf returns where in data the byte at offset stands.
func placeOf(data []byte, offset int) place {
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return place{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1}
}

// unreadable returns why data cannot be the text of a file and where, or an
// empty message. The YAML library finds most of this too, but tells no place.
func unreadable(data []byte) (place, string) {
	switch {
	case len(data) > MaxSize:
		return place{1, 1}, fmt.Sprintf("the file has %d bytes; %d are allowed", len(data), MaxSize)
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return place{1, 1}, "the file starts with a byte order mark; save it as UTF-8 without one"
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return place{1, 1}, "the file is UTF-16; save it as UTF-8"
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return placeOf(data, i), fmt.Sprintf("the byte %#x is not UTF-8", data[i])
		}
		if r == '\ufeff' || r == '\u2028' || r == '\u2029' || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) {
			return placeOf(data, i), fmt.Sprintf("the invisible character %U has no place here", r)
		}
		i += n
	}
	return place{}, ""
}
