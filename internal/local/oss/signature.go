package oss

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"bucketwarden/internal/local/wire"
)

// authorization is a parsed V4 signature, of the Authorization header or of a
// signed URL.
type authorization struct {
	keyID, date, region string
	additional          []string // lower-case names of further signed headers
	signature           string
	presigned           bool
	expires             string // seconds, of a signed URL
}

func parseAuthorization(r *http.Request) (authorization, *failure) {
	header := r.Header.Get("Authorization")
	query, _ := parseQuery(r.URL.RawQuery)
	switch {
	case strings.HasPrefix(header, "OSS "), header == "" && query.Has("OSSAccessKeyId"):
		return authorization{}, v1Refused(r.UserAgent())
	case header == "" && query.Has("x-oss-signature-version"):
		return parsePresigned(query)
	case header == "" && r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data"):
		return authorization{}, notHere("uploads by forms (PostObject)")
	case header == "":
		return authorization{}, accessDenied("You have no right to access this object because of bucket acl.", "0003-00000001")
	}
	fields, ok := strings.CutPrefix(header, algorithmV4+" ")
	if !ok {
		return authorization{}, invalidArgument("Authorization header is invalid.", "0002-00000203")
	}
	return parseFields(fields)
}

// parsePresigned reads the x-oss- parameters of a signed URL.
func parsePresigned(query url.Values) (authorization, *failure) {
	a := authorization{signature: query.Get("x-oss-signature"), presigned: true, expires: query.Get("x-oss-expires")}
	if query.Get("x-oss-signature-version") != algorithmV4 || a.signature == "" {
		return a, invalidArgument("The parameters of the signed URL are invalid.", "0002-00000203")
	}
	if names := query.Get("x-oss-additional-headers"); names != "" {
		a.additional = strings.Split(strings.ToLower(names), ";")
	}
	return a, a.parseCredential(query.Get("x-oss-credential"))
}

// parseFields reads Credential=…,AdditionalHeaders=…,Signature=…
func parseFields(fields string) (authorization, *failure) {
	var a authorization
	var credential string
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			credential = value
		case "AdditionalHeaders":
			a.additional = strings.Split(strings.ToLower(value), ";")
		case "Signature":
			a.signature = value
		}
	}
	if credential == "" || a.signature == "" {
		return a, invalidArgument("Authorization header is invalid.", "0002-00000203")
	}
	return a, a.parseCredential(credential)
}

// parseCredential reads <AccessKeyID>/<date>/<region>/oss/aliyun_v4_request.
func (a *authorization) parseCredential(credential string) *failure {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 || parts[4] != "aliyun_v4_request" || slices.Contains(parts, "") {
		return invalidArgument("Authorization header is invalid.", "0002-00000213")
	}
	if parts[3] != "oss" {
		return invalidArgument("Invalid signing product in Authorization header.", "0002-00000227")
	}
	a.keyID, a.date, a.region = parts[0], parts[1], parts[2]
	return nil
}

func (a authorization) scope() string {
	return a.date + "/" + a.region + "/oss/aliyun_v4_request"
}

// stringToSign takes the date as the client wrote it.
func (a authorization) stringToSign(c *call, date string) string {
	sum := sha256.Sum256([]byte(a.canonicalRequest(c.http, c.target.path())))
	return algorithmV4 + "\n" + date + "\n" + a.scope() + "\n" + hex.EncodeToString(sum[:])
}

func (a authorization) canonicalRequest(r *http.Request, path string) string {
	return strings.Join([]string{
		r.Method,
		strings.ReplaceAll(wire.Escape(path), "%2F", "/"),
		canonicalQuery(r.URL.RawQuery),
		a.canonicalHeaders(r),
		strings.Join(a.additional, ";"),
		unsignedPayload,
	}, "\n")
}

// canonicalQuery sorts and escapes the parameters; one without a value has no
// equals sign, whether the client sent one (ali-oss) or not (the Go SDK). The
// signature of a signed URL is none of them.
func canonicalQuery(raw string) string {
	var pairs []string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name == "" || name == "x-oss-signature" {
			continue
		}
		pair := wire.Escape(unescape(name))
		if value != "" {
			pair += "=" + wire.Escape(unescape(value))
		}
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, compareBefore("="))
	return strings.Join(pairs, "&")
}

// compareBefore orders by the name before the separator: "a=1" goes before
// "a-b", although "-" sorts before "=".
func compareBefore(separator string) func(a, b string) int {
	return func(a, b string) int {
		nameA, valueA, _ := strings.Cut(a, separator)
		nameB, valueB, _ := strings.Cut(b, separator)
		return cmp.Or(strings.Compare(nameA, nameB), strings.Compare(valueA, valueB))
	}
}

// parseQuery reads the parameters as the signature does, which knows "&" as the only
// separator, and reports whether all of them can be read.
func parseQuery(raw string) (url.Values, bool) {
	query, readable := url.Values{}, true
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		readable = readable && err == nil && errValue == nil
		if part != "" {
			query.Add(name, value)
		}
	}
	return query, readable
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

func (a authorization) canonicalHeaders(r *http.Request) string {
	var lines []string
	for name, values := range r.Header {
		name = strings.ToLower(name)
		if signedByDefault(name) || slices.Contains(a.additional, name) {
			lines = append(lines, headerLine(name, values))
		}
	}
	// net/http keeps the host apart from the other headers.
	if slices.Contains(a.additional, "host") {
		lines = append(lines, headerLine("host", []string{r.Host}))
	}
	slices.SortFunc(lines, compareBefore(":"))
	return strings.Join(lines, "")
}

func headerLine(name string, values []string) string {
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	return name + ":" + strings.Join(trimmed, ",") + "\n"
}

func signedByDefault(name string) bool {
	return name == "content-type" || name == "content-md5" || strings.HasPrefix(name, "x-oss-")
}

// sign computes the signature of text with the key derived from the secret.
func (a authorization) sign(secret, text string) string {
	return hex.EncodeToString(mac(a.signingKey(secret), text))
}

func (a authorization) signingKey(secret string) []byte {
	key := []byte("aliyun_v4" + secret)
	for _, part := range []string{a.date, a.region, "oss", "aliyun_v4_request"} {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
