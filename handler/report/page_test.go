package report

import (
	"maps"
	"os"
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

func TestPercent_WhatIsNotAllDoesNotLookLikeAll(t *testing.T) {
	for _, tt := range []struct {
		n, all int
		want   string
	}{{0, 0, "–"}, {0, 5, "0%"}, {5, 5, "100%"}, {4999, 5000, "99.9%"}, {1, 3, "33.3%"}, {1, 5000, "<0.1%"}} {
		if got := percent(tt.n, tt.all); got != tt.want {
			t.Errorf("%d of %d: %s, want %s", tt.n, tt.all, got, tt.want)
		}
	}
}

func TestArcs_FillTheRing(t *testing.T) {
	for _, c := range []counts{
		{all: 1, group: map[group]int{groupOK: 1}},
		{all: 5000, group: map[group]int{groupOK: 4999, groupNone: 1}},
		{all: 5, group: map[group]int{groupOK: 1, groupExempt: 1, groupWeak: 1, groupUnknown: 1, groupNone: 1}},
		{all: 6, group: map[group]int{groupNone: 5, groupUnknown: 1}},
	} {
		sum := 0.0
		for _, a := range arcs(c) {
			if a.width < 1.4 {
				t.Errorf("%v: %s is too thin to see", c, a.group)
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
	for _, file := range []string{"page.go", "page_row.go", "page_picture.go"} {
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
	built := regexp.MustCompile(`^(code|fact|group|why|rule|advice)_|_note$`) // names that are put together
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
	_, whole := written(t, "json", evidence(), account(t))
	for fact := range slices.Chunk(whole.facts(), 2) {
		if all["en"]["fact_"+fact[0]] == "" {
			t.Errorf("no text for the fact %s", fact[0])
		}
	}
	for _, g := range groups {
		if all["en"]["group_"+string(g)] == "" {
			t.Errorf("no text for the group %s", g)
		}
	}
	for _, m := range regexp.MustCompile(`\{\{([a-z_]+)\}\}`).FindAllStringSubmatch(pageTemplate, -1) {
		if all["en"][m[1]] == "" {
			t.Errorf("the template has %s, which is no text", m[0])
		}
	}
}
