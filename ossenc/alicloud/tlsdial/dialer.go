// Package tlsdial opens the TLS connections to Alibaba Cloud at little cost: what a
// cold start pays for most is reading the system's root certificates, and what a
// sweep pays for most is one handshake a bucket.
//
//   - Of the system's roots only those are parsed that Alibaba Cloud's endpoints are
//     documented to chain to. Where they do not verify a server, all roots do, from
//     then on. Trust is the system's in both cases: a root that the system does not
//     have is never used.
//   - A session of one host of an OSS region is resumed with the other hosts of that
//     region, which have the same certificate.
package tlsdial

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// handshakeTimeout bounds one handshake.
const handshakeTimeout = 5 * time.Second

// Dialer opens TLS connections. Its zero value works. It is safe for concurrent
// use, and not to be copied or changed after the first.
type Dialer struct {
	// Dial opens the connection underneath; nil takes at most 5 seconds for it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Roots are the files that have the system's roots, as [System] returns them. The
	// zero value makes all roots be used from the beginning.
	Roots Source
	// Report, if not nil, is called with the roots in use: once at the first
	// connection, and once more where those did not do.
	Report func(Used)

	sessions sessions
	mu       sync.Mutex
	config   *tls.Config // nil before the first connection
	few      bool        // config has only some of the roots
}

// Used says which roots verify servers.
type Used struct {
	// From is the file or the directory that the roots were read from; empty for
	// all that the system has.
	From string
	// Parsed is how many were parsed of the Found ones; both are 0 for all.
	Parsed, Found int
	// Because is why the few were given up for all, or nil.
	Because error
}

// DialTLS connects to addr and completes the handshake. It fits
// [net/http.Transport].DialTLSContext. A certificate that the few roots do not verify is
// held against all roots once more, on a new connection: nothing but the handshake
// was sent on the first.
func (d *Dialer) DialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	config, few := d.current()
	conn, err := d.connect(ctx, network, addr, host, config)
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && few {
		return d.connect(ctx, network, addr, host, d.widen(refused))
	}
	return conn, err
}

// connect makes one attempt with one set of roots.
func (d *Dialer) connect(ctx context.Context, network, addr, host string, config *tls.Config) (net.Conn, error) {
	dial := d.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: handshakeTimeout}).DialContext
	}
	raw, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	config = config.Clone()
	config.ServerName = host
	conn := tls.Client(raw, config)
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the handshake's error says more
		return nil, err
	}
	return conn, nil
}

// current returns the configuration to try first, and whether another can follow.
func (d *Dialer) current() (_ *tls.Config, few bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.config == nil {
		pool, used := d.Roots.few()
		d.config, d.few = d.Config(), pool != nil
		d.config.RootCAs = pool
		d.report(used)
	}
	return d.config, d.few
}

// widen gives the few roots up for all, for this process.
func (d *Dialer) widen(because error) *tls.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.few {
		d.config, d.few = d.Config(), false
		d.report(Used{Because: because})
	}
	return d.config
}

func (d *Dialer) report(u Used) {
	if d.Report != nil {
		d.Report(u)
	}
}

// Config returns a configuration with all of the system's roots that shares the
// sessions of d: for connections that d does not open, such as those through a proxy.
//
// Keys are agreed by X25519, or P-256 where the server has no other. The hybrid with
// ML-KEM, Go's default, costs 0.2 ms of every handshake here and an answer a second
// packet, and OSS is not documented to have it. What it protects is what has to be a
// secret still in the age of quantum computers: here that would be the names and the
// rules of buckets and a security token, which lives for hours. RFC 8446 (9.1)
// requires P-256 of every server.
func (d *Dialer) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		CurvePreferences:   []tls.CurveID{tls.X25519, tls.CurveP256},
		ClientSessionCache: &d.sessions,
	}
}

// String says which roots these are, for people.
func (u Used) String() string { return cmp.Or(u.From, "all of the system's") }
