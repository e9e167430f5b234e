package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// chunk is how much of a secret must not be seen.
const chunk = 10

// formsOf returns, by name, what a text with any chunk of the secret has in it,
// whichever way it was written.
func formsOf(secret string) map[string]string {
	forms := map[string]string{}
	for at := 0; at+chunk <= len(secret); at += chunk / 2 {
		c := secret[at : at+chunk]
		name := fmt.Sprintf(" from %d", at)
		forms["plain"+name] = c
		forms["reversed"+name] = reversed(c)
		forms["URL-escaped"+name] = url.QueryEscape(c)
		forms["path-escaped"+name] = url.PathEscape(c)
		forms["hex"+name] = hex.EncodeToString([]byte(c))
		forms["HEX"+name] = strings.ToUpper(hex.EncodeToString([]byte(c)))
		forms["HTML"+name] = html.EscapeString(c)
		forms["JSON"+name] = jsonOf(c)
		for shift := range 3 { // a text around it moves the alignment
			forms[fmt.Sprintf("base64%s, shifted by %d", name, shift)] = inside(base64.StdEncoding, c, shift)
			forms[fmt.Sprintf("base64url%s, shifted by %d", name, shift)] = inside(base64.URLEncoding, c, shift)
		}
	}
	return forms
}

// find returns the first form of a secret that is in the text, and where.
func find(text, secret string) (string, int) {
	for form, needle := range formsOf(secret) {
		if at := strings.Index(text, needle); at >= 0 {
			return form, at
		}
	}
	return "", -1
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func jsonOf(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return strings.Trim(string(b), `"`)
}

// inside is what base64 makes of s where shift bytes stand before it in its
// group, without the characters at the ends that others decide too.
func inside(e *base64.Encoding, s string, shift int) string {
	encoded := e.EncodeToString(append(make([]byte, shift), s...))
	first := []int{0, 2, 3}[shift]
	return encoded[first : (shift+len(s))/3*4]
}

// The search finds what it is meant to find.
func TestFormsOf(t *testing.T) {
	const secret = "abc/def+ghi/jkl+mno"
	for name, text := range map[string]string{
		"plain":     "x" + secret + "y",
		"cut":       secret[:15],
		"reversed":  reversed(secret),
		"query":     url.QueryEscape("k=" + secret),
		"path":      url.PathEscape(secret),
		"hex":       fmt.Sprintf("%x", "pre"+secret),
		"HEX":       fmt.Sprintf("%X", secret),
		"JSON":      jsonOf(`{"a":"` + secret + `"}`),
		"base64":    base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 +1": base64.StdEncoding.EncodeToString([]byte("1" + secret)),
		"base64 +2": base64.URLEncoding.EncodeToString([]byte("user:12" + secret + "!")),
	} {
		if _, at := find(text, secret); at < 0 {
			t.Errorf("%s: nothing found in %s", name, text)
		}
	}
	for form, needle := range formsOf(secret) {
		if strings.Contains("a harmless text with abc/def in it", needle) || len(needle) < 8 {
			t.Errorf("%s: %q says nothing", form, needle)
		}
	}
}
