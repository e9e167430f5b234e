package rpc

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"bucketwarden/internal/local/wire"
)

const (
	algorithmV3 = "ACS3-HMAC-SHA256"
	methodV1    = "HMAC-SHA1"
)

// signature reads the signature of either version.
func (c *Call) signature() (signature, *Failure) {
	if c.HTTP.Header.Get("Authorization") != "" {
		return c.signatureV3()
	}
	return c.signatureV1()
}

// signatureV1 is made of the parameters.
func (c *Call) signatureV1() (signature, *Failure) {
	s := signature{
		keyID: c.Params.Get("AccessKeyId"),
		token: c.Params.Get("SecurityToken"),
		nonce: c.Params.Get("SignatureNonce"),
		date:  c.Params.Get("Timestamp"),
		value: c.Params.Get("Signature"),
		sign:  signV1,
	}
	switch {
	case s.keyID == "":
		return s, known("MissingAccessKeyId")
	case s.value == "" || s.nonce == "":
		return s, known("IncompleteSignature")
	case c.Params.Get("SignatureMethod") != methodV1 || c.Params.Get("SignatureVersion") != "1.0":
		return s, known("InvalidSignatureMethod")
	}
	signed := url.Values{}
	for name, values := range c.Params {
		if name != "Signature" {
			signed[name] = values
		}
	}
	s.text = c.HTTP.Method + "&%2F&" + wire.Escape(canonicalQuery(signed))
	return s, nil
}

func signV1(secret, text string) string {
	h := hmac.New(sha1.New, []byte(secret+"&"))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// signatureV3 is made of the request line, the signed headers and the body.
func (c *Call) signatureV3() (signature, *Failure) {
	h := c.HTTP.Header
	s, names, f := authorization(c.HTTP)
	if f != nil {
		return s, f
	}
	s.nonce, s.sign = h.Get("x-acs-signature-nonce"), signV3
	if s.nonce == "" || !allSigned(h, names) {
		return s, known("IncompleteSignature")
	}
	sum := sha256.Sum256(c.body)
	digest := hex.EncodeToString(sum[:])
	if h.Get("x-acs-content-sha256") != digest {
		return s, known("ContentSHA256NotMatched")
	}
	s.text = c.textV3(names, digest)
	return s, nil
}

// allSigned reports whether the host and every header that matters is signed.
func allSigned(h http.Header, names []string) bool {
	for name := range h {
		name = strings.ToLower(name)
		matters := strings.HasPrefix(name, "x-acs-") || name == "content-type"
		if matters && !slices.Contains(names, name) {
			return false
		}
	}
	return slices.Contains(names, "host")
}

func (c *Call) textV3(names []string, digest string) string {
	var headers strings.Builder
	for _, name := range names {
		value := strings.Join(c.HTTP.Header.Values(name), ",")
		if name == "host" {
			value = c.HTTP.Host // net/http keeps it apart
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	path := c.HTTP.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical := strings.Join([]string{
		c.HTTP.Method, path, canonicalQuery(c.HTTP.URL.Query()), headers.String(), strings.Join(names, ";"), digest,
	}, "\n")
	sum := sha256.Sum256([]byte(canonical))
	return algorithmV3 + "\n" + hex.EncodeToString(sum[:])
}

func signV3(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

// canonicalQuery sorts and escapes the parameters.
func canonicalQuery(params url.Values) string {
	return strings.ReplaceAll(params.Encode(), "+", "%20")
}
