package tlsdial

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// expected are parts of the names of the roots that OSS's certificates are documented
// to chain to: R1, R3 and R6 have the first, R46 the second. Names select what is
// parsed, never what is trusted.
//
// Source: "OSS HTTPS root certificate upgrade" and "GlobalSign Root R46" in the help
// center of Alibaba Cloud, which ask clients to have these four.
var expected = [][]byte{[]byte("GlobalSign Root CA"), []byte("GlobalSign Root R46")}

// isExpected reports whether head, the beginning of a certificate, has the issuer of
// one of them. In a root the issuer is the subject.
func isExpected(head []byte) bool {
	return slices.ContainsFunc(expected, func(name []byte) bool { return bytes.Contains(head, name) })
}

const (
	begin = "-----BEGIN CERTIFICATE-----"
	end   = "-----END CERTIFICATE-----"
)

// chunk is read at a time, in bytes: a bundle has 220 KB, and fresh memory costs more
// than reading.
const chunk = 16 << 10

// headSize is how much of a certificate is decoded to know its issuer, in bytes of
// text: the names that we expect end before the 135th byte of it.
const headSize = 256

// few returns the expected roots, or nil where all are to be used: the files and the
// directories have none of them.
func (s Source) few() (*x509.CertPool, Used) {
	r, from := s.read()
	if len(r.roots) == 0 {
		return nil, Used{}
	}
	pool := x509.NewCertPool()
	for _, root := range r.roots {
		pool.AddCert(root)
	}
	return pool, Used{From: from, Parsed: len(r.roots), Found: r.found}
}

// read collects the expected roots of the first file that can be read. Directories are
// read only where there is none: opening a file for each root is what they cost.
func (s Source) read() (_ *reader, from string) {
	for _, file := range s.Files {
		var r reader
		if err := r.file(file); err == nil { // else crypto/x509 goes on to the next, too
			return &r, file
		}
	}
	var r reader
	for _, dir := range s.Dirs {
		before := len(r.roots)
		r.dir(dir)
		if len(r.roots) > before {
			from = dir
		}
	}
	return &r, from
}

// reader collects the expected roots.
type reader struct {
	roots []*x509.Certificate
	found int // certificates seen
	buf   []byte
	head  [headSize * 3 / 4]byte
}

// dir reads every file of a directory but links within it, which Debian has one for
// each root. What cannot be read counts for nothing, as in crypto/x509.
func (r *reader) dir(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.Type()&os.ModeSymlink != 0 {
			if to, err := os.Readlink(name); err == nil && !strings.Contains(to, "/") {
				continue
			}
		}
		_ = r.file(name)
	}
}

// file reads one file. An error is one that crypto/x509 meets, too.
func (r *reader) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	return r.text(f)
}

// text reads certificates in PEM piece by piece.
func (r *reader) text(f io.Reader) error {
	if r.buf == nil {
		r.buf = make([]byte, 0, chunk)
	}
	r.buf = r.buf[:0]
	for {
		if len(r.buf) == cap(r.buf) { // one block fills it
			r.buf = append(make([]byte, 0, 2*cap(r.buf)), r.buf...)
		}
		n, err := f.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.buf = r.buf[:copy(r.buf, r.blocks(r.buf))]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// blocks takes the certificates that are whole in text and returns what is left.
func (r *reader) blocks(text []byte) []byte {
	for {
		from := bytes.Index(text, []byte(begin))
		if from < 0 {
			return text[max(0, len(text)-len(begin)):]
		}
		size := bytes.Index(text[from:], []byte(end))
		if size < 0 {
			return text[from:]
		}
		to := from + size + len(end)
		r.block(text[from:to])
		text = text[to:]
	}
}

// block takes one certificate in PEM, and parses it if it is one of those expected.
func (r *reader) block(text []byte) {
	r.found++
	head := text[len(begin):min(len(text), len(begin)+headSize)]
	n, _ := base64.StdEncoding.Decode(r.head[:], head) // what comes before an error counts
	if !isExpected(r.head[:n]) {
		return
	}
	b, _ := pem.Decode(text)
	if b == nil || b.Type != "CERTIFICATE" || len(b.Headers) > 0 {
		return
	}
	if root, err := x509.ParseCertificate(b.Bytes); err == nil {
		r.roots = append(r.roots, root)
	}
}
