package estate

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// serveHosts serves h at every host name and port, and returns the URL of the proxy
// that leads there (SOCKS5, RFC 1928). So the real binary reaches each bucket at a host
// of its own, over a connection of its own, as on OSS, and no name is resolved.
func serveHosts(t *testing.T, h http.Handler) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hosts := &hostListener{Listener: l, greeted: make(chan net.Conn)}
	hosts.ctx, hosts.end = context.WithCancel(context.Background())
	go hosts.greetAll()
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(hosts) }() // ends with ErrServerClosed
	t.Cleanup(func() { _ = server.Close() })
	return "socks5://" + l.Addr().String()
}

// hostListener takes connections whose client has said where it wants to go.
type hostListener struct {
	net.Listener
	greeted chan net.Conn
	ctx     context.Context
	end     context.CancelFunc
}

// Accept implements [net.Listener].
func (l *hostListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.greeted:
		return c, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *hostListener) Close() error {
	l.end()
	return l.Listener.Close()
}

func (l *hostListener) greetAll() {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return
		}
		go func() {
			if greet(c) != nil {
				_ = c.Close()
				return
			}
			select {
			case l.greeted <- c:
			case <-l.ctx.Done():
				_ = c.Close()
			}
		}()
	}
}

var errNotSOCKS = errors.New("not a client of SOCKS5 that names a host")

// greet answers a client of SOCKS5 that asks for a connection to a named host.
func greet(c net.Conn) error {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil || head[0] != 5 {
		return errNotSOCKS
	}
	if _, err := io.CopyN(io.Discard, c, int64(head[1])); err != nil { // its methods
		return err
	}
	if _, err := c.Write([]byte{5, 0}); err != nil { // no authentication
		return err
	}
	ask := make([]byte, 5)
	if _, err := io.ReadFull(c, ask); err != nil || ask[1] != 1 || ask[3] != 3 {
		return errNotSOCKS
	}
	if _, err := io.CopyN(io.Discard, c, int64(ask[4])+2); err != nil { // host and port
		return err
	}
	_, err := c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}
