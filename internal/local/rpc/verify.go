package rpc

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Verify checks the signature of a request to a service that this gateway does not
// answer itself, such as InvokeFunction, as it checks that of its own. It returns
// why the request is refused, or nil, and leaves the body to be read.
func (g *Gateway) Verify(r *http.Request) *Failure {
	c, broken := g.newCall(r)
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	if broken == nil || broken.Code == "UnsupportedHTTPMethod" { // RPC's own rule
		broken = g.authenticate(c)
	}
	c.request.Status = http.StatusOK
	if broken != nil {
		c.request.Status, c.request.Code = broken.Status, broken.Code
	}
	g.log.Add(c.request.Action, c.request)
	return broken
}

// VerifyTrigger checks the signature of a request to an HTTP trigger of Function
// Compute whose authType is function. It covers the method, the path, the query,
// the content type and the x-acs-* headers; neither the host nor the body, and it
// has no nonce.
func (g *Gateway) VerifyTrigger(r *http.Request) *Failure {
	s, signed, f := authorization(r)
	if f != nil {
		return f
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if (strings.HasPrefix(name, "x-acs-") || name == "content-type") && !slices.Contains(signed, name) {
			return known("IncompleteSignature")
		}
	}
	key, ok := g.keys.Find(s.keyID)
	if !ok {
		return known("InvalidAccessKeyId.NotFound")
	}
	if f := s.check(key, g.opts.Now().UTC()); f != nil {
		return f
	}
	if !hmac.Equal([]byte(signV3(key.AccessKeySecret, triggerText(r, signed))), []byte(s.value)) {
		return known("SignatureDoesNotMatch")
	}
	if key.Denied {
		return known("NoPermission")
	}
	return nil
}

// authorization reads the header of version 3.
func authorization(r *http.Request) (s signature, signed []string, f *Failure) {
	header := r.Header.Get("Authorization")
	fields, ok := strings.CutPrefix(header, algorithmV3+" ")
	switch {
	case header == "":
		return s, nil, known("IncompleteSignature")
	case !ok:
		return s, nil, known("InvalidSignatureMethod")
	}
	s.token, s.date = r.Header.Get("x-acs-security-token"), r.Header.Get("x-acs-date")
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			s.keyID = value
		case "SignedHeaders":
			signed = strings.Split(value, ";")
		case "Signature":
			s.value = value
		}
	}
	if s.keyID == "" || s.value == "" {
		return s, nil, known("IncompleteSignature")
	}
	return s, signed, nil
}

// triggerText is the string to sign: its last line is empty.
func triggerText(r *http.Request, signed []string) string {
	var headers strings.Builder
	for _, name := range signed {
		headers.WriteString(name + ":" + strings.TrimSpace(r.Header.Get(name)) + "\n")
	}
	path := strings.ReplaceAll(r.URL.Path, "$", "%24")
	if path == "" {
		path = "/"
	}
	query := url.Values{}
	for name, values := range r.URL.Query() {
		query.Set(name, values[0])
	}
	canonical := strings.Join([]string{r.Method, path, canonicalQuery(query), headers.String(), strings.Join(signed, ";"), ""}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	return algorithmV3 + "\n" + hex.EncodeToString(sum[:])
}
