package report

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bucketwarden/ossenc"
)

func TestVisible_ShowsWhatWouldDeceive(t *testing.T) {
	for s, want := range map[string]string{
		"plain name": "plain name", "中文": "中文", "a\u202eb": "a‹U+202E›b", "a\u2066b": "a‹U+2066›b", "a\u200bb": "a‹U+200B›b", "a\ufeffb": "a‹U+FEFF›b",
		"a\nb": "a‹U+000A›b", "a\x00b": "a‹U+0000›b", "a\x7fb": "a‹U+007F›b", "a\u00a0b": "a‹U+00A0›b", "a\u3164b": "a‹U+3164›b", "a\xffb": "a\ufffdb",
	} {
		if got := visible(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// The shares add up to 100, and what is not all does not look like all, nor what is
// something like nothing.
func TestShares_AddUp(t *testing.T) {
	cases := []counts{{}, {all: 1, group: [groupCount]int{groupOK: 1}}, {all: 26, group: [groupCount]int{groupOK: 10, groupWeak: 3, groupUnknown: 7, groupNone: 2, groupExempt: 4}}}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var c counts
		for range 1 + random.IntN(3000) {
			c.add(group(min(random.IntN(14), random.IntN(int(groupCount)))))
		}
		cases = append(cases, c)
	}
	for _, c := range cases {
		sum := 0
		for g, share := range c.shares() {
			sum += share
			if n := c.group[g]; group(g) != groupGone && ((share == 0) != (n == 0) || (share == 1000) != (n == c.all && n > 0)) {
				t.Errorf("%v: %d of %d look like %s", c, n, c.all, percent(share))
			}
		}
		if want := 1000; c.all > 0 && sum != want {
			t.Errorf("%v: the shares add up to %s", c, percent(sum))
		}
	}
}

func TestArcs_FillTheRing(t *testing.T) {
	for _, c := range []counts{
		{all: 1, group: [groupCount]int{groupOK: 1}},
		{all: 5000, group: [groupCount]int{groupOK: 4999, groupNone: 1}},
		{all: 5, group: [groupCount]int{groupOK: 1, groupExempt: 1, groupWeak: 1, groupUnknown: 1, groupNone: 1}},
		{all: 6, group: [groupCount]int{groupNone: 5, groupUnknown: 1}},
	} {
		sum := 0.0
		for _, a := range arcs(c) {
			if a.width < 1.4 {
				t.Errorf("%v: %s is too thin to see", c, groupNames[a.group])
			}
			sum += a.width
		}
		if sum < 99.99 || sum > 100.01 {
			t.Errorf("%v fills %f", c, sum)
		}
	}
}

// Every language has every text, with the same places, and every text is used.
func TestPageTexts_AreComplete(t *testing.T) {
	all := pageTexts()
	var source strings.Builder
	source.WriteString(pageTemplate + pageScript)
	files, err := filepath.Glob("page*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	place := regexp.MustCompile(`\{\w+\}`)
	for lang, words := range all {
		if !slices.Equal(slices.Sorted(maps.Keys(words)), slices.Sorted(maps.Keys(all["en"]))) {
			t.Errorf("%s has other texts than en", lang)
		}
		for name, text := range words {
			a, b := place.FindAllString(text, -1), place.FindAllString(all["en"][name], -1)
			slices.Sort(a)
			slices.Sort(b)
			if text == "" || !slices.Equal(a, b) {
				t.Errorf("%s: %s is %q, in English %q", lang, name, text, all["en"][name])
			}
		}
	}
	built := regexp.MustCompile(`^(code|fact|tool|group|count|col|by|why|rule|advice|test|register|exemption|change|scope|problem|fix_note|mode)_|_note$|^(yes|no|pass)$`) // names that are put together
	for name := range all["en"] {
		if !built.MatchString(name) && !strings.Contains(source.String(), `"`+name+`"`) && !strings.Contains(source.String(), "{{"+name+"}}") {
			t.Errorf("%s is not used", name)
		}
	}
	for _, code := range ossenc.Codes() {
		if all["en"]["code_"+string(code)] == "" {
			t.Errorf("no text for the code %s", code)
		}
	}
	_, whole := written(t, "json", collected(), account(t))
	for fact := range slices.Chunk(whole.facts(), 2) {
		if all["en"]["fact_"+fact[0]] == "" {
			t.Errorf("no text for the fact %s", fact[0])
		}
	}
	for _, g := range groupNames {
		if all["en"]["group_"+g] == "" {
			t.Errorf("no text for the group %s", g)
		}
	}
	for _, one := range tests {
		if all["en"]["test_"+one.name] == "" {
			t.Errorf("no text for the test %s", one.name)
		}
	}
	for _, m := range regexp.MustCompile(`\{\{([a-z_]+)\}\}`).FindAllStringSubmatch(pageTemplate, -1) {
		if all["en"][m[1]] == "" {
			t.Errorf("the template has %s, which is no text", m[0])
		}
	}
}

// The script has the texts that it asks for.
func TestPageTexts_TheScriptHasItsOwn(t *testing.T) {
	have := scriptTexts()
	for _, name := range have {
		if pageTexts()["en"][name] == "" {
			t.Errorf("%s is no text", name)
		}
	}
	for _, m := range regexp.MustCompile(`\bt\("([a-z_]+)"[,)]`).FindAllStringSubmatch(pageScript, -1) {
		if !slices.Contains(have, m[1]) {
			t.Errorf("the script asks for %s, which it does not have", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\brow\("([a-z_]+)"|snippet\("([a-z_]+)"`).FindAllStringSubmatch(pageScript, -1) {
		if name := m[1] + m[2]; !slices.Contains(have, name) {
			t.Errorf("the script asks for %s, which it does not have", name)
		}
	}
}
