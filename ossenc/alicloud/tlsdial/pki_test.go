package tlsdial

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a root that signs for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(organization, name string) authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<60))),
		Subject:      pkix.Name{Country: []string{"BE"}, Organization: []string{organization}, CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, root, root, key.Public(), key))
	return authority{must(x509.ParseCertificate(der)), key}
}

// issue returns a server's certificate; change may spoil it.
func (a authority) issue(change func(*x509.Certificate), hosts ...string) tls.Certificate {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	leaf := &x509.Certificate{
		SerialNumber: must(rand.Int(rand.Reader, big.NewInt(1<<60))),
		Subject:      pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(leaf)
	}
	der := must(x509.CreateCertificate(rand.Reader, leaf, a.cert, key.Public(), a.key))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The roots of the tests' system: what OSS is expected to have, what a company's proxy
// or private cloud has, and some that nothing here uses. foreign is not among them, and
// has the expected name all the same.
var (
	cloudRoot   = newAuthority("GlobalSign nv-sa", "GlobalSign Root R46")
	privateRoot = newAuthority("Example", "Example Private Root")
	foreignRoot = newAuthority("GlobalSign nv-sa", "GlobalSign Root R46")
	otherRoots  = func() (others []authority) {
		for i := range 30 {
			others = append(others, newAuthority("Other", fmt.Sprintf("Other Root %d", i)))
		}
		return others
	}()
)

// bundle is a file's text with the roots.
func bundle(roots ...authority) []byte {
	var b bytes.Buffer
	for i, r := range roots {
		fmt.Fprintf(&b, "# root %d\n", i)
		b.Write(r.pem())
	}
	return b.Bytes()
}

// systemBundle has everything that the tests' system trusts.
func systemBundle() []byte { return bundle(append(otherRoots, cloudRoot, privateRoot)...) }

// TestMain makes the tests' roots the system's: crypto/x509 reads them once a process.
func TestMain(m *testing.M) {
	dir := must(os.MkdirTemp("", "tlsdial"))
	file := filepath.Join(dir, "bundle.pem")
	for _, err := range []error{
		os.WriteFile(file, systemBundle(), 0o600),
		os.Setenv("SSL_CERT_FILE", file), os.Setenv("SSL_CERT_DIR", filepath.Join(dir, "none")),
	} {
		if err != nil {
			panic(err)
		}
	}
	m.Run()
	_ = os.RemoveAll(dir)
}
