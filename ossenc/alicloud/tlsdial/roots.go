package tlsdial

import "strings"

// Source says where the system's root certificates are. Like crypto/x509, the first of
// the files that can be read counts, and every directory. The zero value is nowhere: all
// roots are used, wherever crypto/x509 finds them.
type Source struct {
	Files, Dirs []string
}

// The places that crypto/x509 reads on Linux (root_linux.go), in its order.
var (
	systemFiles = []string{
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/cert.pem",
	}
	systemDirs = []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
)

// System returns where crypto/x509 finds the roots, with the values of the variables
// SSL_CERT_FILE and SSL_CERT_DIR, which replace its own lists.
func System(certFile, certDir string) Source {
	s := Source{Files: systemFiles, Dirs: systemDirs}
	if certFile != "" {
		s.Files = []string{certFile}
	}
	if certDir != "" {
		s.Dirs = strings.Split(certDir, ":")
	}
	return s
}
