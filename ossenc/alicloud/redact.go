package alicloud

import (
	"context"
	"strings"
	"unicode"

	"bucketwarden/ossenc"
)

// redact returns what a server said in a form that is safe to show: one short line
// without any part of the credentials that the request was signed with, or of other
// secrets in it. OSS does not repeat them, but a gateway's page of an error may.
func redact(ctx context.Context, s string, secrets ...string) string {
	c := ossenc.IdentityFrom(ctx).Credentials
	for _, secret := range append(secrets, c.SecurityToken, c.AccessKeySecret, c.AccessKeyID) {
		if leaks(s, secret) {
			return "[left out, because it repeats a part of the request]"
		}
	}
	return oneLine(s)
}

// leaks reports whether s holds 8 letters or digits that stand together in the
// secret. Those stay as they are in every form of quoting.
func leaks(s, secret string) bool {
	const n = 8
	words := strings.FieldsFunc(secret, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	for _, w := range words {
		for i := 0; i+n <= len(w); i++ {
			if strings.Contains(s, w[i:i+n]) {
				return true
			}
		}
	}
	return false
}

// oneLine keeps what a server said to one short line of visible characters, so
// that no answer can forge a log line or flood one.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "..."
	}
	return s
}
