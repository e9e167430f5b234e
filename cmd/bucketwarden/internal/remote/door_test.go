package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// function is a deployed function that keeps what reached it.
type function struct {
	got    []request
	answer answer
	err    error
	body   string
}

func (f *function) send(_ context.Context, q request) (*answer, error) {
	f.got = append(f.got, q)
	a := f.answer
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.body = io.NopCloser(strings.NewReader(f.body))
	return &a, f.err
}

// open starts a door before a function. Its first address was opened already.
func open(t *testing.T, f sender, methods ...string) (*door, *httptest.Server) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	d := newDoor(f, server.Listener.Addr().String(), "/report")
	d.methods = append(d.methods, methods...)
	server.Config = newServer(d)
	server.Start()
	t.Cleanup(server.Close)
	return d, server
}

// ask makes one request as the browser that has the cookie, changed by change.
func askDoor(t *testing.T, d *door, method, path string, change func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+d.host+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: d.cookie, Value: d.session})
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Who is let in, and what passes. Nothing that is refused reaches the function.
func TestDoor_LetsInOneBrowserOnly(t *testing.T) {
	own := func(d *door) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Origin", "http://"+d.host) }
	}
	d, _ := open(t, &function{}, http.MethodPut)
	_, port, _ := strings.Cut(d.host, ":")
	for _, c := range []struct {
		name, method, path string
		change             func(*http.Request)
		status             int
	}{
		{"the browser", "GET", "/report", nil, 200},
		{"with a query", "GET", "/report?format=csv&lang=zh", nil, 200},
		{"HEAD", "HEAD", "/report", nil, 200},
		{"typed in", "GET", "/report", header("Sec-Fetch-Site", "none"), 200},
		{"from its own page", "GET", "/report", header("Sec-Fetch-Site", "same-origin"), 200},
		{"own Origin", "GET", "/report", own(d), 200},

		{"no cookie", "GET", "/report", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"a wrong cookie", "GET", "/report", header("Cookie", d.cookie+"=guess"), 403},
		{"an empty cookie", "GET", "/report", header("Cookie", d.cookie+"="), 403},
		{"the cookie of another proxy", "GET", "/report", header("Cookie", "bucketwarden-1="+d.session), 403},
		{"the first secret as the cookie", "GET", "/report", header("Cookie", d.cookie+"="+d.secret), 403},
		{"a wrong and the right cookie", "GET", "/report", header("Cookie", d.cookie+"=x; "+d.cookie+"="+d.session), 200},

		{"DNS rebinding", "GET", "/report", func(r *http.Request) { r.Host = "evil.example:" + port }, 403},
		{"rebinding to the first address", "GET", firstPath + d.secret, func(r *http.Request) { r.Host = "evil.example:" + port }, 403},
		{"localhost by name", "GET", "/report", func(r *http.Request) { r.Host = "localhost:" + port }, 403},
		{"another port", "GET", "/report", func(r *http.Request) { r.Host = "127.0.0.1:1" }, 403},
		{"no port", "GET", "/report", func(r *http.Request) { r.Host = "127.0.0.1" }, 403},
		{"the host in other letters", "GET", "/report", func(r *http.Request) { r.Host = d.host + "." }, 403},

		{"another site's Origin", "GET", "/report", header("Origin", "https://evil.example"), 403},
		{"an opaque Origin", "GET", "/report", header("Origin", "null"), 403},
		{"an https Origin", "GET", "/report", header("Origin", "https://"+d.host), 403},
		{"another port's Origin", "GET", "/report", header("Origin", "http://127.0.0.1:1"), 403},
		{"two Origins", "GET", "/report", func(r *http.Request) { r.Header["Origin"] = []string{"http://" + d.host, "https://evil.example"} }, 403},
		{"from another site", "GET", "/report", header("Sec-Fetch-Site", "cross-site"), 403},
		{"from another port", "GET", "/report", header("Sec-Fetch-Site", "same-site"), 403},

		{"a method that was asked for", "PUT", "/buckets/b/encryption", own(d), 200},
		{"a change without Origin", "PUT", "/buckets/b/encryption", nil, 403},
		{"a change from another site", "PUT", "/buckets/b/encryption", header("Origin", "https://evil.example"), 403},
		{"POST", "POST", "/sweep", own(d), 405},
		{"DELETE", "DELETE", "/buckets/b/encryption", own(d), 405},
		{"a preflight", "OPTIONS", "/report", own(d), 405},
		{"TRACE", "TRACE", "/report", own(d), 405},
		{"CONNECT", "CONNECT", "/report", own(d), 405},

		{"a WebSocket", "GET", "/report", func(r *http.Request) { r.Header.Set("Upgrade", "websocket"); r.Header.Set("Connection", "Upgrade") }, 403},
		{"HTTP/2 in clear text", "GET", "/report", func(r *http.Request) { r.Header.Set("Upgrade", "h2c"); r.Header.Set("Connection", "Upgrade") }, 403},
		{"a service worker", "GET", "/report", header("Service-Worker", "script"), 403},

		{"an escaped path", "GET", "/buckets/a%2Fb", nil, 400},
		{"a path upwards", "GET", "/a/../report", nil, 400},
		{"two slashes", "GET", "//evil.example/report", nil, 400},
		{"a parameter twice", "GET", "/report?region=a&region=b", nil, 400},
		{"a broken query", "GET", "/report?%zz", nil, 400},
	} {
		f := &function{}
		d.to = f
		resp := askDoor(t, d, c.method, c.path, c.change)
		if resp.StatusCode != c.status || (len(f.got) == 1) != (c.status == 200) {
			t.Errorf("%s: %d, and %d requests reached the function; want %d", c.name, resp.StatusCode, len(f.got), c.status)
		}
		if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Access-Control-Allow-Origin") != "" || resp.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", c.name, resp.Header)
		}
	}
}

