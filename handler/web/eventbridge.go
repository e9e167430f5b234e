package web

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"bucketwarden/ossenc"
)

// EventBridge checks the signature, version 2, with which EventBridge's HTTPS
// target signs its deliveries. It is safe for concurrent use.
type EventBridge struct {
	targets []string
	source  string // the URL of the certificate; empty if it came from a file
	client  *http.Client

	mu      sync.Mutex
	cert    *x509.Certificate
	refusal time.Time // until then a failed fetch is not tried again
}

const (
	signatureWindow = time.Minute
	maxCertificate  = 64 << 10
	fetchTimeout    = 5 * time.Second
	fetchPause      = 10 * time.Second
	minKeyBits      = 2048
)

// NewEventBridge returns a check of deliveries to targets, the URLs as configured
// in the rule's targets: they are part of the signed text, but not of the request.
func NewEventBridge(targets []string, c Certificate, transport http.RoundTripper) *EventBridge {
	return &EventBridge{targets: targets, source: c.source, cert: c.cert, client: &http.Client{
		Transport:     transport,
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ParseTargets reads the URLs of the rule's targets, with commas between several.
func ParseTargets(s string) ([]string, error) {
	targets := list(s)
	var errs []error
	for _, t := range targets {
		if u, err := url.Parse(t); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			errs = append(errs, fmt.Errorf("%.80q is not the URL of a rule's target, such as https://example.com/events", t))
		}
	}
	return targets, errors.Join(errs...)
}

const (
	headerTimestamp    = "X-Eventbridge-Signature-Timestamp"
	headerSignatureURL = "X-Eventbridge-Signature-Url"
	headerSignature    = "X-Eventbridge-Signature-V2"
)

// signedHeaders are part of what is signed, in this order. The token is left out
// where there is none.
var signedHeaders = []struct{ name, want string }{
	{headerTimestamp, ""},
	{"X-Eventbridge-Hash-Method", "SHA256"},
	{"X-Eventbridge-Signature-Version", "1.0"},
	{headerSignatureURL, ""},
	{"X-Eventbridge-Signature-Token", ""},
}

func isSigned(h http.Header) bool { return h.Get(headerSignature) != "" }

// check returns nil if EventBridge sent this, to one of the targets, just now.
// The answer does not say why one is refused; the log does.
func (e *EventBridge) check(x *exchange) error {
	body, err := x.read(maxEvents)
	if err != nil {
		return err
	}
	now := x.web.now()
	if why := e.refuse(x.req.Header, now); why != "" {
		return refuseSignature(x, why)
	}
	cert, err := e.certificate(x.ctx(), now)
	if err != nil {
		x.log.Error("no certificate of eventbridge", "error", err)
		return problemf(ossenc.Unavailable, "EventBridge's certificate is not available, so its signature could not be checked")
	}
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return refuseSignature(x, "certificate not valid now")
	}
	if !e.verify(cert, x.req.Header, body) {
		return refuseSignature(x, "signature")
	}
	return nil
}

func refuseSignature(x *exchange, why string) error {
	x.log.Warn("signature of eventbridge refused", "why", why)
	return unauthorized("this delivery has no valid signature of EventBridge", "")
}

// refuse checks everything that needs no certificate. It returns why the delivery is
// refused, or "".
func (e *EventBridge) refuse(h http.Header, now time.Time) string {
	for _, s := range signedHeaders {
		if values := h.Values(s.name); len(values) > 1 || s.want != "" && h.Get(s.name) != s.want {
			return strings.ToLower(s.name)
		}
	}
	ms, err := strconv.ParseInt(h.Get(headerTimestamp), 10, 64)
	if err != nil || now.Sub(time.UnixMilli(ms)).Abs() > signatureWindow {
		return "timestamp"
	}
	// What the delivery names is compared with, never fetched.
	if e.source != "" && h.Get(headerSignatureURL) != e.source {
		return "certificate url"
	}
	return ""
}

// verify tries each target, and the two observed forms of the signed text:
// with and without a line feed at the end.
func (e *EventBridge) verify(cert *x509.Certificate, h http.Header, body []byte) bool {
	signature, err := base64.StdEncoding.DecodeString(h.Get(headerSignature))
	if err != nil {
		return false
	}
	key := cert.PublicKey.(*rsa.PublicKey) // parseCertificate takes no other
	for _, target := range e.targets {
		signed := append([]byte(target+"\n"+signedLines(h)), body...)
		for _, form := range [][]byte{signed, append(signed, '\n')} {
			hash := sha256.Sum256(form)
			if rsa.VerifyPKCS1v15(key, crypto.SHA256, hash[:], signature) == nil {
				return true
			}
		}
	}
	return false
}

func signedLines(h http.Header) string {
	var b strings.Builder
	for _, s := range signedHeaders {
		if value := h.Get(s.name); value != "" {
			b.WriteString(strings.ToLower(s.name) + ": " + value + "\n")
		}
	}
	return b.String()
}
