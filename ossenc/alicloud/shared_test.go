package alicloud_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"bucketwarden/ossenc"
	"bucketwarden/ossenc/alicloud"
)

// front is an OSS front end: how it answers a bucket on a connection that was opened
// to the endpoint's name, and to the bucket's own.
type front struct {
	shared, own func(w http.ResponseWriter)

	mu          sync.Mutex
	connections int
	asked       []string
}

func answer(status int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(status); fmt.Fprintf(w, "<a>%d</a>", status) }
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// seen returns what was asked, and how many connections there were.
func (f *front) seen() (asked string, connections int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.asked, ", "), f.connections
}

// serve returns a transport that reaches the front end under every name.
func (f *front) serve(t *testing.T) *http.Transport {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, kind := f.own, "own"
		if r.TLS.ServerName != r.Host {
			answer, kind = f.shared, "shared"
		}
		f.mu.Lock()
		f.asked = append(f.asked, fmt.Sprintf("%s %s %s", r.Method, strings.Split(r.Host, ".")[0], kind))
		f.mu.Unlock()
		answer(w)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			f.mu.Lock()
			f.connections++
			f.mu.Unlock()
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // names are what this tests, not trust
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

const ossHost = "oss-cn-ossHost.aliyuncs.com"

// Only a rule is taken from a shared connection; every other answer is asked again at
// the bucket's own name, and a contradiction ends the sharing.
func TestSharedConnections_BelievesARuleOnly(t *testing.T) {
	for name, c := range map[string]struct {
		shared, own func(http.ResponseWriter)
		asked       string // for two reads
		status      int
		off         string
	}{
		"a rule":            {answer(200), answer(200), "GET b-1 shared, GET b-2 shared", 200, ""},
		"no rule":           {answer(404), answer(404), "GET b-1 shared, GET b-1 own, GET b-2 shared, GET b-2 own", 404, ""},
		"refused":           {answer(403), answer(403), "GET b-1 shared, GET b-1 own, GET b-2 shared, GET b-2 own", 403, ""},
		"not there at all":  {answer(404), answer(200), "GET b-1 shared, GET b-1 own, GET b-2 own", 200, ossHost + " status 404"},
		"wrong name":        {answer(403), answer(200), "GET b-1 shared, GET b-1 own, GET b-2 own", 200, ossHost + " status 403"},
		"misdirected":       {answer(421), answer(404), "GET b-1 shared, GET b-1 own, GET b-2 own", 404, ossHost + " status 421"},
		"odd success":       {answer(204), answer(200), "GET b-1 shared, GET b-1 own, GET b-2 own", 200, ossHost + " status 204"},
		"elsewhere":         {answer(307), answer(200), "GET b-1 shared, GET b-1 own, GET b-2 own", 200, ossHost + " status 307"},
		"hangs up on it":    {hangUp, answer(200), "GET b-1 shared, GET b-1 own, GET b-2 own", 200, ossHost + " EOF"},
		"busy, then it has": {answer(503), answer(200), "GET b-1 shared, GET b-1 own, GET b-2 own", 200, ossHost + " status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &front{shared: c.shared, own: c.own}
			off := ""
			s := &alicloud.SharedConnections{Next: f.serve(t), Off: func(endpoint, said string) { off += endpoint + " " + said }}
			client := &http.Client{Transport: s}
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			for _, bucket := range []string{"b-1", "b-2"} {
				resp, err := client.Get("https://" + bucket + "." + ossHost + "/?encryption")
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != c.status || string(body) != fmt.Sprintf("<a>%d</a>", c.status) {
					t.Errorf("%s: %d %s", bucket, resp.StatusCode, body)
				}
			}
			if got, _ := f.seen(); got != c.asked {
				t.Errorf("asked %s, want %s", got, c.asked)
			}
			if !strings.HasPrefix(off, c.off) || c.off == "" && off != "" {
				t.Errorf("given up %q, want %q", off, c.off)
			}
		})
	}
}

// Writes, the list and hosts that are no bucket's go their own way; many buckets need
// one connection.
func TestSharedConnections_ReadsOfBucketsOnly(t *testing.T) {
	f := &front{shared: answer(200), own: answer(200)}
	client := &http.Client{Transport: &alicloud.SharedConnections{Next: f.serve(t)}}
	for _, c := range []struct{ method, host string }{
		{"PUT", "b-1." + ossHost}, {"DELETE", "b-1." + ossHost}, {"GET", ossHost}, {"GET", "kms.cn-ossHost.aliyuncs.com"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, "https://"+c.host+"/?encryption", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	got, before := f.seen()
	if want := "PUT b-1 own, DELETE b-1 own, GET oss-cn-ossHost own, GET kms own"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	for i := range 100 {
		resp, err := client.Get(fmt.Sprintf("https://c-%d.%s/?encryption", i, ossHost))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if _, after := f.seen(); after-before > 1 {
		t.Errorf("%d connections for 100 buckets", after-before)
	}
}

// Why sharing ended is for the log, so it repeats no part of the credentials.
func TestSharedConnections_SaysNoSecret(t *testing.T) {
	c := markedBy("Shr")
	alicloud.Repeats(ossenc.WithIdentity(t.Context(), ossenc.Identity{Credentials: c})) // in use from now on
	for text, want := range map[string]string{c.SecurityToken: "left out", "an odd line": "an odd line"} {
		off := ""
		s := &alicloud.SharedConnections{Off: func(_, said string) { off = said }, Next: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == ossHost {
				return nil, fmt.Errorf("net/http: transport connection broken: malformed HTTP response %q", text)
			}
			return reply(r, http.StatusNotFound, ""), nil
		})}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://b-1."+ossHost+"/?encryption", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.RoundTrip(r)
		if err != nil || !strings.Contains(off, want) || strings.Contains(off, c.SecurityToken[:8]) {
			t.Errorf("said %q, %v", off, err)
		}
		_ = resp.Body.Close()
	}
}
