package handler

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

func pageFor(t *testing.T, m *memory, query string, headers ...string) string {
	t.Helper()
	web, _ := newWeb(m, everything)
	rec := ask(t, web, "GET", "/report?format=html"+query, "", headers...)
	if rec.Code != 200 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func TestPage_NeedsNothingElse(t *testing.T) {
	html := pageFor(t, account(), "")
	for _, reference := range regexp.MustCompile(`(?i)\b(src|href|action|url|import)\s*[=(]\s*["']?([^"'\s>)]*)`).FindAllStringSubmatch(html, -1) {
		if target := reference[2]; !strings.HasPrefix(target, "data:") && !strings.HasPrefix(target, "#") {
			t.Errorf("the page refers to %s", reference[0])
		}
	}
	if on := regexp.MustCompile(`(?i)<[^>]*\s(on[a-z]+|style)=`).FindString(html); on != "" {
		t.Errorf("%s: the policy forbids this", on)
	}
}

func TestPage_ThePolicyAllowsItsOwnStyleAndScriptOnly(t *testing.T) {
	web, _ := newWeb(account(), everything)
	rec := ask(t, web, "GET", "/report?format=html", "")
	policy := rec.Header().Get("Content-Security-Policy")
	meta := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(rec.Body.String())
	if meta == nil || strings.ReplaceAll(meta[1], "&#39;", "'")+"; frame-ancestors 'none'" != policy {
		t.Fatalf("header %q\nmeta %q", policy, meta)
	}
	for element, count := range map[string]int{"style": 1, "script": 2} {
		var hashes []string
		for _, m := range regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(rec.Body.String(), -1) {
			hashes = append(hashes, hashSource(m[1]))
		}
		if len(hashes) != count || !strings.Contains(policy, element+"-src "+strings.Join(hashes, " ")+";") {
			t.Errorf("%s: %q, policy %s", element, hashes, policy)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("policy %s", policy)
	}
}

// rowPattern is one row as it may be: anything that broke out of its cell would
// not match.
var rowPattern = regexp.MustCompile(`^<tr data-g="[a-z]+"( data-[a-z]="[^"<>]*")*><th scope="row">[^<>]*</th><td>[^<>]*</td><td>[^<>]*</td><td><b>[^<>]*</b></td><td>[^<>]*<small>[^<>]*</small></td></tr>$`)

func TestPage_HostileNamesAndKeysStayText(t *testing.T) {
	html := pageFor(t, hostileAccount(), "", "X-Forwarded-Proto", `"><script>`, "Host", "x")
	_, body, _ := strings.Cut(html, "<tbody>\n")
	body, _, _ = strings.Cut(body, "</tbody>")
	rows := 0
	for line := range strings.Lines(body) {
		rows++
		if line = strings.TrimSuffix(line, "\n"); !rowPattern.MatchString(line) {
			t.Errorf("row %q", line)
		}
	}
	if rows != 9 {
		t.Errorf("%d rows", rows)
	}
	if strings.Count(html, "<script") != 3 || strings.Contains(html, "<img") {
		t.Error("an element came in")
	}
	for _, r := range "\u202e\u202c\x00\x1b" {
		if strings.ContainsRune(html, r) {
			t.Errorf("%U is in the page", r)
		}
	}
	for _, shown := range []string{"‹U+202E›gpj.exe", "‹U+001B›[31m", "&lt;img src=x&gt;"} {
		if !strings.Contains(html, shown) {
			t.Errorf("%s does not show", shown)
		}
	}
}

func TestPage_AHostThatIsNoneIsNotRepeated(t *testing.T) {
	web, _ := newWeb(account(), everything)
	for host, want := range map[string]string{
		"x.example.com": "http://x.example.com", "127.0.0.1:9000": "http://127.0.0.1:9000", "f-abc.cn-hangzhou.fcapp.run": "https://f-abc.cn-hangzhou.fcapp.run",
		`x"'><b>`: "http://HOST", "$(id)": "http://HOST", "": "http://HOST",
	} {
		p := page{x: &exchange{web: web, req: httpRequest(t, host)}}
		if got := p.base(); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
}

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

func TestPage_ShowsTheWorstFirst(t *testing.T) {
	m := account()
	m.rules["zz-none"] = ossenc.Rule{}
	html := pageFor(t, m, "")
	var got []string
	for _, row := range regexp.MustCompile(`<tr data-g="([a-z]+)".*?<th scope="row">([^<]*)</th>`).FindAllStringSubmatch(html, -1) {
		got = append(got, row[1]+" "+row[2])
	}
	want := []string{"none app-none", "none zz-none", "unknown zz-secret", "ok app-aes", "ok gov-sm4", "ok pay-key", "ok pay-kms"}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
}

func TestPage_TellsTheNumbers(t *testing.T) {
	tests := []struct {
		name     string
		rules    []ossenc.Rule
		wanted   ossenc.Rule
		compare  ossenc.Compare
		headline string
		share    string
		groups   string // ok weak unknown none
	}{
		{"None", nil, aes256, ossenc.Floor, "There are no buckets here", "–", "0 0 0 0"},
		{"Good", []ossenc.Rule{aes256, kms}, aes256, ossenc.Floor, "All 2 buckets are encrypted as wanted", "100%", "2 0 0 0"},
		{"Bad", []ossenc.Rule{aes256, {}, {}}, aes256, ossenc.Floor, "2 of 3 buckets need a look", "33.3%", "1 0 0 2"},
		{"Weak", []ossenc.Rule{aes256, kms, {}}, kms, ossenc.Floor, "2 of 3 buckets need a look", "66.6%", "1 1 0 1"},
		{"Exact", []ossenc.Rule{aes256, kms}, aes256, ossenc.Exact, "1 of 2 buckets need a look", "100%", "1 1 0 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory{rules: map[string]ossenc.Rule{}}
			for i, r := range tt.rules {
				m.rules[fmt.Sprintf("bucket-%d", i)] = r
			}
			web, _ := newWeb(m, everything)
			web.handler.Want = ossenc.Desired{Rule: tt.wanted, Compare: tt.compare}
			html := ask(t, web, "GET", "/report?format=html", "").Body.String()
			counts := map[string]string{}
			for _, li := range regexp.MustCompile(`<li data-g="([a-z]+)".*?<span class="n">([0-9,]+)</span>`).FindAllStringSubmatch(html, -1) {
				counts[li[1]] = li[2]
			}
			if got := strings.Join([]string{counts["ok"], counts["weak"], counts["unknown"], counts["none"]}, " "); got != tt.groups {
				t.Errorf("groups %s, want %s", got, tt.groups)
			}
			for _, want := range []string{"<h1>" + tt.headline + "</h1>", `class="big">` + tt.share + "</text>"} {
				if !strings.Contains(html, want) {
					t.Errorf("no %s", want)
				}
			}
		})
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
	for _, c := range []census{
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

func TestPage_SpeaksThreeLanguages(t *testing.T) {
	for _, tt := range []struct{ header, lang, has string }{
		{"en-GB", "en", "need a look"}, {"zh-CN,zh;q=0.9", "zh", "需要关注"}, {"ja-JP", "ja", "確認が必要です"},
	} {
		html := pageFor(t, account(), "", "Accept-Language", tt.header)
		if !strings.Contains(html, `<html lang="`+tt.lang+`">`) || !strings.Contains(html, tt.has) || strings.Contains(html, "{{") {
			t.Errorf("%s: not in %s", tt.header, tt.lang)
		}
	}
}

// Every language has every text, with the same places, and every text is used.
func TestPageTexts_AreComplete(t *testing.T) {
	all := pageTexts()
	var source strings.Builder
	source.WriteString(pageTemplate + pageScript)
	for _, file := range []string{"report_page.go", "report_page_row.go", "report_page_picture.go"} {
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
	built := regexp.MustCompile(`^(code|group|why|rule|advice)_|_note$`) // names that are put together
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

func TestPage_TheNextPartIsALink(t *testing.T) {
	html := pageFor(t, account(), "&limit=2&prefix=&region=cn-hangzhou&lang=ja")
	want := `<a href="?after=gov-sm4&amp;format=html&amp;lang=ja&amp;limit=2&amp;region=cn-hangzhou">`
	if !strings.Contains(html, want) {
		t.Errorf("no %s", want)
	}
}

func TestPage_ALargeAccountStaysSmallAndQuick(t *testing.T) {
	m := &memory{rules: map[string]ossenc.Rule{}}
	for i := range 5000 {
		m.rules[fmt.Sprintf("team-%02d-data-%05d", i%37, i)] = aes256
	}
	start := time.Now()
	html := pageFor(t, m, "")
	t.Logf("%d bytes in %v", len(html), time.Since(start))
	if len(html) > 2<<20 {
		t.Errorf("%d bytes", len(html))
	}
}

func TestOpenAPI_SaysWhatThereIs(t *testing.T) {
	web, _ := newWeb(account(), everything)
	var doc struct {
		Paths      map[string]map[string]json.RawMessage
		Components struct {
			Schemas map[string]struct {
				Properties map[string]json.RawMessage
				Enum       []string
			}
		}
	}
	if err := json.Unmarshal(ask(t, web, "GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for path, methods := range doc.Paths {
		for method := range methods {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range routes {
		real = append(real, r.pattern)
	}
	slices.Sort(documented)
	slices.Sort(real)
	if !slices.Equal(documented, real) {
		t.Errorf("documented %q\nreal %q", documented, real)
	}
	for _, code := range append(ossenc.Codes(), codeUnauthorized, codeForbidden, codeNoRoute, codeMethod, codeAcceptable, codeTooLarge, codeMediaType) {
		if !slices.Contains(doc.Components.Schemas["Code"].Enum, string(code)) {
			t.Errorf("the code %s is not documented", code)
		}
	}
	for schema, target := range map[string]string{"Result": "/buckets/zz-secret/encryption", "Problem": "/buckets/zz-secret/encryption", "Report": "/report?limit=1"} {
		members := decoded[map[string]json.RawMessage](t, ask(t, web, "GET", target, ""))
		if schema == "Result" {
			members = decoded[struct{ Result map[string]json.RawMessage }](t, ask(t, web, "GET", target, "")).Result
		}
		for name := range members {
			if doc.Components.Schemas[schema].Properties[name] == nil {
				t.Errorf("%s has %s, which is not documented", schema, name)
			}
		}
	}
}
