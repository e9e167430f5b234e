package web

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
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

// Certificate is what EventBridge's signatures are checked with.
type Certificate struct {
	source string            // the URL to fetch it from; empty if it came from a file
	cert   *x509.Certificate // nil until it was fetched
}

// ParseCertificate reads where the certificate is: a PEM file, which is read now
// with readFile, or the https URL that EventBridge names in its deliveries, which
// is fetched when first needed.
func ParseCertificate(s string, readFile func(string) ([]byte, error)) (Certificate, error) {
	if strings.HasPrefix(s, "https://") {
		return Certificate{source: s}, checkSource(s)
	}
	content, err := readFile(s)
	if err != nil {
		return Certificate{}, err
	}
	cert, err := parseCertificate(content)
	return Certificate{cert: cert}, err
}

// checkSource takes the hosts where EventBridge publishes its certificates.
func checkSource(source string) error {
	u, err := url.Parse(source)
	if err == nil && u.User == nil && u.Fragment == "" {
		region, found := strings.CutSuffix(u.Host, "-eventbridge.oss-accelerate.aliyuncs.com")
		if found && ossenc.ValidRegion(region) {
			return nil
		}
	}
	return errors.New("not a URL of EventBridge's certificates, https://<region>-eventbridge.oss-accelerate.aliyuncs.com/x.pem; a file will do too")
}

func parseCertificate(content []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(content)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errors.New("not an X.509 certificate")
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); !ok || key.N.BitLen() < minKeyBits {
		return nil, fmt.Errorf("the certificate's key is not RSA of %d bits or more", minKeyBits)
	}
	return cert, nil
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

// certificate returns the certificate, fetched if there is none yet or it has
// expired.
func (e *EventBridge) certificate(ctx context.Context, now time.Time) (*x509.Certificate, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cert != nil && (e.source == "" || now.Before(e.cert.NotAfter)) {
		return e.cert, nil
	}
	if now.Before(e.refusal) {
		return nil, errors.New("the last try was a moment ago")
	}
	cert, err := e.fetch(ctx)
	if err != nil {
		e.refusal = now.Add(fetchPause)
		return nil, err
	}
	e.cert = cert
	return cert, nil
}

func (e *EventBridge) fetch(ctx context.Context) (*x509.Certificate, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.source, nil)
	if err != nil {
		return nil, err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxCertificate))
	if err != nil {
		return nil, err
	}
	return parseCertificate(content)
}
