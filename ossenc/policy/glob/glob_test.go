package glob

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func parsed(t testing.TB, s string) Pattern {
	t.Helper()
	p, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMatch(t *testing.T) {
	tests := []struct {
		name, pattern string
		yes, no       []string
	}{
		{"Literal", "pay", []string{"pay"}, []string{"", "pa", "payx", "xpay", "PAY"}},
		{"Star", "pay-*", []string{"pay-", "pay-eu", "pay-eu/x"}, []string{"pay", "xpay-"}},
		{"StarInTheMiddle", "a*b*c", []string{"abc", "axbxc", "abbcc", "abcbc"}, []string{"ab", "acb", "abcx"}},
		{"Everything", "*", []string{"", "a", "/", "ü"}, nil},
		{"QuestionMark", "a?c", []string{"abc", "a/c", "aüc"}, []string{"ac", "abbc"}},
		{"Range", "db-[0-9]", []string{"db-0", "db-9"}, []string{"db-", "db-a", "db-10"}},
		{"Set", "[a-cx_]", []string{"a", "b", "c", "x", "_"}, []string{"d", "-", ""}},
		{"HyphenAtTheEdges", "[-a][b-]", []string{"-b", "a-"}, []string{"b-"}},
		{"StarAsItself", "[*]a[?][[]]", []string{"*a?[]"}, []string{"xa?[]"}},
		{"Empty", "", []string{""}, []string{"a"}},
		{"RunsOfWildcards", "*?**?", []string{"ab", "abc"}, []string{"", "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := parsed(t, tt.pattern)
			for _, s := range tt.yes {
				if !p.Match(s) {
					t.Errorf("%s does not match %q", p, s)
				}
			}
			for _, s := range tt.no {
				if p.Match(s) {
					t.Errorf("%s matches %q", p, s)
				}
			}
		})
	}
}

func TestParse_Refuses(t *testing.T) {
	for pattern, want := range map[string]string{
		"a[":     `pattern "a[": a [ has no ] that closes it`,
		"a[]":    `pattern "a[]": [] holds no character`,
		"[!a]":   `pattern "[!a]": [!a] looks like a negation, which patterns do not have; write an earlier rule for the exception`,
		"[^a]":   `pattern "[^a]": [^a] looks like a negation, which patterns do not have; write an earlier rule for the exception`,
		"[xz-a]": `pattern "[xz-a]": in [xz-a] the range z-a is the wrong way round`,
	} {
		if _, err := Parse(pattern); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, want %s", pattern, err, want)
		}
	}
}

func TestCovers(t *testing.T) {
	tests := []struct {
		wide, narrow string
		want         bool
	}{
		{"*", "pay-*", true},
		{"*", "", true},
		{"pay-*", "pay-eu-*", true},
		{"pay-*", "pay-*", true},
		{"pay-*", "pay-?", true},
		{"pay-*", "*", false},
		{"pay-eu-*", "pay-*", false},
		{"*-eu", "pay-*-eu", true},
		{"a*b*c", "axb*yc", true},
		{"a?c", "abc", true},
		{"a?c", "a*c", false},
		{"?*", "*?", true},
		{"*?", "?*", true},
		{"??*", "*?", false},
		{"[a-z]", "[b-d]", true},
		{"[b-d]", "[a-z]", false},
		{"[a-cd-f]", "[b-e]", true},
		{"[a-c]", "b", true},
		{"b", "[a-c]", false},
		{"b", "[b]", true},
		{"?", "[a-c]", true},
		{"[a-c]", "?", false},
	}
	for _, tt := range tests {
		if got := parsed(t, tt.wide).Covers(parsed(t, tt.narrow)); got != tt.want {
			t.Errorf("%q.Covers(%q) = %t, want %t", tt.wide, tt.narrow, got, tt.want)
		}
	}
}

func TestIsLiteral(t *testing.T) {
	for pattern, want := range map[string]string{"abc": "abc", "a[b]c": "abc", "a[*]": "a*"} {
		if p := parsed(t, pattern); !p.IsLiteral() || p.Name() != want {
			t.Errorf("%s: IsLiteral = %t, Name = %q; want %q", p, p.IsLiteral(), p.Name(), want)
		}
	}
	for _, pattern := range []string{"a*", "?", "[ab]"} {
		if parsed(t, pattern).IsLiteral() {
			t.Errorf("%s is no literal", pattern)
		}
	}
}

