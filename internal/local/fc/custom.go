package fc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

const headerControlPath = "X-Fc-Control-Path"

// custom is the link of a custom runtime: the child is an HTTP server.
type custom struct {
	host      string
	port      string
	transport *http.Transport
}

// The child's port is below the range from which Linux gives out free ports (32768
// and up), so no other program gets it before the child listens.
const (
	firstPort = 20000
	ports     = 10000
)

// newCustom picks a free port for the child.
func newCustom() (link, error) {
	var err error
	for range 100 {
		port := strconv.Itoa(firstPort + rand.N(ports))
		var listener net.Listener
		if listener, err = net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return &custom{host: "127.0.0.1:" + port, port: port, transport: &http.Transport{}}, listener.Close()
		}
	}
	return nil, fmt.Errorf("localfc: listen port: %w", err)
}

func (c *custom) env() []string { return []string{"FC_CUSTOM_LISTEN_PORT=" + c.port} }

// ready tries to connect until the child listens.
func (c *custom) ready(ctx context.Context) error {
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", c.host)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *custom) close() { c.transport.CloseIdleConnections() }

// call implements caller.
func (c *custom) call(ctx context.Context, k call) (answer, error) {
	req, err := c.request(ctx, k)
	if err != nil {
		return answer{}, fmt.Errorf("localfc: %w", err)
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return answer{}, blame(ctx, err)
	}
	defer resp.Body.Close()
	payload, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, blame(ctx, err)
	}
	return answer{payload: payload, failed: k.hook.failed(resp)}, nil
}

func (c *custom) request(ctx context.Context, k call) (*http.Request, error) {
	method, path := k.hook.route()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.host+path, bytes.NewReader(k.event))
	if err != nil {
		return nil, err
	}
	req.Header = k.header.Clone()
	req.Header.Set(headerControlPath, path)
	if k.hook == hookInvoke {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	return req, nil
}

func (h hook) route() (method, path string) {
	switch h {
	case hookInitialize:
		return http.MethodPost, "/initialize"
	case hookPreStop:
		return http.MethodGet, "/pre-stop"
	default:
		return http.MethodPost, "/invoke"
	}
}

// failed reads the child's verdict. An event counts as a success unless both
// the status and x-fc-status say 404; a hook succeeds with any 2xx.
func (h hook) failed(resp *http.Response) bool {
	if h == hookInvoke {
		return resp.StatusCode == http.StatusNotFound && resp.Header.Get("X-Fc-Status") == "404"
	}
	return resp.StatusCode < 200 || resp.StatusCode > 299
}

// blame prefers the reason why ctx ended to the broken connection it caused. A
// dying child closes its connections before its exit is known, hence the wait.
func blame(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(time.Second):
		return fmt.Errorf("localfc: %w", err)
	}
}
