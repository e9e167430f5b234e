package web

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bucketwarden/ossenc"
)

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
