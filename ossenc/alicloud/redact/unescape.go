package redact

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxLayers bounds how many layers of escapes are taken off.
const maxLayers = 4

// escapes are the beginnings of what stands for one character, and how many
// hexadecimal digits follow at most: of URLs, of JSON and JavaScript, of C, of
// dumps and of Unicode's own notation.
var escapes = []struct {
	begins string
	digits int
}{{"%u", 4}, {"%", 2}, {`\u`, 4}, {`\x`, 2}, {`\U`, 8}, {"0x", 2}, {"0X", 2}, {"U+", 4}}

// unescape takes off one layer of what stands for other characters: percent, JSON, C
// and HTML escapes, tags, and letters that are others in a wider or an older form.
func unescape(s string) string {
	if !mayEscape(s) {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		if r, n := escaped(s[i:]); n > 0 {
			out.WriteRune(r)
			i += n
			continue
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}

// mayEscape reports whether a text has what an escape begins with: most have not.
func mayEscape(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%', c == '\\', c == '&', c == '<', c >= utf8.RuneSelf:
			return true
		case i > 0 && (c == 'x' || c == 'X') && s[i-1] == '0', i > 0 && c == '+' && s[i-1] == 'U':
			return true
		}
	}
	return false
}

// escaped returns the character that s begins with in another form, and how many
// bytes that takes; 0 if it does not.
func escaped(s string) (rune, int) {
	switch {
	case s[0] == '&':
		return entity(s)
	case s[0] == '<':
		return tag(s)
	case s[0] >= utf8.RuneSelf:
		return plainLetter(s)
	}
	for _, e := range escapes {
		n := len(e.begins) + e.digits
		if len(s) < n || s[:len(e.begins)] != e.begins {
			continue
		}
		if c, err := strconv.ParseUint(s[len(e.begins):n], 16, 32); err == nil {
			return rune(c), n
		}
	}
	if s[0] == '\\' {
		return backslash(s)
	}
	return 0, 0
}

// backslash reads the escapes that begin with one and have no fixed length: \u{41}
// and \x{41}, octal digits, and the letters for blanks and controls.
func backslash(s string) (rune, int) {
	if len(s) > 3 && (s[1] == 'u' || s[1] == 'x') && s[2] == '{' {
		digits, _, found := strings.Cut(s[3:min(len(s), 16)], "}")
		if c, err := strconv.ParseUint(digits, 16, 32); found && err == nil {
			return rune(c), len(digits) + 4
		}
	}
	if len(s) > 3 {
		if c, err := strconv.ParseUint(s[1:4], 8, 8); err == nil {
			return rune(c), 4
		}
	}
	if len(s) > 1 && strings.IndexByte("nrtbfva", s[1]) >= 0 {
		return ' ', 2
	}
	return 0, 0
}

// entities are the named characters of HTML that secrets may have. All others are
// neither letters nor digits of theirs, and stand for a blank.
var entities = map[string]rune{"plus": '+', "sol": '/', "equals": '=', "period": '.', "lowbar": '_', "amp": '&', "percnt": '%', "bsol": '\\', "num": '#', "semi": ';'}

// maxEntity and maxTag are more than what a server writes between two letters has.
const (
	maxEntity = 40
	maxTag    = 80
)

// entity returns the character that s begins with as an entity of HTML, and how many
// bytes that takes; 0 if it does not. Browsers read a number without its semicolon.
func entity(s string) (rune, int) {
	name := s[1:min(len(s), maxEntity)]
	if number, isNumber := strings.CutPrefix(name, "#"); isNumber {
		return entityNumber(number)
	}
	name, _, found := strings.Cut(name, ";")
	if !found || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return 0, 0
	}
	if r, known := entities[name]; known {
		return r, len(name) + 2
	}
	return ' ', len(name) + 2
}

// entityNumber reads what stands behind the &# of an entity.
func entityNumber(number string) (rune, int) {
	digits, base, allowed := number, 10, "0123456789"
	if hex := strings.TrimLeft(number, "xX"); hex != number {
		digits, base, allowed = hex, 16, "0123456789abcdefABCDEF"
	}
	end := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune(allowed, r) })
	if end < 0 {
		end = len(digits)
	}
	c, err := strconv.ParseUint(digits[:end], base, 32)
	if err != nil {
		return 0, 0
	}
	length := len("&#") + len(number) - len(digits) + end
	if end < len(digits) && digits[end] == ';' {
		length++
	}
	return rune(c), length
}

// tag reads a tag of HTML or XML as a blank, as a reader of the page sees it.
func tag(s string) (rune, int) {
	end := strings.IndexAny(s[1:min(len(s), maxTag)], "<>")
	if end < 0 || s[1+end] != '>' {
		return 0, 0
	}
	return ' ', end + 2
}

// plainLetter returns the letter of ASCII that a letter counts as where case or width
// does not: ſ and K (of kelvin), and the letters of full width.
func plainLetter(s string) (rune, int) {
	switch r, n := utf8.DecodeRuneInString(s); {
	case r == 'ſ':
		return 's', n
	case r == '\u212a':
		return 'k', n
	case r >= '！' && r <= '～':
		return r - '！' + '!', n
	}
	return 0, 0
}

// minNumbers is how many numbers must be in a text before they are read as characters.
const minNumbers = minGram

// numbers returns the characters that the numbers of a text stand for, such as
// [57 114 84] as Go and JSON write bytes; empty if there are few.
func numbers(s string) string {
	var out []byte
	for i := 0; i < len(s); {
		n := 0
		for i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' {
			n++
		}
		if n == 2 || n == 3 {
			if c, err := strconv.ParseUint(s[i:i+n], 10, 16); err == nil && c < utf8.RuneSelf { // a bound of 7 bits would make an error of each
				out = append(out, byte(c))
			}
		}
		i += max(n, 1)
	}
	if len(out) < minNumbers {
		return ""
	}
	return string(out)
}
