package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bucketwarden/handler/internal/memory"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/policy"
)

func pageFor(t *testing.T, m *memory.Account, query string, headers ...string) string {
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
		if target := reference[2]; !strings.HasPrefix(target, "data:") && !strings.HasPrefix(target, "#") && !strings.HasPrefix(target, "?") {
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
			hashes = append(hashes, hashOfSource(m[1]))
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
var rowPattern = regexp.MustCompile(`^<tr id="b-[^"<>]*" data-g="[a-z]+"( data-[a-z]="[^"<>]*")*><th scope="row">[^<>]*</th><td>[^<>]*</td><td>([^<>]*|<span title="[^"<>]*"><i>[^<>]*</i></span>)</td><td><b>[^<>]*</b></td><td>[^<>]*(<small>[^<>]*</small>)?</td></tr>$`)

func TestPage_HostileNamesAndKeysStayText(t *testing.T) {
	html := pageFor(t, hostileAccount(), "", "X-Forwarded-Proto", `"><script>`, "Host", "x")
	_, body, _ := strings.Cut(html, `id="table"`)
	_, body, _ = strings.Cut(body, "<tbody>\n")
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

func TestPage_ShowsTheWorstFirst(t *testing.T) {
	m := account()
	m.Rules["zz-none"] = ossenc.Rule{}
	html := pageFor(t, m, "")
	var got []string
	for _, row := range regexp.MustCompile(`<tr id="[^"]*" data-g="([a-z]+)".*?<th scope="row">([^<]*)</th>`).FindAllStringSubmatch(html, -1) {
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
		groups   string // ok weak unknown none; 0 where it is not there
	}{
		{"None", nil, aes256, ossenc.Floor, "There are no buckets here", "", "0 0 0 0"},
		{"One", []ossenc.Rule{aes256}, aes256, ossenc.Floor, "The only bucket is compliant", "100%", "1 0 0 0"},
		{"OneBad", []ossenc.Rule{{}}, aes256, ossenc.Floor, "The only bucket: 1 not encrypted", "0%", "0 0 0 1"},
		{"Good", []ossenc.Rule{aes256, kms}, aes256, ossenc.Floor, "All 2 buckets are compliant", "100%", "2 0 0 0"},
		{"Bad", []ossenc.Rule{aes256, {}, {}}, aes256, ossenc.Floor, "2 not encrypted of 3 buckets", "33.3%", "1 0 0 2"},
		{"Weak", []ossenc.Rule{aes256, kms, {}}, kms, ossenc.Floor, "1 not encrypted, 1 not compliant of 3 buckets", "33.3%", "1 1 0 1"},
		{"Exact", []ossenc.Rule{aes256, kms}, aes256, ossenc.Exact, "1 not compliant of 2 buckets", "50%", "1 1 0 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory.Account{Rules: map[string]ossenc.Rule{}}
			for i, r := range tt.rules {
				m.Rules[fmt.Sprintf("bucket-%d", i)] = r
			}
			web, _ := newWeb(m, everything)
			required := ossenc.Desired{Rule: tt.wanted, Compare: tt.compare}
			web.service.Policy, web.service.Warden = policy.Simple(required), always(m.Warden(required))
			html := ask(t, web, "GET", "/report?format=html", "").Body.String()
			counts := map[string]string{"ok": "0", "weak": "0", "unknown": "0", "none": "0"}
			for _, li := range regexp.MustCompile(`<li data-f="state" data-v="([a-z]+)".*?<span class="n">([0-9,]+)</span>`).FindAllStringSubmatch(html, -1) {
				counts[li[1]] = li[2]
			}
			if got := strings.Join([]string{counts["ok"], counts["weak"], counts["unknown"], counts["none"]}, " "); got != tt.groups {
				t.Errorf("groups %s, want %s", got, tt.groups)
			}
			_, headline, _ := strings.Cut(html, "<h1>")
			headline, _, _ = strings.Cut(headline, "</h1>")
			if got := regexp.MustCompile("<[^>]*>").ReplaceAllString(headline, ""); got != tt.headline {
				t.Errorf("headline %q, want %q", got, tt.headline)
			}
			if want := "<title>" + tt.headline + " · Bucketwarden</title>"; !strings.Contains(html, want) {
				t.Errorf("no %s", want)
			}
			if want := `class="big">` + tt.share + "</text>"; strings.Contains(html, want) != (tt.share != "") {
				t.Errorf("the ring does not say %q", tt.share)
			}
		})
	}
}

func TestPage_SpeaksThreeLanguages(t *testing.T) {
	for _, tt := range []struct{ header, lang, has string }{
		{"en-GB", "en", "not encrypted"}, {"zh-CN,zh;q=0.9", "zh-CN", "个未加密"}, {"ja-JP", "ja", "暗号化なし"},
	} {
		html := pageFor(t, account(), "", "Accept-Language", tt.header)
		if !strings.Contains(html, `<html lang="`+tt.lang+`">`) || !strings.Contains(html, tt.has) || strings.Contains(html, "{{") {
			t.Errorf("%s: not in %s", tt.header, tt.lang)
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
	m := &memory.Account{Rules: map[string]ossenc.Rule{}}
	for i := range 5000 {
		m.Rules[fmt.Sprintf("team-%02d-data-%05d", i%37, i)] = aes256
	}
	start := time.Now()
	html := pageFor(t, m, "")
	t.Logf("%d bytes in %v", len(html), time.Since(start))
	if len(html) > 2<<20 {
		t.Errorf("%d bytes", len(html))
	}
}

func hashOfSource(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestBaseURL_RepeatsNoHostThatIsNone(t *testing.T) {
	for host, want := range map[string]string{
		"x.example.com": "http://x.example.com", "127.0.0.1:9000": "http://127.0.0.1:9000", "f-abc.cn-hangzhou.fcapp.run": "https://f-abc.cn-hangzhou.fcapp.run",
		`x"'><b>`: "http://HOST", "$(id)": "http://HOST", "": "http://HOST",
	} {
		if got := baseURL(httpRequest(t, host)); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
}
