package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"bucketwarden/internal/local/cloud"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
)

// proxy connects every tunnel to one address, and remembers what was asked for.
type proxy struct {
	to    string
	mu    sync.Mutex
	hosts []string
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "tunnels only", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.hosts = append(p.hosts, r.Host)
	p.mu.Unlock()
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		http.Error(w, "nothing there", http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	near, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }() // ends with either side
	_, _ = io.Copy(near, far)
	_ = near.Close()
}

// asked returns the hosts, each once: how many connections lead to one depends on how
// soon an earlier one is idle again.
func (p *proxy) asked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(p.hosts))), " ")
}

// behindAProxy returns an account in which nothing but a proxy leads to OSS and STS,
// under their own names.
func behindAProxy(t *testing.T) (*account, *proxy) {
	t.Helper()
	a := newAccount(t)
	authority, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	file, err := authority.WriteFile(a.dir)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Certificate("*.aliyuncs.com", "*.oss-cn-hangzhou.aliyuncs.com", "sts.cn-hangzhou.aliyuncs.com")
	if err != nil {
		t.Fatal(err)
	}
	services := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "sts.") {
			a.STS.ServeHTTP(w, r)
			return
		}
		a.OSS.ServeHTTP(w, r)
	}))
	services.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
	services.StartTLS()
	t.Cleanup(services.Close)
	p := &proxy{to: services.Listener.Addr().String()}
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	a.env = []string{
		"HOME=" + a.dir, "HTTPS_PROXY=" + front.URL, "SSL_CERT_FILE=" + file,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + userKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + userKey.AccessKeySecret,
	}
	a.OSS.PutBucket(localoss.Bucket{Name: "payments", Region: cloud.Region})
	return a, p
}

// Without any setting the command reaches the public endpoints of OSS, each bucket under
// a host of its own, and of STS, through the proxy of the environment.
func TestProxy(t *testing.T) {
	a, p := behindAProxy(t)
	if got := a.run(0, "report"); !strings.Contains(got, "1 bucket: 1 unencrypted") || !strings.Contains(got, "Read as: acs:ram::1234567890123456:user/alice") {
		t.Error(got)
	}
	if got, want := p.asked(), "oss-cn-hangzhou.aliyuncs.com:443 payments.oss-cn-hangzhou.aliyuncs.com:443 sts.cn-hangzhou.aliyuncs.com:443"; got != want {
		t.Errorf("the proxy was asked for %s, want %s", got, want)
	}
}

// Hosts in NO_PROXY are reached without the proxy. The address that stands for all
// of this machine is not one of the loopback, which never takes a proxy.
func TestProxy_NoProxy(t *testing.T) {
	a, p := behindAProxy(t)
	here := strings.Replace(a.OSSURL, "127.0.0.1", "0.0.0.0", 1)
	a.env = append(a.env, "HTTP_PROXY=http://127.0.0.1:1") // where there is none
	if got := a.run(3, "report", "--endpoint", here, "--timeout", "30s"); !strings.Contains(got, "ListBuckets: unavailable") {
		t.Error(got)
	}
	a.env = append(a.env, "NO_PROXY=0.0.0.0")
	if got := a.run(0, "report", "--endpoint", here); !strings.Contains(got, "1 bucket: 1 unencrypted") {
		t.Error(got)
	}
	if got := p.asked(); got != "" {
		t.Errorf("the proxy was asked for %s", got)
	}
}

// A certificate of an authority that is not in SSL_CERT_FILE is refused.
func TestProxy_UnknownAuthority(t *testing.T) {
	a, _ := behindAProxy(t)
	other, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	file, err := other.WriteFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a.env = append(a.env, "SSL_CERT_FILE="+file)
	if got := a.run(3, "report", "--timeout", "30s"); !strings.Contains(got, "ListBuckets: unavailable") {
		t.Error(got)
	}
}
