package alicloud

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud/redact"
)

// inUse knows the credentials that this process signs requests with: those of
// invocations, of assumed roles and of the chain. It is one for the process,
// because a server that many invocations share may repeat to one what another one
// sent.
var inUse redact.Secrets

// remember makes credentials known to everything that shows a server's text.
func remember(c ossenc.Credentials) {
	inUse.Add(c.AccessKeyID, c.AccessKeySecret, c.SecurityToken)
}

// shown returns what a server said in a form that is safe to show: one short line
// without any part of the credentials that are in use, or of other secrets of the
// request.
func shown(ctx context.Context, s string, secrets ...string) string {
	remember(ossenc.IdentityFrom(ctx).Credentials)
	var others redact.Secrets
	for _, secret := range secrets {
		others.Add("", secret, "")
	}
	line := inUse.Line(s)
	if others.Holds(line) {
		return redact.LeftOut
	}
	return line
}

// Repeats reports whether one of the texts that a service filled, such as names and
// tags, holds a part of the credentials that are in use. Such an answer is not the
// service's: its texts become part of results and reports.
func Repeats(ctx context.Context, texts ...string) bool {
	remember(ossenc.IdentityFrom(ctx).Credentials)
	return slices.ContainsFunc(texts, inUse.Holds)
}

// Line returns a text of anybody, such as an error of the network, as one short line
// that holds no part of the credentials that are in use.
func Line(ctx context.Context, text string) string { return shown(ctx, text) }

// The fields of an answer that have a grammar are shown only if they have it, and
// hold no part of the credentials either: there are tokens that look like IDs.

// shownID returns a request ID: letters, digits and hyphens, as OSS (24 hexadecimal
// digits) and the other services (UUIDs) make them.
func shownID(s string) string { return field(s, 64, "-") }

// shownCode returns a service's error code, such as Forbidden.KeyNotFound.
func shownCode(s string) string { return field(s, 80, "._-") }

// shownEC returns an error code of OSS in its second form, such as 0003-00000001.
func shownEC(s string) string {
	if len(s) != 13 || s[4] != '-' || strings.Trim(s, "0123456789-") != "" {
		return ""
	}
	return s
}

// ShownWord returns a value of a service's enumeration, such as Enabled or
// ENCRYPT/DECRYPT, or a time; something that cannot be one is not repeated.
func ShownWord(s string) string {
	if word := field(s, 40, "/_-+.:"); word != "" {
		return word
	}
	return "[not a value of this field]"
}

// ShownKeyID returns s if it has the form of a KMS key's ID, such as
// key-hzz62f1cb66fa42qo1234 or a UUID, otherwise "".
func ShownKeyID(s string) string { return field(s, 64, "_-") }

// ShownARN returns s if it has the letters of an ARN, such as
// acs:ram::1234567890123456:user/alice, otherwise "".
func ShownARN(ctx context.Context, s string) string {
	remember(ossenc.IdentityFrom(ctx).Credentials)
	return field(s, 512, ":/._-@+=,")
}

// field returns s if it has at most so many letters, digits and other characters,
// and no part of the credentials; otherwise "".
func field(s string, most int, others string) string {
	if len(s) > most || inUse.Holds(s) {
		return ""
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return ""
		}
	}
	return s
}

// ossRequestID returns the request ID of an answer of OSS.
func ossRequestID(h http.Header) string { return shownID(h.Get("X-Oss-Request-Id")) }
