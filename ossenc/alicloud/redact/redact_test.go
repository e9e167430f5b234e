package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"bucketwarden/ossenc/alicloud/redact"
)

// The secrets have the characters of real ones: letters and digits, and of Base64
// in tokens.
const (
	keyID  = "STS.NUkw7mQZ3x9Yv2Tr5"
	secret = "9rT4kLmP2sWxYzQ8vBnC3dFgHjK1aEuI"
	token  = "CAIS8wF1q6Ft5B2yfSjIr5bEc/+Nh4p3g+aXk/1Lm0OtRs/Uv+/=Wx7Y/z+0=/ABdCe9GhK=="
)

// forms are the ways to write a text, those of the field sheet and their kin.
var forms = map[string]func(string) string{
	"plain":              func(s string) string { return s },
	"lower":              strings.ToLower,
	"upper":              strings.ToUpper,
	"swapped":            swapCase,
	"reversed":           reversed,
	"separated by -":     func(s string) string { return strings.Join(strings.Split(s, ""), "-") },
	"separated by blank": func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	"separated by ZWSP":  func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") },
	"in groups of 7":     func(s string) string { return grouped(s, 7, ".") },
	"in groups of 3":     func(s string) string { return grouped(s, 3, "', '") },
	"Base64":             func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"Base64, 1 before":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte(":" + s)) },
	"Base64, 2 before":   func(s string) string { return base64.URLEncoding.EncodeToString([]byte("a:" + s)) },
	"Base64, lower":      func(s string) string { return strings.ToLower(base64.RawURLEncoding.EncodeToString([]byte(s))) },
	"Base64, in groups":  func(s string) string { return grouped(base64.StdEncoding.EncodeToString([]byte(s)), 4, "\n") },
	"hex":                func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":                func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"hex in pairs":       func(s string) string { return fmt.Sprintf("% X", s) },
	"hex with 0x":        func(s string) string { return each(s, "0x%02x, ") },
	"hex with \\x":       func(s string) string { return each(s, `\x%02x`) },
	"percent":            url.QueryEscape,
	"percent, all":       func(s string) string { return each(s, "%%%02X") },
	"percent, twice":     func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"JSON":               func(s string) string { b, _ := json.Marshal(s); return string(b) },
	"JSON, all":          func(s string) string { return each(s, `\u%04x`) },
	"JSON, twice":        func(s string) string { return strings.ReplaceAll(each(s, `\u%04X`), `\`, `\\`) },
	"HTML":               html.EscapeString,
	"HTML, decimal":      func(s string) string { return each(s, "&#%d;") },
	"HTML, hex":          func(s string) string { return each(s, "&#x%x;") },
	"HTML in percent":    func(s string) string { return url.QueryEscape(each(s, "&#x%x;")) },
	"C, octal":           func(s string) string { return each(s, `\%03o`) },
	"C, long":            func(s string) string { return each(s, `\U%08x`) },
	"JavaScript":         func(s string) string { return each(s, `\u{%x}`) },
	"Perl":               func(s string) string { return each(s, `\x{%06x}`) },
	"Unicode":            func(s string) string { return each(s, "U+%04X ") },
	"HTML, open":         func(s string) string { return each(s, "&#%d") },
	"HTML, open hex":     func(s string) string { return each(s, "&#x%x") },
	"HTML, zeros":        func(s string) string { return each(s, "&#%015d;") },
	"HTML, spaces":       func(s string) string { return grouped(s, 2, "&NegativeVeryThinSpace;") },
	"HTML, tags":         func(s string) string { return each(s, `<b class="x">%c</b>`) },
	"HTML, lines":        func(s string) string { return grouped(s, 4, "<br/>") },
	"JSON, lines":        func(s string) string { return grouped(s, 4, `\n`) },
	"JSON of MIME":       func(s string) string { return grouped(base64.StdEncoding.EncodeToString([]byte(s)), 4, `\r\n`) },
	"bytes of Go":        func(s string) string { return fmt.Sprint([]byte(s)) },
	"bytes of JSON":      func(s string) string { return each(s, "%d,") },
	"letters that fold": func(s string) string {
		return strings.NewReplacer("s", "ſ", "S", "ſ", "k", "\u212a", "K", "\u212a").Replace(s)
	},
	"full width":        fullWidth,
	"percent of Base64": func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		if l := strings.ToLower(string(r)); l != string(r) {
			return []rune(l)[0]
		}
		return []rune(strings.ToUpper(string(r)))[0]
	}, s)
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '！' }, s)
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func grouped(s string, n int, separator string) string {
	var parts []string
	for part := range slices.Chunk([]byte(s), n) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, separator)
}

func each(s, format string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, format, s[i])
	}
	return out.String()
}

func known() *redact.Secrets {
	var s redact.Secrets
	s.Add(keyID, secret, token)
	return &s
}

// isDense reports whether enough of a run is left when all but its letters and
// digits is dropped. Runs such as +/=/+ab= are found as they are only.
func isDense(run string) bool {
	return len(strings.Map(func(r rune) rune {
		if strings.ContainsRune("+/=.", r) {
			return -1
		}
		return r
	}, run)) >= 6
}

// Every run of 8 characters of every secret is found in every form, wherever it
// stands.
func TestHolds_EveryRunInEveryForm(t *testing.T) {
	s := known()
	runs, sparse := 0, 0
	for _, secret := range []string{keyID, secret, token} {
		for i := 0; i+redact.Run <= len(secret); i++ {
			run := secret[i : i+redact.Run]
			runs++
			for name, form := range forms {
				if !isDense(run) && name != "plain" && name != "lower" && name != "percent, all" && name != "JSON, all" && name != "HTML, hex" {
					sparse++
					continue
				}
				for _, text := range []string{form(run), "The request " + form(run) + " is wrong.", form("=" + run + "=")} {
					if !s.Holds(text) {
						t.Errorf("%s: %q is not found in %q", name, run, text)
					}
				}
			}
		}
	}
	if runs < 100 || sparse > 20*len(forms) {
		t.Errorf("%d runs, and %d forms left out", runs, sparse)
	}
}

// 7 characters may be shown, and so may texts that have nothing to do with them.
func TestHolds_NothingElse(t *testing.T) {
	s := known()
	for _, text := range []string{
		"", secret[:7], keyID[:7], "9rT4kLm-and-more", "5C3D9175B6FC201293AD0000", "4C467B38-3910-447D-87BC-AC049166F216",
		"The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
		"%41%42%43%44%45%46%47%48 &lt;p&gt; \\u0041", "STS.NUk is not found", "%zz%", "0x", `\u12`,
		"&#;", "&#x", "&", "a < b and c > d", `\u{}`, `\9`, `\`, "10 buckets, 20 of 30 in 40 s, 50 of 60 in 70 s, 80 of 90 in 100 s", "ſ \u212a ＡＢＣ",
	} {
		if s.Holds(text) {
			t.Errorf("%q is taken for a secret", text)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
	for range 20_000 {
		text := make([]byte, 100)
		for i := range text {
			text[i] = characters[r.IntN(len(characters))]
		}
		if s.Holds(string(text)) {
			t.Fatalf("%q is taken for a secret", text)
		}
	}
}

func TestLine(t *testing.T) {
	s := known()
	for text, want := range map[string]string{
		"line 1\nline 2\r\n\t{}":          "line 1 line 2 {}",
		"right \u202eto left \u2066 \x00": "right to left",
		"token " + token:                  redact.LeftOut,
		strings.Repeat("ä", 200):          strings.Repeat("ä", 150) + "...",
		"\xff\xfe":                        "",
	} {
		if got := s.Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := s.Line(strings.Repeat("x", 290) + secret); strings.Contains(got, secret[:redact.Run]) {
		t.Errorf("the end of a long text shows %q", got)
	}
	if got := s.Line(strings.Repeat("a b ", 1<<20)); len(got) > 310 {
		t.Errorf("%d bytes", len(got))
	}
}

// Credentials of others stay known, up to a bound; the ones in use are kept.
func TestAdd_KeepsThoseInUse(t *testing.T) {
	s := known()
	for i := range 1000 {
		s.Add("", fmt.Sprintf("%d-qwertzuiopasdfgh", i), "")
		s.Add(keyID, secret, token)
	}
	if !s.Holds(secret) || !s.Holds("999-qwertzuiop") {
		t.Error("forgotten")
	}
	s.Add("", "", "")
	s.Add("a", "b", "c")
	if s.Holds("abc and a b c") {
		t.Error("a short secret hides everything")
	}
	var none redact.Secrets
	if none.Holds(secret) {
		t.Error("found without a secret")
	}
}

func TestSecrets_AreSafeForConcurrentUse(t *testing.T) {
	var s redact.Secrets
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			mine := fmt.Sprintf("secret-number-%d-xyz", i)
			for range 50 {
				s.Add("", mine, "")
				if !s.Holds(mine) {
					t.Error("not found")
				}
			}
		})
	}
	all.Wait()
}

func FuzzHolds(f *testing.F) {
	f.Add("x%2541\\u0041&#65;0x41", uint8(3))
	f.Fuzz(func(t *testing.T, text string, at uint8) {
		s := known()
		s.Line(text)
		i := int(at) % (len(secret) - redact.Run)
		if !s.Holds(text + " " + secret[i:i+redact.Run] + " " + text) {
			t.Errorf("hidden by %q", text)
		}
	})
}

func BenchmarkHolds(b *testing.B) {
	s := known()
	long := strings.Repeat("The bucket you are attempting to access must be addressed so. ", 5)[:300]
	for name, text := range map[string]string{"RequestID": "5C3D9175B6FC201293AD0000", "Message": long} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Holds(text)
			}
		})
	}
	b.Run("Build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var s redact.Secrets
			s.Add(keyID, secret, strings.Repeat(token, 10))
			s.Holds("5C3D9175B6FC201293AD0000")
		}
	})
}
