package web

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bucketwarden/ossenc"
)

const (
	eventTarget = "https://warden.example.com/events?from=eventbridge"
	certSource  = "https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate_1.pem"
)

// signer stands for EventBridge: a key and its certificate, made once.
type signer struct {
	key  *rsa.PrivateKey
	cert []byte
}

var eventBridge = sync.OnceValue(func() signer {
	key, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		panic(err)
	}
	return signer{key, certificateFor(key)}
})

// certificateFor is valid for a day on both sides of fixedTime.
func certificateFor(key crypto.Signer) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "eventbridge"},
		NotBefore: fixedTime.AddDate(0, 0, -1), NotAfter: fixedTime.AddDate(0, 0, 1),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// delivery is what EventBridge sends.
type delivery struct {
	target, body string
	headers      map[string]string
	newline      bool // the form with a line feed behind the body
}

func newDelivery() delivery {
	return delivery{target: eventTarget, body: created("", ""), headers: map[string]string{
		"x-eventbridge-signature-timestamp": strconv.FormatInt(fixedTime.UnixMilli(), 10),
		"x-eventbridge-hash-method":         "SHA256",
		"x-eventbridge-signature-version":   "1.0",
		"x-eventbridge-signature-url":       certSource,
		"x-eventbridge-signature-token":     "s3cr3t-token",
	}}
}

// signature follows the documentation and shares no code with what checks it.
func (d delivery) signature(key *rsa.PrivateKey) string {
	text := d.target + "\n"
	for _, name := range []string{"timestamp", "hash", "version", "url", "token"} {
		full := "x-eventbridge-signature-" + name
		if name == "hash" {
			full = "x-eventbridge-hash-method"
		}
		if v := d.headers[full]; v != "" {
			text += full + ": " + v + "\n"
		}
	}
	text += d.body
	if d.newline {
		text += "\n"
	}
	sum := sha256.Sum256([]byte(text))
	signed, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(signed)
}

func (d delivery) with(header, value string) delivery {
	clone := newDelivery()
	clone.headers[header] = value
	return clone
}

// roundTrip is a transport that answers by itself.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func pemAnswer(status int, body []byte) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// signedWeb accepts events with EventBridge's signature only.
func signedWeb(t *testing.T, certificate string, transport http.RoundTripper) (*Web, *bytes.Buffer) {
	t.Helper()
	targets, err := ParseTargets("https://other.example.com/, " + eventTarget)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ParseCertificate(certificate, func(string) ([]byte, error) { return eventBridge().cert, nil })
	if err != nil {
		t.Fatal(err)
	}
	e := NewEventBridge(targets, cert, transport)
	m := account()
	m.Rules["b-1"] = ossenc.Rule{}
	return newWeb(m, Auth{Mode: AuthTokens, Tokens: tokens(t), Allow: scopes, EventBridge: e})
}

func deliver(t *testing.T, web *Web, d delivery, signature string) (int, string) {
	t.Helper()
	headers := []string{headerSignature, signature}
	for name, value := range d.headers {
		headers = append(headers, name, value)
	}
	rec := ask(t, web, "POST", "/events", d.body, headers...)
	return rec.Code, rec.Body.String()
}

