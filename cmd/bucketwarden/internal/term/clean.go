package term

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Clean returns a text from the cloud so that it cannot act on a terminal or
// hide: control characters, marks of direction and other characters that have no
// shape of their own are written as \u{...}.
func Clean(s string) string {
	clean := true
	for _, r := range s {
		clean = clean && visible(r)
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if visible(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%X}`, r)
		}
	}
	return b.String()
}

// visible reports whether a character is safe to show. What is not graphic, such
// as U+202E (right-to-left override), U+200B (zero width) or a control character,
// is not; neither is what stands for a byte that is not UTF-8.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && r != unicode.ReplacementChar && (r == ' ' || !unicode.IsSpace(r))
}

// Width returns how many columns a text takes.
func Width(s string) int { return runewidth.StringWidth(s) }

// Middle shortens s to at most n columns by leaving out its middle, where the key
// IDs of one account differ least.
func Middle(s string, n int) string {
	if Width(s) <= n || n < 1 {
		return s
	}
	const gap = "…"
	left := (n - 1 + 1) / 2
	head := cut([]rune(s), left)
	return head + gap + cutEnd([]rune(s), n-1-Width(head))
}

// End shortens s to at most n columns by leaving out its end.
func End(s string, n int) string {
	if Width(s) <= n || n < 1 {
		return s
	}
	return strings.TrimRight(cut([]rune(s), n-1), " ") + "…"
}

func cut(runes []rune, n int) string {
	at := 0
	for w := 0; at < len(runes); at++ {
		if w += runewidth.RuneWidth(runes[at]); w > n {
			break
		}
	}
	return string(runes[:at])
}

func cutEnd(runes []rune, n int) string {
	at := len(runes)
	for w := 0; at > 0; at-- {
		if w += runewidth.RuneWidth(runes[at-1]); w > n {
			break
		}
	}
	return string(runes[at:])
}
