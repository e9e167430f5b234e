//go:build !windows

package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bucketwarden/internal/docs"
	localfc "bucketwarden/internal/local/fc"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/stack"
)

// deployed is the function as it is deployed, on this machine: its API and its trigger
// take signed requests only, and answers have the headers of the platform's domain.
func deployed(t testing.TB, o stack.Options) (*stack.Stack, string) {
	t.Helper()
	o.Signed = true
	o.Command = []string{binary, "function"}
	s, err := stack.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.AddKey(userKey)
	s.AddKey(sessionKey)
	front := httptest.NewServer(s.Function.Handler())
	t.Cleanup(func() {
		front.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s.OSS.PutBucket(localoss.Bucket{Name: "payments", Region: stack.Region})
	return s, front.URL
}

// person is who uses a deployed function from a laptop.
func person(t *testing.T, s *stack.Stack) *account {
	t.Helper()
	a := &account{Cloud: s.Cloud, t: t, dir: t.TempDir()}
	a.env = []string{
		"HOME=" + a.dir, "PATH=" + os.Getenv("PATH"), "TERM=xterm", "SSL_CERT_FILE=" + s.CAFile, "BUCKETWARDEN_STS_ENDPOINT=" + s.STSURL,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + userKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + userKey.AccessKeySecret,
	}
	return a
}

// browser opens an address as a browser does: it keeps cookies, and follows the
// first page to the one that it names.
func browser(t *testing.T, first string) (client *http.Client, start string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client = &http.Client{Jar: jar}
	page, _ := fetch(t, client, http.MethodGet, first, nil)
	_, rest, found := strings.Cut(page, "url=")
	path, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatalf("the first page leads nowhere:\n%s", page)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(first, "http://"), "/")
	return client, "http://" + host + path
}

func fetch(t *testing.T, client *http.Client, method, address string, header http.Header) (string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body), resp
}

// opened is a running `bucketwarden open`.
type opened struct {
	t     *testing.T
	cmd   *exec.Cmd
	first string
	errs  strings.Builder
}

func startOpen(a *account, args ...string) *opened {
	a.t.Helper()
	p := &opened{t: a.t, cmd: a.command(append([]string{"open"}, args...)...)}
	p.cmd.Stderr = &p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait() // its reason is in the output
		a.t.Fatalf("%v\n%s", err, p.errs.String())
	}
	p.first = strings.TrimSpace(line)
	return p
}

// stop is ^C, the good end.
func (p *opened) stop() string {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("after ^C: %v", err)
	}
	said := p.errs.String()
	for _, secret := range secrets {
		if strings.Contains(said, secret[:12]) {
			p.t.Errorf("a secret is in\n%s", said)
		}
	}
	return said
}

// The deployed page in a browser, by each of the ways.
func TestOpen(t *testing.T) {
	signed, url := deployed(t, stack.Options{Env: []string{"WARDEN_HTTP_AUTH=platform"}})
	custom, customURL := deployed(t, stack.Options{
		Env:       []string{"WARDEN_HTTP_AUTH=platform"},
		Configure: func(c *localfc.Config) { c.Runtime = localfc.RuntimeCustom },
	})
	tokens, tokenURL := deployed(t, stack.Options{
		Env:       []string{"WARDEN_HTTP_AUTH=tokens", "WARDEN_HTTP_TOKENS=page:report:" + hash(tokenOfTests)},
		Configure: func(c *localfc.Config) { c.SignedTrigger = false }, // authType: anonymous
	})
	// The lines of the document are "signed requests" and "by its name" of these.
	if got, want := docs.Blocks(t, "docs/reach.md")[0].Text, "bucketwarden open --url \"$URL\"\nbucketwarden open --function bucketwarden\n"; got != want {
		t.Errorf("docs/reach.md opens with\n%s\nhere is tested\n%s", got, want)
	}
	for name, c := range map[string]struct {
		s    *stack.Stack
		args []string
		env  []string
	}{
		"signed requests":            {signed, []string{"--url", url}, nil},
		"a session of a role":        {signed, []string{"--url", url}, []string{"ALIBABA_CLOUD_ACCESS_KEY_ID=" + sessionKey.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + sessionKey.AccessKeySecret, "ALIBABA_CLOUD_SECURITY_TOKEN=" + sessionKey.SecurityToken}},
		"custom.debian12":            {custom, []string{"--url", customURL}, nil},
		"by its name":                {signed, []string{"--function", "bucketwarden", "--fc-endpoint", url}, nil},
		"by its name, without STS":   {signed, []string{"--function", "bucketwarden", "--fc-endpoint", url, "--account", "1234567890123456"}, []string{"BUCKETWARDEN_STS_ENDPOINT=https://127.0.0.1:1"}},
		"by its name, the other one": {custom, []string{"--function", "bucketwarden", "--fc-endpoint", customURL}, nil},
		"a token":                    {tokens, []string{"--url", tokenURL}, []string{"BUCKETWARDEN_TOKEN=" + tokenOfTests}},
		"by its name with a token":   {tokens, []string{"--function", "bucketwarden", "--fc-endpoint", tokenURL}, []string{"BUCKETWARDEN_TOKEN=" + tokenOfTests}},
	} {
		t.Run(name, func(t *testing.T) {
			a := person(t, c.s)
			a.env = append(a.env, c.env...)
			p := startOpen(a, append([]string{"--no-browser"}, c.args...)...)
			client, start := browser(t, p.first)
			page, resp := fetch(t, client, http.MethodGet, start, http.Header{"Accept": {"text/html"}, "Accept-Language": {"en"}})
			if resp.StatusCode != http.StatusOK || !strings.Contains(page, "payments") || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") ||
				resp.Header.Get("Content-Disposition") != "" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sha256-") {
				t.Errorf("%s %v\n%.300s", resp.Status, resp.Header, page)
			}
			if _, resp := fetch(t, &http.Client{}, http.MethodGet, start, nil); resp.StatusCode != http.StatusForbidden {
				t.Errorf("without the cookie: %s", resp.Status)
			}
			if _, resp := fetch(t, client, http.MethodPut, strings.Replace(start, "/report", "/buckets/payments/encryption", 1), http.Header{"Origin": {strings.TrimSuffix(start, "/report")}}); resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("a change: %s", resp.Status)
			}
			if said := p.stop(); !strings.Contains(said, "GET /report  200") || !strings.Contains(said, "stopping") {
				t.Errorf("it says\n%s", said)
			}
			if b, _ := c.s.OSS.Bucket("payments"); b.Rule != (localoss.Rule{}) {
				t.Errorf("the bucket was changed: %+v", b.Rule)
			}
		})
	}
}