// raw sends text as it is and returns the status line.
func raw(t *testing.T, d *door, text string) string {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// What no client library sends.
func TestDoor_OddRequests(t *testing.T) {
	f := &function{}
	d, _ := open(t, f)
	cookie := "Cookie: " + d.cookie + "=" + d.session + "\r\n"
	for name, c := range map[string]struct{ text, status string }{
		"for another host":       {"GET http://evil.example/report HTTP/1.1\r\nHost: " + d.host + "\r\n" + cookie + "\r\n", "403"},
		"absolute, for itself":   {"GET http://" + d.host + "/report HTTP/1.1\r\nHost: " + d.host + "\r\n" + cookie + "\r\n", "403"},
		"CONNECT":                {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n" + cookie + "\r\n", "403"},
		"no Host":                {"GET /report HTTP/1.1\r\n" + cookie + "\r\n", "400"},
		"no Host in 1.0":         {"GET /report HTTP/1.0\r\n" + cookie + "\r\n", "403"},
		"two Hosts":              {"GET /report HTTP/1.1\r\nHost: " + d.host + "\r\nHost: evil.example\r\n" + cookie + "\r\n", "400"},
		"everything":             {"OPTIONS * HTTP/1.1\r\nHost: " + d.host + "\r\n" + cookie + "\r\n", "403"},
		"two lengths":            {"GET /report HTTP/1.1\r\nHost: " + d.host + "\r\nContent-Length: 1\r\nContent-Length: 2\r\n" + cookie + "\r\n", "400"},
		"length and chunks":      {"PUT /report HTTP/1.1\r\nHost: " + d.host + "\r\nTransfer-Encoding: chunked, identity\r\n" + cookie + "\r\n", "501"},
		"a control character":    {"GET /re\x01port HTTP/1.1\r\nHost: " + d.host + "\r\n" + cookie + "\r\n", "400"},
		"HTTP/2 without a word":  {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "403"},
		"a line feed in a value": {"GET /report HTTP/1.1\r\nHost: " + d.host + "\r\nAccept: a\nX-Fc-Account-Id: 1\r\n\r\n", "403"},
	} {
		if got := raw(t, d, c.text); !strings.Contains(got, " "+c.status) {
			t.Errorf("%s: %q, want %s", name, got, c.status)
		}
	}
	if len(f.got) != 0 {
		t.Errorf("these reached the function: %+v", f.got)
	}
}

// Of the browser's headers a list passes; of the function's answer as well.
func TestDoor_Headers(t *testing.T) {
	f := &function{body: "<p>page", answer: answer{header: http.Header{
		"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {"default-src 'none'; style-src 'sha256-x'"}, "Content-Language": {"zh"},
		"X-Fc-Request-Id": {"1-2"}, "Retry-After": {"3"},
		"Content-Disposition": {"attachment"}, "Set-Cookie": {"a=b"}, "Cache-Control": {"public, max-age=9"}, "Etag": {"x"}, "Refresh": {"0; url=https://evil.example"},
		"Clear-Site-Data": {`"*"`}, "Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": {"Date"}, "Location": {"https://evil.example"},
		"Service-Worker-Allowed": {"/"}, "Connection": {"X-Secret"}, "Link": {"</a>; rel=preload"}, "X-Fc-Instance-Id": {"c-1"}, "Alt-Svc": {"h3"}, "Trailer": {"X"},
	}}}
	d, _ := open(t, f, http.MethodPost)
	resp := askDoor(t, d, "GET", "/report?format=html", func(r *http.Request) {
		for name, value := range map[string]string{
			"Accept": "text/html", "Accept-Language": "zh", "Authorization": "Bearer stolen", "X-Fc-Account-Id": "1", "X-Fc-Control-Path": "/invoke", "X-Fc-Invocation-Type": "Async",
			"X-Acs-Date": "2000", "X-Acs-Security-Token": "t", "If-None-Match": "x", "Range": "bytes=0-1", "Referer": "http://" + d.host + "/x", "User-Agent": "Mozilla",
			"Connection": "X-Custom", "X-Custom": "1", "Te": "trailers", "X-Forwarded-For": "8.8.8.8", "Forwarded": "for=8.8.8.8", "Proxy-Authorization": "x", "Content-Type": "text/plain",
		} {
			r.Header.Set(name, value)
		}
	})
	got, want := f.got[0].header, http.Header{"Accept": {"text/html"}, "Accept-Language": {"zh"}}
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Errorf("these headers passed: %v", got)
	}
	if f.got[0].query.Get("format") != "html" || f.got[0].path != "/report" || f.got[0].body != nil {
		t.Errorf("%+v", f.got[0])
	}
	allowed := []string{
		"Content-Type", "Content-Language", "Content-Security-Policy", "X-Fc-Request-Id", "Retry-After", "Date", "Content-Length", "Cache-Control",
		"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
	}
	for name := range resp.Header {
		if !slices.Contains(allowed, name) {
			t.Errorf("the answer has %s: %s", name, resp.Header.Get(name))
		}
	}
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Content-Security-Policy") != "default-src 'none'; style-src 'sha256-x'" {
		t.Errorf("%v", resp.Header)
	}
	body := strings.Repeat("x", maxBody+1)
	for length, status := range map[int]int{10: 200, maxBody + 1: 400} {
		resp := askDoor(t, d, "POST", "/sweep", func(r *http.Request) {
			r.Header.Set("Origin", "http://"+d.host)
			r.Header.Set("Content-Type", "application/json")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body[:length])), int64(length)
		})
		last := f.got[len(f.got)-1]
		if resp.StatusCode != status || status == 200 && (len(last.body) != length || last.header.Get("Content-Type") != "application/json") {
			t.Errorf("a body of %d: %d, %d bytes passed", length, resp.StatusCode, len(last.body))
		}
	}
}