func TestCanBe(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyz-"
	for pattern, want := range map[string]bool{
		"ab": false, "abc": true, "a*": true, "abcdef": false, "abcde*": true, "??": false, "???": true,
		"Abc": false, "[A-Z]bc": false, "[A-z]bc": true, "a_*": false,
	} {
		if got := parsed(t, pattern).CanBe(letters, 3, 5); got != want {
			t.Errorf("%s: CanBe = %t, want %t", pattern, got, want)
		}
	}
}

// naive is the definition of matching, without any regard for time. It takes the
// same notation apart on its own.
func naive(pattern, name string) bool {
	switch {
	case pattern == "":
		return name == ""
	case pattern[0] == '*':
		return naive(pattern[1:], name) || name != "" && naive(pattern, name[1:])
	case name == "":
		return false
	case pattern[0] == '?':
		return naive(pattern[1:], name[1:])
	case pattern[0] == '[':
		set, rest, _ := strings.Cut(pattern[1:], "]")
		return inSet(set, name[0]) && naive(rest, name[1:])
	}
	return pattern[0] == name[0] && naive(pattern[1:], name[1:])
}

func inSet(set string, c byte) bool {
	for set != "" {
		if len(set) >= 3 && set[1] == '-' {
			if set[0] <= c && c <= set[2] {
				return true
			}
			set = set[3:]
			continue
		}
		if set[0] == c {
			return true
		}
		set = set[1:]
	}
	return false
}

// random returns a text of up to n of the parts.
func random(r *rand.Rand, n int, parts ...string) string {
	var s strings.Builder
	for range r.IntN(n + 1) {
		s.WriteString(parts[r.IntN(len(parts))])
	}
	return s.String()
}

func randomPattern(r *rand.Rand) string {
	return random(r, 6, "a", "b", "c", "*", "*", "?", "[ab]", "[b-c]", "[a-c]", "[-a]")
}

// names are all texts of up to four of the characters that patterns are made of.
func names() []string {
	all := []string{""}
	for from := 0; len(all[len(all)-1]) < 4; {
		to := len(all)
		for _, s := range all[from:to] {
			for _, c := range "abcx-" {
				all = append(all, s+string(c))
			}
		}
		from = to
	}
	return all
}

func TestMatch_IsTheNaiveOne(t *testing.T) {
	r, all := rand.New(rand.NewPCG(1, 2)), names()
	matched := 0
	for range 400 {
		text := randomPattern(r)
		p := parsed(t, text)
		for _, name := range all {
			want := naive(text, name)
			if p.Match(name) != want {
				t.Fatalf("%q.Match(%q) = %t, want %t", text, name, !want, want)
			}
			if want {
				matched++
			}
		}
	}
	if matched < 5_000 {
		t.Fatalf("only %d matches: the patterns say nothing", matched)
	}
}

func TestCovers_NeverSaysSoWrongly(t *testing.T) {
	r, all := rand.New(rand.NewPCG(3, 4)), names()
	covered := 0
	for range 10_000 {
		wide, narrow := parsed(t, randomPattern(r)), parsed(t, randomPattern(r))
		if !wide.Covers(narrow) {
			continue
		}
		covered++
		for _, name := range all {
			if narrow.Match(name) && !wide.Match(name) {
				t.Fatalf("%q covers %q, but only the latter matches %q", wide, narrow, name)
			}
		}
	}
	if covered < 300 {
		t.Fatalf("only %d pairs covered: the patterns say nothing", covered)
	}
}

func TestCovers_IsReflexiveAndTransitive(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		a, b, c := parsed(t, randomPattern(r)), parsed(t, randomPattern(r)), parsed(t, randomPattern(r))
		if !a.Covers(a) {
			t.Fatalf("%q does not cover itself", a)
		}
		if a.Covers(b) && b.Covers(c) && !a.Covers(c) {
			t.Fatalf("%q covers %q covers %q, but the first does not cover the last", a, b, c)
		}
	}
}

// A pattern that other matchers need exponential time for.
func TestMatch_TakesNoLongOnes(t *testing.T) {
	p := parsed(t, strings.Repeat("*a", 127)+"b")
	if p.Match(strings.Repeat("a", 2_000)) {
		t.Error("matches without a b")
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("pay-*", "pay-eu")
	f.Add("[a-c]?[*]", "bx*")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		if !p.Covers(p) || !parsed(t, "*").Covers(p) || !parsed(t, "*").Match(name) {
			t.Errorf("%q does not cover itself, or * does not cover it", pattern)
		}
		if p.IsLiteral() && !p.Match(p.Name()) {
			t.Errorf("%q does not match its name %q", pattern, p.Name())
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p := parsed(b, "pay-*-[0-9]?")
	b.ReportAllocs()
	for b.Loop() {
		p.Match("pay-europe-central-archive-2027-42")
	}
}
