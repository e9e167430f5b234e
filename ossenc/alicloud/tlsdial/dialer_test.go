package tlsdial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const region = "oss-cn-hangzhou.aliyuncs.com"

// server is a TLS server on loopback, whatever host it is spoken to as.
type server struct {
	addr              string
	attempts, resumed atomic.Int64 // handshakes begun, and those that resumed a session
	requests          atomic.Int64
}

func serve(t *testing.T, cert tls.Certificate) *server {
	t.Helper()
	s := &server{}
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if r.TLS.DidResume {
			s.resumed.Add(1)
		}
	}))
	web.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.attempts.Add(1)
		}
	}
	web.StartTLS()
	t.Cleanup(web.Close)
	s.addr = web.Listener.Addr().String()
	return s
}

// dialer returns a Dialer that reaches s and tells what it reports.
func (s *server) dialer(roots Source) (*Dialer, *[]Used) {
	var reports []Used
	return &Dialer{
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.addr)
		},
		Roots:  roots,
		Report: func(u Used) { reports = append(reports, u) },
	}, &reports
}

// visit makes one connection and one request on it.
func visit(t *testing.T, d *Dialer, host string) error {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DialTLSContext: d.DialTLS, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://"+host+"/?encryption", strings.NewReader("<rule/>"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

func TestDialTLS_ACertificateThatTheSystemTrusts(t *testing.T) {
	files, dirs := placed(t)
	tests := []struct {
		name     string
		roots    Source
		root     authority
		reports  int
		attempts int64 // of the first visit
	}{
		{"bundle", files, cloudRoot, 1, 1},
		{"folder", dirs, cloudRoot, 1, 1},
		{"private root in the bundle", files, privateRoot, 2, 2},
		{"private root in the folder", dirs, privateRoot, 2, 2},
		{"nothing expected there: all from the beginning", Source{Files: []string{written(t, bundle(otherRoots...))}}, privateRoot, 1, 1},
		{"the zero value: all", Source{}, cloudRoot, 1, 1},
		{"no file at all: all", Source{Files: []string{"/nonexistent"}, Dirs: []string{"/nonexistent"}}, privateRoot, 1, 1},
		{"not a certificate in the file: all", Source{Files: []string{written(t, []byte("empty"))}}, cloudRoot, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.root.issue(nil, "*."+region, "kms.cn-hangzhou.aliyuncs.com"))
			d, reports := s.dialer(tt.roots)
			for _, host := range []string{"a." + region, "b." + region, "kms.cn-hangzhou.aliyuncs.com"} {
				if err := visit(t, d, host); err != nil {
					t.Fatal(err)
				}
				if want := s.requests.Load() + tt.attempts - 1; s.attempts.Load() != want {
					t.Errorf("%s: %d connections for %d requests, want %d", host, s.attempts.Load(), s.requests.Load(), want)
				}
			}
			if len(*reports) != tt.reports {
				t.Errorf("reports %+v, want %d", *reports, tt.reports)
			}
		})
	}
}

func TestDialTLS_ReportsWhichRoots(t *testing.T) {
	files, _ := placed(t)
	s := serve(t, privateRoot.issue(nil, "a."+region))
	d, reports := s.dialer(files)
	if err := visit(t, d, "a."+region); err != nil {
		t.Fatal(err)
	}
	few, all := (*reports)[0], (*reports)[1]
	if few.From != files.Files[0] || few.Parsed != 1 || few.Found != len(otherRoots)+2 || few.Because != nil || few.String() != few.From {
		t.Errorf("first %+v", few)
	}
	if all.From != "" || all.String() != "all of the system's" || all.Because == nil {
		t.Errorf("then %+v", all)
	}
}

// What is refused is refused with few roots, with all after the few, and with all.
func TestDialTLS_Refuses(t *testing.T) {
	files, dirs := placed(t)
	sources := map[string]Source{
		"bundle": files, "folder": dirs,
		"all": {},
	}
	certs := map[string]tls.Certificate{
		"of another host":                       cloudRoot.issue(nil, "*.oss-cn-beijing.aliyuncs.com"),
		"of another host, private":              privateRoot.issue(nil, "example.com"),
		"expired":                               cloudRoot.issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "*."+region),
		"not yet valid":                         cloudRoot.issue(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, "*."+region),
		"of a foreign root":                     newAuthority("Foreign", "Foreign Root").issue(nil, "*."+region),
		"of a foreign root with a trusted name": foreignRoot.issue(nil, "*."+region),
		"for clients only":                      cloudRoot.issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "*."+region),
	}
	for from, roots := range sources {
		for what, cert := range certs {
			t.Run(from+"/"+what, func(t *testing.T) {
				s := serve(t, cert)
				d, reports := s.dialer(roots)
				for range 2 {
					err := visit(t, d, "a."+region)
					if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
						t.Errorf("error %v, want one of the certificate", err)
					}
				}
				if s.requests.Load() > 0 {
					t.Error("a request was sent")
				}
				if want := int64(1 + len(*reports)); s.attempts.Load() != want { // once with each set of roots, then once
					t.Errorf("%d connections, want %d", s.attempts.Load(), want)
				}
			})
		}
	}
}

func TestDialTLS_FallsBackOnceForAllThatRuns(t *testing.T) {
	files, _ := placed(t)
	s := serve(t, privateRoot.issue(nil, "*."+region))
	d, reports := s.dialer(files)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			conn, err := d.DialTLS(t.Context(), "tcp", "a."+region+":443")
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.Close()
		})
	}
	all.Wait()
	if len(*reports) != 2 {
		t.Errorf("reports %+v, want 2", *reports)
	}
}

// A failure that is not the certificate's is not tried again here.
func TestDialTLS_OtherFailures(t *testing.T) {
	files, _ := placed(t)
	var l net.ListenConfig
	deaf, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int64
	go func() {
		for {
			conn, err := deaf.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = conn.Close()
		}
	}()
	s := &server{addr: deaf.Addr().String()}
	d, reports := s.dialer(files)
	if err := visit(t, d, "a."+region); err == nil {
		t.Error("no error")
	}
	if accepted.Load() != 1 || len(*reports) != 1 {
		t.Errorf("%d connections, reports %+v", accepted.Load(), *reports)
	}
	if err := deaf.Close(); err != nil {
		t.Error(err)
	}
	if err := visit(t, d, "a."+region); err == nil {
		t.Error("no error without a listener")
	}
	if _, err := d.DialTLS(t.Context(), "tcp", "no port"); err == nil {
		t.Error("no error without a port")
	}
}

func TestDialTLS_EndsWithItsContext(t *testing.T) {
	var l net.ListenConfig
	silent, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	s := &server{addr: silent.Addr().String()}
	d, _ := s.dialer(Source{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := d.DialTLS(ctx, "tcp", "a."+region+":443"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