// The first address opens once, and sets a cookie that no script reads and no other
// site sends.
func TestDoor_FirstAddress(t *testing.T) {
	f := &function{}
	d, _ := open(t, f)
	d.start = `/report?lang=zh&x="><script>`
	var notes []string
	d.note = func(line string) { notes = append(notes, line) }
	without := func(r *http.Request) { r.Header.Del("Cookie") }
	path := strings.TrimPrefix(d.first(), "http://"+d.host)
	for _, c := range []struct {
		name, method, path string
		change             func(*http.Request)
		status             int
	}{
		{"a guess", "GET", firstPath + "guess", without, 403},
		{"no secret", "GET", firstPath, without, 403},
		{"HEAD, as link scanners do", "HEAD", path, without, 403},
		{"a link on another site", "GET", path, func(r *http.Request) { without(r); r.Header.Set("Sec-Fetch-Site", "cross-site") }, 200},
		{"again", "GET", path, without, 403},
		{"back in the same browser", "GET", path, nil, 200},
	} {
		resp := askDoor(t, d, c.method, c.path, c.change)
		body, _ := io.ReadAll(resp.Body)
		cookie := resp.Header.Get("Set-Cookie")
		if resp.StatusCode != c.status || (cookie != "") != (c.status == 200) {
			t.Errorf("%s: %d, cookie %q", c.name, resp.StatusCode, cookie)
		}
		if c.status != 200 {
			continue
		}
		for _, want := range []string{d.cookie + "=" + d.session, "HttpOnly", "SameSite=Strict", "Path=/"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie %q has no %s", cookie, want)
			}
		}
		if strings.Contains(cookie, d.secret) || strings.Contains(string(body), d.session) || strings.Contains(string(body), "<script>") || !strings.Contains(string(body), "url=/report?lang=zh&amp;x=") {
			t.Errorf("%s: %s", c.name, body)
		}
	}
	if len(f.got) != 0 {
		t.Errorf("the first address reached the function: %+v", f.got)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "opened a second time") || strings.Contains(notes[0], d.secret) {
		t.Errorf("%q", notes)
	}
}

// What goes wrong behind the proxy is said in the browser and in the terminal.
func TestDoor_Failures(t *testing.T) {
	f := &function{err: errors.New("f.cn-hangzhou.fcapp.run gives no answer")}
	d, _ := open(t, f)
	var notes []string
	d.note = func(line string) { notes = append(notes, line) }
	resp := askDoor(t, d, "GET", "/report?token=x", nil)
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "gives no answer") {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	if want := "GET /report  502  "; len(notes) != 1 || !strings.HasPrefix(notes[0], want) || strings.Contains(notes[0], "token") {
		t.Errorf("%q", notes)
	}
	f.err, f.answer.status, f.body = nil, http.StatusForbidden, "no"
	if resp := askDoor(t, d, "HEAD", "/report", nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("%d", resp.StatusCode)
	}
}

// No two proxies share a secret, and a secret cannot be guessed.
func TestDoor_Secrets(t *testing.T) {
	seen := map[string]bool{}
	for i := range 100 {
		d := newDoor(nil, fmt.Sprintf("127.0.0.1:%d", i), "/report")
		for _, s := range []string{d.secret, d.session} {
			if len(s) < 40 || seen[s] {
				t.Errorf("%q", s)
			}
			seen[s] = true
		}
	}
}
