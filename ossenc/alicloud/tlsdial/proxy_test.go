package tlsdial

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
)

// tunnel is an HTTP proxy that connects everything to one address.
func tunnel(t *testing.T, addr string, opened *atomic.Int64) *url.URL {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		opened.Add(1)
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", addr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = to.Close()
			return
		}
		_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	t.Cleanup(proxy.Close)
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Through a proxy net/http makes the handshake: with all roots, so that a proxy's own
// CA needs no fallback, and with the same sessions.
func TestConfig_ThroughAProxy(t *testing.T) {
	files, _ := placed(t)
	for name, tt := range map[string]struct {
		root    authority
		trusted bool
	}{
		"the cloud's root":         {cloudRoot, true},
		"the proxy's own CA":       {privateRoot, true},
		"a foreign root":           {foreignRoot, false},
		"a root that nobody knows": {newAuthority("Foreign", "Foreign Root"), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tt.root.issue(nil, "*."+region))
			var opened atomic.Int64
			d, reports := s.dialer(files)
			client := &http.Client{Transport: &http.Transport{
				Proxy: http.ProxyURL(tunnel(t, s.addr, &opened)), DialTLSContext: d.DialTLS, TLSClientConfig: d.Config(), DisableKeepAlives: true,
			}}
			for i, bucket := range []string{"a.", "b."} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+bucket+region, nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := client.Do(req)
				if !tt.trusted {
					if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok || s.requests.Load() > 0 {
						t.Errorf("error %v after %d requests", err, s.requests.Load())
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, resp.Body)
				if err := errors.Join(err, resp.Body.Close()); err != nil {
					t.Error(err)
				}
				if s.resumed.Load() != int64(i) {
					t.Errorf("%d sessions resumed after %d requests", s.resumed.Load(), i+1)
				}
			}
			if opened.Load() != 2 || len(*reports) != 0 {
				t.Errorf("%d tunnels, reports %+v", opened.Load(), *reports)
			}
		})
	}
}
