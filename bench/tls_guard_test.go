package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"bucketwarden/internal/local/stack"
	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/tlsdial"
	"bucketwarden/ossenc/policy"
)

// newTLSStub serves 1,000 compliant buckets over TLS with the chain of p, on loopback.
func newTLSStub(t *testing.T, chain tls.Certificate) *stub {
	t.Helper()
	s := &stub{buckets: 1000, tls: &tls.Config{Certificates: []tls.Certificate{chain}}}
	if err := s.listen(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func cheapPKI(t *testing.T) *pki {
	t.Helper()
	p, err := newPKI(true)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bundled writes a bundle with these roots.
func bundled(t *testing.T, roots ...[]byte) string {
	t.Helper()
	var text bytes.Buffer
	for _, der := range roots {
		text.Write(encoded(der))
	}
	file := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// maxParsed is how many root certificates may be parsed before the first verdict.
const maxParsed = 6

// The real binary, from its start to the first verdict over TLS, by the roots that its
// system has.
func TestTLS_RootsOfTheDeployedBinary(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the system verifies")
	}
	bin := filepath.Join(t.TempDir(), "main")
	if err := compile(t.Context(), root, bin, deployed...); err != nil {
		t.Fatal(err)
	}
	expected, private := cheapPKI(t), privateCA(t)
	others := expected.roots[:systemRoots-2]
	tests := []struct {
		name        string
		chain       tls.Certificate
		bundle      [][]byte
		trusted     bool
		parsed      []int // as the lines for debugging tell, in their order; 0 for all
		connections int64
	}{
		{"expected roots among many", expected.chain, expected.roots, true, []int{2}, 1},
		{"a private root among many", private.chain, append(private.roots, expected.roots...), true, []int{2, 0}, 2},
		{"a private root and no expected one", private.chain, append(private.roots, others...), true, []int{0}, 1},
		{"a root that is not there", private.chain, expected.roots, false, []int{2, 0}, 0},
		{"no expected root", expected.chain, others, false, []int{0}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			oss := newTLSStub(t, tt.chain)
			_, port, err := net.SplitHostPort(oss.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c, err := launch{command: []string{bin}, env: []string{
				"WARDEN_OSS_ENDPOINT=https://localhost:" + port, "WARDEN_LOG_LEVEL=debug",
				"SSL_CERT_FILE=" + bundled(t, tt.bundle...), "SSL_CERT_DIR=/nonexistent",
			}}.start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.stop() }()
			res, err := c.api.Invoke(t.Context(), created(bucketName(0)))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(res.Payload), `"verdict":"compliant"`); got != tt.trusted {
				t.Errorf("answer %s", res.Payload)
			}
			if tt.trusted && oss.conns.Load() != tt.connections {
				t.Errorf("%d connections, want %d", oss.conns.Load(), tt.connections)
			}
			if !tt.trusted && (oss.calls.Load() > 0 || res.FunctionError == "") {
				t.Errorf("%d calls to a server that is not trusted; answer %s", oss.calls.Load(), res.Payload)
			}
			checkParsed(t, c.out.String(), tt.parsed)
		})
	}
}

// checkParsed reads how many roots were parsed from the lines for debugging.
func checkParsed(t *testing.T, log string, want []int) {
	t.Helper()
	n := 0
	for line := range strings.Lines(log) {
		var l struct {
			Msg           string
			From          string
			Parsed, Found int
		}
		if json.Unmarshal([]byte(line), &l) != nil || l.Msg != "root certificates" {
			continue
		}
		if n >= len(want) || l.Parsed != want[n] || l.Parsed > maxParsed || l.From == "" || (l.Parsed > 0) != (l.Found >= systemRoots) {
			t.Errorf("line %d: %s", n, line)
		}
		n++
	}
	if n != len(want) {
		t.Errorf("%d lines about roots, want %d:\n%s", n, len(want), log)
	}
}

// privateCA is a certificate for localhost by a root of somebody's own, such as a
// company's proxy has.
func privateCA(t *testing.T) *pki {
	t.Helper()
	f := &forge{}
	key := f.key(2048)
	ca := authority("Example", "Example Private Root")
	leaf := regional()
	p := &pki{
		roots: [][]byte{f.sign(ca, nil, key, key)},
		chain: tls.Certificate{Certificate: [][]byte{f.sign(leaf, ca, key, key)}, PrivateKey: key},
	}
	if f.err != nil {
		t.Fatal(f.err)
	}
	return p
}

// overTLSAt returns a client whose every connection goes to s, whatever host it is for.
func overTLSAt(t *testing.T, s *stub, roots ...[]byte) (*alicloud.Client, context.Context) {
	t.Helper()
	transport, ctx := transportTo(t, s, roots...)
	return alicloud.NewClient(alicloud.Endpoints{}, transport, nil), ctx
}

func transportTo(t *testing.T, s *stub, roots ...[]byte) (*http.Transport, context.Context) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the system verifies, which does not know this root")
	}
	transport := alicloud.NewTransportWith(&tlsdial.Dialer{Roots: tlsdial.System(bundled(t, roots...), "/nonexistent")})
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport, ossenc.WithIdentity(t.Context(), ossenc.Identity{
		Credentials: ossenc.Credentials{AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret, SecurityToken: key.SecurityToken},
		Region:      stack.Region,
	})
}

