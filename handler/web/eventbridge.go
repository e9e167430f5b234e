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
	"sync/atomic"
	"time"

	"bucketwarden/ossenc"
)

// EventBridge checks the signature, version 2, with which EventBridge's HTTPS
// target signs its deliveries. It is safe for concurrent use.
type EventBridge struct {
	targets []string
	source  string // the URL of the certificate; empty if it came from a file
	client  *http.Client

	reading atomic.Int32 // bodies of signed deliveries that are read at the moment

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

	// What a sender that is not known yet can take of the memory and the time.
	maxDelivery  = 1 << 20 // bytes; EventBridge's events have 256 KB at most
	maxReading   = 4       // bodies at a time
	deliveryTime = 5 * time.Second
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
	headerSignature1   = "X-Eventbridge-Signature" // of version 1
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

// isSigned reports whether this says that EventBridge signed it, in either version.
func isSigned(h http.Header) bool {
	return h.Get(headerSignature) != "" || h.Get(headerSignature1) != ""
}

// check returns nil if EventBridge sent this, to one of the targets, just now. The
// body of a sender that is not known is read last, when the headers are right and
// HTTP is allowed to do this at all.
// The answer does not say why one is refused, except for the version; the log does.
func (e *EventBridge) check(x *exchange, allowed func() error) error {
	if x.req.Header.Get(headerSignature) == "" {
		x.log.Warn("signature of eventbridge refused", "why", "version 1")
		return unauthorized("this delivery is signed with version 1 of EventBridge's signature (X-Eventbridge-Signature); version 2 is needed", "")
	}
	now := x.web.now()
	if why := e.refuse(x.req.Header, now); why != "" {
		return refuseSignature(x, why)
	}
	cert, err := e.certificate(x.ctx(), now)
	if err != nil {
		x.logCause("no certificate of eventbridge", err)
		return problemf(ossenc.Unavailable, "EventBridge's certificate is not available, so its signature could not be checked")
	}
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return refuseSignature(x, "certificate not valid now")
	}
	if err := allowed(); err != nil {
		return err
	}
	body, err := e.read(x)
	if err != nil {
		return err
	}
	if !e.verify(cert, x.req.Header, body) {
		return refuseSignature(x, "signature")
	}
	return nil
}

// read reads the body of a delivery, a few at a time, each in a short time.
func (e *EventBridge) read(x *exchange) ([]byte, error) {
	defer e.reading.Add(-1)
	if e.reading.Add(1) > maxReading {
		return nil, problemf(ossenc.Throttled, "%d signed deliveries are being read already; send this one again", maxReading)
	}
	until := time.Now().Add(deliveryTime)
	if deadline, ok := x.ctx().Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	if x.req.ContentLength != 0 {
		_ = http.NewResponseController(x).SetReadDeadline(until) // in go1 the body is here already
	}
	return x.read(maxDelivery)
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
