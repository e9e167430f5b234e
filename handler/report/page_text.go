package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

//go:embed page/texts.json
var pageTextsJSON []byte

// texts are the page's words in one language.
type texts map[string]string

// pageTexts returns the texts of each language. They are read when first needed:
// most starts of the function show no page.
var pageTexts = sync.OnceValue(func() map[string]texts {
	var all map[string]texts
	if err := json.Unmarshal(pageTextsJSON, &all); err != nil {
		panic(err) // embedded, and read by the tests
	}
	return all
})

// with returns a text with its {places} filled. values are names and values in
// turn.
func (t texts) with(name string, values ...string) string {
	var pairs []string
	for i := 0; i < len(values); i += 2 {
		pairs = append(pairs, "{"+values[i]+"}", values[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(t[name])
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "\x00", "\ufffd")

// escape makes s safe as the text of an element and as a quoted attribute.
func escape(s string) string { return htmlEscapes.Replace(s) }

// visible shows what would otherwise deceive the eye: control characters, and
// those that turn the direction of writing or take no room.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if !strings.ContainsFunc(s, isInvisible) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isInvisible(r) {
			fmt.Fprintf(&b, "‹U+%04X›", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isInvisible(r rune) bool {
	return r != ' ' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r)) || r == '\u115f' || r == '\u1160' || r == '\u3164'
}

// scriptJSON encodes v for a script element. encoding/json writes <, > and & as
// escapes, so nothing in it can end the element.
func scriptJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "{}" // maps of strings always encode
	}
	return string(b)
}

// grouped writes a number with commas, as all three languages do.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Languages returns the languages of the page, in order.
func Languages() []string { return slices.Sorted(maps.Keys(pageTexts())) }

// LanguageNamed returns the language of the page with this name, such as zh, or with this
// tag, such as zh-CN.
func LanguageNamed(name string) (language string, ok bool) {
	for _, language := range Languages() {
		if name == language || name == LanguageTag(language) {
			return language, true
		}
	}
	return "", false
}

// scriptTexts are the texts that the page's script needs; the others stay out of it.
func scriptTexts() []string {
	return strings.Fields(`
		advice_denied advice_foreign_key advice_other advice_refused advice_throttled advice_unavailable advice_unrecognized
		any change change_fixed change_new change_open change_worse code
		col_account col_bucket col_policy col_region col_required col_rule col_state col_why
		copied copy count count_one enforce_function enforce_function_note enforce_rule enforce_rule_note approve approve_note filtered
		fix fix_note_command fix_note_invoke fix_note_signed fix_note_token
		group_exempt group_foreign group_gone group_none group_ok group_unknown group_weak
		link open_since original print reason remove_filter request_id reset rights rights_note rule_none rule_unknown
		save search selected show_all show_more sort target terraform terraform_comment terraform_note`)
}