// One full handshake opens a region: the hosts of its other buckets resume that session.
func TestTLS_OneFullHandshakeForARegion(t *testing.T) {
	p := cheapPKI(t)
	s := newTLSStub(t, p.chain)
	client, ctx := overTLSAt(t, s, p.roots...)
	const buckets = 100
	for i := range buckets {
		if _, err := client.Get(ctx, ossenc.Bucket{Name: bucketName(i), Region: stack.Region}); err != nil {
			t.Fatal(err)
		}
	}
	if full := s.conns.Load() - s.resumed.Load(); s.conns.Load() != buckets || full != 1 {
		t.Errorf("%d full handshakes of %d connections, want 1 of %d", full, s.conns.Load(), buckets)
	}
}

// With shared connections a region's buckets that have a rule need one connection.
func TestTLS_OneSharedConnectionForARegion(t *testing.T) {
	p := cheapPKI(t)
	s := newTLSStub(t, p.chain)
	transport, ctx := transportTo(t, s, p.roots...)
	client := alicloud.NewClient(alicloud.Endpoints{}, &alicloud.SharedConnections{Next: transport}, nil)
	for i := range 100 {
		got, err := client.Get(ctx, ossenc.Bucket{Name: bucketName(i), Region: stack.Region})
		if err != nil || got.Rule.Algorithm != ossenc.AES256 {
			t.Fatal(got, err)
		}
	}
	if s.conns.Load() != 1 {
		t.Errorf("%d connections, want 1", s.conns.Load())
	}
}

// A sweep asks for the list first, and all buckets resume the session of that call.
func TestTLS_FullHandshakesOfASweep(t *testing.T) {
	p := cheapPKI(t)
	s := newTLSStub(t, p.chain)
	client, ctx := overTLSAt(t, s, p.roots...)
	compliant := 0
	required := policy.Simple(ossenc.Desired{Rule: ossenc.Rule{Algorithm: ossenc.AES256}})
	warden := &ossenc.Warden{Store: client, Lister: client, Policy: policy.Evaluator{Policy: required}}
	_, err := warden.Sweep(ctx, ossenc.SweepOptions{}, func(r ossenc.Result) bool {
		if r.Verdict == ossenc.Compliant {
			compliant++
		}
		return true
	})
	if err != nil || compliant != s.buckets {
		t.Fatalf("%d compliant, %v", compliant, err)
	}
	if full := s.conns.Load() - s.resumed.Load(); full > 2 { // the second page may come over a connection of its own
		t.Errorf("%d full handshakes of %d connections", full, s.conns.Load())
	}
}

// The chain of the bench is one that crypto/x509 accepts, by the new root and by the old.
func TestPKI_IsAsOSSsIs(t *testing.T) {
	p := cheapPKI(t)
	leaf, err := x509.ParseCertificate(p.chain.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	intermediates := x509.NewCertPool()
	for _, der := range p.chain.Certificate[1:] {
		intermediates.AppendCertsFromPEM(encoded(der))
	}
	for _, der := range p.roots[systemRoots-2:] {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(encoded(der))
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: "a.oss-cn-hangzhou-internal.aliyuncs.com"}); err != nil {
			t.Error(err)
		}
	}
	if len(p.roots) != systemRoots {
		t.Errorf("%d roots", len(p.roots))
	}
}

func TestDeployedEnv_IsOfTheManifest(t *testing.T) {
	env, err := deployedEnv(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(env, " "); !strings.Contains(all, "GOMAXPROCS=1") || !strings.Contains(all, "WARDEN_ALGORITHM=AES256") {
		t.Error(all)
	}
}

func TestResolve(t *testing.T) {
	question := append([]byte{1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, "\x01a\x03oss\x00"...)
	if got := resolve(append(question, 0, 1, 0, 1)); !bytes.HasSuffix(got, []byte{4, 127, 0, 0, 1}) || got[7] != 1 {
		t.Errorf("A: %x", got)
	}
	if got := resolve(append(question, 0, 28, 0, 1)); got == nil || got[7] != 0 {
		t.Errorf("AAAA: %x", got)
	}
	for n := range question {
		if got := resolve(question[:n]); got != nil {
			t.Errorf("%d bytes: %x", n, got)
		}
	}
}
