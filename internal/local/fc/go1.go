package fc

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// go1 is the link of the built-in runtime: a Runtime API of its own for each
// child, so that a dead child's last poll cannot swallow the next invocation.
type go1 struct {
	*RuntimeAPI
	server   *http.Server
	listener net.Listener
}

func newGo1(cfg Config) (link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("localfc: runtime API: %w", err)
	}
	api := NewRuntimeAPI(cfg)
	g := &go1{RuntimeAPI: api, server: &http.Server{Handler: api}, listener: listener}
	go g.server.Serve(listener)
	return g, nil
}

func (g *go1) env() []string { return []string{"FC_RUNTIME_API=" + g.listener.Addr().String()} }

func (g *go1) ready(ctx context.Context) error {
	select {
	case <-g.polled:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *go1) close() { g.server.Close() }