func TestEventBridge_TakesItsSignature(t *testing.T) {
	plain := newDelivery()
	newline := newDelivery()
	newline.newline = true
	noToken := newDelivery()
	delete(noToken.headers, "x-eventbridge-signature-token")
	other := newDelivery()
	other.target = "https://other.example.com/"
	ms := func(d time.Duration) string { return strconv.FormatInt(fixedTime.Add(d).UnixMilli(), 10) }
	for name, d := range map[string]delivery{
		"Plain": plain, "LineFeedAtTheEnd": newline, "WithoutToken": noToken, "OtherTarget": other,
		"MinuteOld": plain.with("x-eventbridge-signature-timestamp", ms(-time.Minute)), "MinuteAhead": plain.with("x-eventbridge-signature-timestamp", ms(time.Minute)),
	} {
		t.Run(name, func(t *testing.T) {
			web, log := signedWeb(t, "cert.pem", nil)
			if status, body := deliver(t, web, d, d.signature(eventBridge().key)); status != 200 || !strings.Contains(body, `"fixed"`) {
				t.Errorf("%d %s", status, body)
			}
			if !strings.Contains(log.String(), `"by":"eventbridge"`) || strings.Contains(log.String(), "s3cr3t") {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestEventBridge_RefusesEverythingElseWithOneAnswer(t *testing.T) {
	good := newDelivery()
	signature := good.signature(eventBridge().key)
	changed := func(f func(*delivery)) delivery {
		d := newDelivery()
		f(&d)
		return d
	}
	elsewhere := changed(func(d *delivery) { d.target = "https://evil.example.com/events" })
	resigned := func(header, value string) (delivery, string) {
		d := good.with(header, value)
		return d, d.signature(eventBridge().key)
	}
	old, oldSignature := resigned("x-eventbridge-signature-timestamp", strconv.FormatInt(fixedTime.Add(-time.Minute-time.Millisecond).UnixMilli(), 10))
	ahead, aheadSignature := resigned("x-eventbridge-signature-timestamp", strconv.FormatInt(fixedTime.Add(time.Minute+time.Millisecond).UnixMilli(), 10))
	noTime, noTimeSignature := resigned("x-eventbridge-signature-timestamp", "")
	sha1, sha1Signature := resigned("x-eventbridge-hash-method", "SHA1")
	version, versionSignature := resigned("x-eventbridge-signature-version", "2.0")
	strange, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		d         delivery
		signature string
		why       string
	}{
		{"OtherBody", changed(func(d *delivery) { d.body = strings.Replace(d.body, "b-1", "app-none", 1) }), signature, "signature"},
		{"SpaceBehindBody", changed(func(d *delivery) { d.body += " " }), signature, "signature"},
		{"OtherTarget", elsewhere, elsewhere.signature(eventBridge().key), "signature"},
		{"OtherToken", good.with("x-eventbridge-signature-token", "x"), signature, "signature"},
		{"OtherURL", good.with("x-eventbridge-signature-url", "https://evil.example.com/a.pem"), signature, "signature"},
		{"OtherKey", good, good.signature(strange), "signature"},
		{"NoBase64", good, "%%%", "signature"},
		{"TooOld", old, oldSignature, "timestamp"},
		{"TooFarAhead", ahead, aheadSignature, "timestamp"},
		{"NoTimestamp", noTime, noTimeSignature, "timestamp"},
		{"OtherHash", sha1, sha1Signature, "x-eventbridge-hash-method"},
		{"OtherVersion", version, versionSignature, "x-eventbridge-signature-version"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			web, log := signedWeb(t, "cert.pem", nil)
			status, body := deliver(t, web, tt.d, tt.signature)
			want := `{"type":"about:blank","title":"Unauthorized","status":401,"detail":"this delivery has no valid signature of EventBridge","code":"unauthorized","request_id":"req-1"}` + "\n"
			if status != 401 || body != want {
				t.Errorf("%d %s", status, body)
			}
			if !strings.Contains(log.String(), `"why":"`+tt.why+`"`) || strings.Contains(log.String(), "s3cr3t") || strings.Contains(log.String(), tt.signature) {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestEventBridge_ASignatureIsForEventsOnly(t *testing.T) {
	web, _ := signedWeb(t, "cert.pem", nil)
	d := newDelivery()
	for _, target := range []string{"/report", "/buckets/b-1/encryption", "/openapi.json"} {
		rec := ask(t, web, "GET", target, d.body, headerSignature, d.signature(eventBridge().key), headerTimestamp, d.headers["x-eventbridge-signature-timestamp"])
		answered(t, rec, 401, codeUnauthorized, "bearer token")
	}
	// A token that is wrong is not made good by a signature.
	rec := ask(t, web, "POST", "/events", d.body, headerSignature, d.signature(eventBridge().key), "Authorization", "Bearer x")
	answered(t, rec, 401, codeUnauthorized, "not known")
}

func TestEventBridge_TheCertificateRunsOut(t *testing.T) {
	web, log := signedWeb(t, "cert.pem", nil)
	later := fixedTime.AddDate(0, 0, 2)
	web.now = func() time.Time { return later }
	d := newDelivery().with("x-eventbridge-signature-timestamp", strconv.FormatInt(later.UnixMilli(), 10))
	if status, _ := deliver(t, web, d, d.signature(eventBridge().key)); status != 401 || !strings.Contains(log.String(), "certificate not valid now") {
		t.Errorf("%d, log %s", status, log)
	}
}

func TestEventBridge_FetchesTheConfiguredCertificateOnceAndNoOther(t *testing.T) {
	var asked []string
	web, _ := signedWeb(t, certSource, roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		return pemAnswer(200, eventBridge().cert)
	}))
	for _, url := range []string{"https://evil.example.com/a.pem", certSource + "?x", "http://169.254.169.254/", strings.ToUpper(certSource), ""} {
		d := newDelivery().with("x-eventbridge-signature-url", url)
		if status, _ := deliver(t, web, d, d.signature(eventBridge().key)); status != 401 {
			t.Errorf("%s: %d", url, status)
		}
	}
	if len(asked) != 0 {
		t.Fatalf("asked for %v", asked)
	}
	for range 3 {
		d := newDelivery()
		if status, body := deliver(t, web, d, d.signature(eventBridge().key)); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	}
	if len(asked) != 1 || asked[0] != certSource {
		t.Errorf("asked for %v, want the configured one once", asked)
	}
}

func TestEventBridge_WithoutACertificateNothingIsAccepted(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	redirect := func() (*http.Response, error) {
		resp, err := pemAnswer(302, nil)
		resp.Header.Set("Location", "https://evil.example.com/")
		return resp, err
	}
	for name, answer := range map[string]func() (*http.Response, error){
		"Down":     func() (*http.Response, error) { return nil, errors.New("s3cr3t detail") },
		"Redirect": redirect,
		"NotFound": func() (*http.Response, error) { return pemAnswer(404, nil) },
		"NoPEM":    func() (*http.Response, error) { return pemAnswer(200, []byte("hello")) },
		"TooLong":  func() (*http.Response, error) { return pemAnswer(200, make([]byte, 2*maxCertificate)) },
		"NotRSA":   func() (*http.Response, error) { return pemAnswer(200, certificateFor(ec)) },
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			web, _ := signedWeb(t, certSource, roundTrip(func(r *http.Request) (*http.Response, error) {
				asked++
				if r.URL.String() != certSource {
					t.Errorf("asked for %s", r.URL)
				}
				return answer()
			}))
			d := newDelivery()
			for range 3 { // a failed fetch is not tried again at once
				if status, body := deliver(t, web, d, d.signature(eventBridge().key)); status != 502 || strings.Contains(body, "s3cr3t") {
					t.Errorf("%d %s", status, body)
				}
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			now := fixedTime.Add(fetchPause)
			web.now = func() time.Time { return now }
			deliver(t, web, d, d.signature(eventBridge().key))
			if asked != 2 {
				t.Errorf("asked %d times after the pause", asked)
			}
		})
	}
}

// The log says why there is no certificate, in words that passed the guard of texts:
// what the server or a gateway sends becomes part of the error.
func TestEventBridge_TheLogOfAFailedFetchPassesTheGuard(t *testing.T) {
	const said = "s3cr3t-token-of-another-call"
	location := func(value string) (*http.Response, error) {
		resp, err := pemAnswer(302, nil)
		resp.Header.Set("Location", value)
		return resp, err
	}
	for name, answer := range map[string]func() (*http.Response, error){
		"Network":      func() (*http.Response, error) { return nil, errors.New("malformed HTTP response \"" + said + "\"") },
		"Location":     func() (*http.Response, error) { return location("http://" + said + ":99999999/%zz") },
		"LongLocation": func() (*http.Response, error) { return location("http://%zz" + strings.Repeat(said, 1000)) },
		"NotFound":     func() (*http.Response, error) { return pemAnswer(404, []byte(said)) },
		"NoPEM":        func() (*http.Response, error) { return pemAnswer(200, []byte(said)) },
		"NoX509": func() (*http.Response, error) {
			return pemAnswer(200, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(said)}))
		},
	} {
		for _, guarded := range []bool{true, false} {
			web, log := signedWeb(t, certSource, roundTrip(func(*http.Request) (*http.Response, error) { return answer() }))
			passed := 0
			if guarded {
				web.service.Line = func(_ context.Context, text string) string {
					passed++
					return strings.ToUpper(text)[:min(len(text), 20)]
				}
			}
			d := newDelivery()
			status, body := deliver(t, web, d, d.signature(eventBridge().key))
			if status != 502 || strings.Contains(body+log.String(), said) || log.Len() > 1000 {
				t.Errorf("%s, guarded %t: %d %s, log of %d bytes: %.300s", name, guarded, status, body, log.Len(), log)
			}
			if !strings.Contains(log.String(), "no certificate of eventbridge") || guarded && passed != 1 {
				t.Errorf("%s: %d texts passed the guard: %.300s", name, passed, log)
			}
		}
	}
}

func TestParseTargets_RefusesWhatIsNoURL(t *testing.T) {
	if got, err := ParseTargets("warden.example.com, ftp://x, " + eventTarget); err == nil || strings.Count(err.Error(), "is not the URL") != 2 {
		t.Errorf("%q, %v; want both mistakes", got, err)
	}
}

func TestParseCertificate_RefusesWhatIsNone(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if name == "missing.pem" {
			return nil, os.ErrNotExist
		}
		return []byte("-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----\n"), nil
	}
	for certificate, problem := range map[string]string{
		"missing.pem":                    "not exist",
		"key.pem":                        "no PEM certificate",
		"https://evil.example.com/x.pem": "not a URL of EventBridge",
		"https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com@evil.example.com/x.pem": "not a URL of EventBridge",
		"https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com.evil.example.com/x.pem": "not a URL of EventBridge",
		"https://evil.example-eventbridge.oss-accelerate.aliyuncs.com/x.pem":                 "not a URL of EventBridge",
		"https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com:444/x.pem":              "not a URL of EventBridge",
	} {
		_, err := ParseCertificate(certificate, read)
		if err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v, want %q", certificate, err, problem)
		}
	}
}
