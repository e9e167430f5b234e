package redact

import (
	"html"
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
	s = html.UnescapeString(s)
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

// escaped returns the character that s begins with in an escaped form, and how
// many bytes that takes; 0 if it does not.
func escaped(s string) (rune, int) {
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
