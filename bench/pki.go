package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// pki is a certificate of OSS's shape, and a system that trusts it: a leaf of 2048
// bits for a region, its intermediate, the new root of 4096 bits, which the old one has
// signed, too, and which the server sends for clients that know only the old one. That
// is how OSS announced it for 2026.
type pki struct {
	chain tls.Certificate
	// roots are all that the system trusts, as DER; the last one is the new root.
	roots [][]byte
}

// systemRoots is how many roots Debian has.
const systemRoots = 144

// cheap uses one short key for all, for tests.
func newPKI(cheap bool) (_ *pki, err error) {
	f := &forge{}
	if cheap {
		f.only = f.key(2048)
	}
	old := f.key(2048)
	filler, intermediate, leaf := f.key(2048), f.key(2048), f.key(2048)
	big := f.key(4096)
	p := &pki{}
	for i := range systemRoots - 2 {
		p.roots = append(p.roots, f.sign(authority("Example Trust Services", fmt.Sprintf("Example Root CA %03d", i)), nil, filler, filler))
	}
	r1, r46 := authority("GlobalSign nv-sa", "GlobalSign Root CA"), authority("GlobalSign nv-sa", "GlobalSign Root R46")
	p.roots = append(p.roots, f.sign(r1, nil, old, old), f.sign(r46, nil, big, big))
	issuer := authority("GlobalSign nv-sa", "Example RSA OV SSL CA")
	issuer.MaxPathLenZero = true
	issuer.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	p.chain = tls.Certificate{
		Certificate: [][]byte{
			f.sign(regional(), issuer, leaf, intermediate),
			f.sign(issuer, r46, intermediate, big),
			f.sign(r46, r1, big, old),
		},
		PrivateKey: leaf,
	}
	return p, f.err
}

// forge makes keys and certificates until the first error.
type forge struct {
	err  error
	only *rsa.PrivateKey // if not nil, the key for everything
}

func (f *forge) key(bits int) *rsa.PrivateKey {
	if f.err != nil || f.only != nil {
		return f.only
	}
	var key *rsa.PrivateKey
	key, f.err = rsa.GenerateKey(rand.Reader, bits)
	return key
}

// sign returns the certificate of key that parent's key has signed; a nil parent is
// the certificate itself.
func (f *forge) sign(c, parent *x509.Certificate, key, by *rsa.PrivateKey) (der []byte) {
	if f.err != nil {
		return nil
	}
	if parent == nil {
		parent = c
	}
	if c.SerialNumber, f.err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); f.err != nil {
		return nil
	}
	der, f.err = x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	return der
}

func authority(organization, name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{Country: []string{"BE"}, Organization: []string{organization}, OrganizationalUnit: []string{"Root CA"}, CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// regional is the certificate of a region: twenty names, and an extension of the size
// that the time stamps of certificate transparency have.
func regional() *x509.Certificate {
	leaf := authority("Alibaba (China) Technology Co., Ltd.", "*.oss-cn-hangzhou.aliyuncs.com")
	leaf.IsCA, leaf.BasicConstraintsValid, leaf.KeyUsage = false, false, x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf.NotAfter = time.Now().AddDate(1, 0, 0)
	for _, host := range []string{"oss-cn-hangzhou", "oss-cn-hangzhou-internal", "s3.oss-cn-hangzhou", "s3.oss-cn-hangzhou-internal"} {
		leaf.DNSNames = append(leaf.DNSNames, host+".aliyuncs.com", "*."+host+".aliyuncs.com")
	}
	leaf.DNSNames = append(leaf.DNSNames, "localhost")
	for i := range 11 {
		leaf.DNSNames = append(leaf.DNSNames, fmt.Sprintf("*.oss-example-%02d.aliyuncs.com", i))
	}
	stamps := append([]byte{0x04, 0x81, 0xf0}, make([]byte, 240)...)
	leaf.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: stamps}}
	return leaf
}

// install writes the roots as Debian does: one bundle with all, a file for each, and
// beside each a link to it.
func (p *pki) install(dir string) error {
	var bundle bytes.Buffer
	for i, der := range p.roots {
		text := encoded(der)
		bundle.Write(text)
		name := fmt.Sprintf("Example_Root_%03d.pem", i)
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
		if err := os.Symlink(name, filepath.Join(dir, fmt.Sprintf("%08x.0", i))); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "ca-certificates.crt"), bundle.Bytes(), 0o600)
}

func encoded(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