// With --write the page can change something; a person is asked first.
func TestOpen_Write(t *testing.T) {
	s, url := deployed(t, stack.Options{Env: []string{"WARDEN_HTTP_AUTH=platform"}})
	a := person(t, s)
	if got := a.run(1, "open", "--url", url, "--write=PUT"); !strings.Contains(got, "the page in the browser can send PUT") || !strings.Contains(got, "give --yes") {
		t.Errorf("it says\n%s", got)
	}
	for answer, status := range map[string]int{"n\r": 2, "y\r": 0} {
		screen := onScreen(a, 100, "open", "--url", url, "--write", "--no-browser")
		screen.wait("can send POST, PUT, DELETE to the function, and change rules.")
		screen.wait("Let them pass? [y/N] ")
		screen.typed(answer)
		if status == 0 {
			screen.wait("^C ends it")
			screen.typed("\x03")
		}
		screen.end(status)
	}
	p := startOpen(a, "--url", url, "--write=PUT", "--yes", "--no-browser")
	client, start := browser(t, p.first)
	origin := strings.TrimSuffix(start, "/report")
	put := origin + "/buckets/payments/encryption"
	for from, status := range map[string]int{"https://evil.example": 403, origin: 200} {
		if body, resp := fetch(t, client, http.MethodPut, put, http.Header{"Origin": {from}}); resp.StatusCode != status {
			t.Errorf("from %s: %s %s", from, resp.Status, body)
		}
	}
	p.stop()
	if b, _ := s.OSS.Bucket("payments"); b.Rule.Algorithm != "AES256" {
		t.Errorf("the rule is %+v", b.Rule)
	}
}

// It starts the browser that there is, with the address that opens once.
func TestOpen_StartsABrowser(t *testing.T) {
	s, url := deployed(t, stack.Options{Env: []string{"WARDEN_HTTP_AUTH=platform"}})
	a := person(t, s)
	script := filepath.Join(a.dir, "browser")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho \"$2\" > opened.new\nmv opened.new opened\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	a.env = append(a.env, "BROWSER="+script+" --new-window")
	p := startOpen(a, "/report?lang=zh", "--url", url)
	var address []byte
	for begun := time.Now(); len(address) == 0; time.Sleep(5 * time.Millisecond) {
		address, _ = os.ReadFile(filepath.Join(a.dir, "opened")) // until it is there
		if time.Since(begun) > 2*time.Minute {
			t.Fatal("the browser was not started")
		}
	}
	client, start := browser(t, strings.TrimSpace(string(address)))
	page, _ := fetch(t, client, http.MethodGet, start, http.Header{"Accept": {"text/html"}})
	if !strings.Contains(page, `lang="zh`) {
		t.Errorf("%.200s", page)
	}
	p.stop()
}
