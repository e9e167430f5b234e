package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Listener serves one handler at one address.
type Listener struct {
	// URL is where it answers, such as http://127.0.0.1:8081.
	URL string
	// Addr is host and port.
	Addr string

	server *http.Server
	done   chan struct{}
}

// Listen serves h at addr until Close; an empty addr is any free port of the
// loopback. With a certificate it speaks HTTPS. A taken port is a [*TakenError].
func Listen(ctx context.Context, addr string, h http.Handler, certificate *tls.Certificate) (*Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &TakenError{Addr: addr}
	}
	if err != nil {
		return nil, err
	}
	s := &Listener{
		Addr:   l.Addr().String(),
		server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second},
		done:   make(chan struct{}),
	}
	s.URL = "http://" + s.Addr
	serve := func() error { return s.server.Serve(l) }
	if certificate != nil {
		s.URL = "https://" + s.Addr
		s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		serve = func() error { return s.server.ServeTLS(l, "", "") }
	}
	go func() {
		defer close(s.done)
		_ = serve() // ends with ErrServerClosed
	}()
	return s, nil
}

// Close stops at once: what is under way is broken off.
func (l *Listener) Close() error {
	err := l.server.Close()
	<-l.done
	return err
}

// TakenError reports an address that another program listens at.
type TakenError struct {
	// Addr is the address that was asked for.
	Addr string
}

// Error names the address.
func (e *TakenError) Error() string {
	return fmt.Sprintf("another program listens at %s already", e.Addr)
}
