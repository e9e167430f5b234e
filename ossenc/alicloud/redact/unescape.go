package redact

import (
	"strconv"
	"strings"
)

// maxLayers bounds how many layers of escapes are taken off.
const maxLayers = 4

// escapes are the beginnings of what stands for one character, and how many
// hexadecimal digits follow: of URLs, of JSON and JavaScript, of C and of dumps.
var escapes = []struct {
	begins string
	digits int
}{{"%u", 4}, {"%", 2}, {`\u`, 4}, {`\x`, 2}, {"0x", 2}, {"0X", 2}}

// unescape takes off one layer of escapes: percent, JSON, C and HTML.
func unescape(s string) string {
	if !strings.ContainsAny(s, `%\&`) && !strings.Contains(s, "0x") && !strings.Contains(s, "0X") {
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

// entities are the named characters of HTML that secrets may have. All others are
// neither letters nor digits of theirs, and stand for a blank.
var entities = map[string]rune{"plus": '+', "sol": '/', "equals": '=', "period": '.', "lowbar": '_', "amp": '&', "percnt": '%', "bsol": '\\', "num": '#', "semi": ';'}

// entity returns the character that s begins with as an entity of HTML, and how many
// bytes that takes; 0 if it does not.
func entity(s string) (rune, int) {
	name, _, found := strings.Cut(s[1:min(len(s), 12)], ";")
	if !found || strings.Trim(strings.ToLower(name), "#abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return 0, 0
	}
	length := len(name) + 2
	number, isNumber := strings.CutPrefix(name, "#")
	if !isNumber {
		if r, known := entities[name]; known {
			return r, length
		}
		return ' ', length
	}
	base := 10
	if hex := strings.TrimLeft(number, "xX"); hex != number {
		number, base = hex, 16
	}
	c, err := strconv.ParseUint(number, base, 21)
	if err != nil {
		return 0, 0
	}
	return rune(c), length
}

// escaped returns the character that s begins with in an escaped form, and how
// many bytes that takes; 0 if it does not.
func escaped(s string) (rune, int) {
	if s[0] == '&' {
		return entity(s)
	}
	for _, e := range escapes {
		n := len(e.begins) + e.digits
		if len(s) < n || s[:len(e.begins)] != e.begins {
			continue
		}
		if c, err := strconv.ParseUint(s[len(e.begins):n], 16, 16); err == nil {
			return rune(c), n
		}
	}
	return 0, 0
}
