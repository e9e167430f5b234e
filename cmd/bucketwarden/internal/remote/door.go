package remote

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// firstPath is where the first address begins; the function has no such route.
const firstPath = "/.bucketwarden/"

// door is the proxy on this machine. It lets in one browser: the one that opened the
// first address. Every other program of this machine, and every other page in that
// browser, is refused:
//
//   - a page of another site has another Origin, and no cookie that is SameSite=Strict;
//   - a name that resolves to 127.0.0.1 (DNS rebinding) has another Host;
//   - another program, and another user of this machine, does not have the cookie.
//
// What passes is a list: of methods, of request headers and of answer headers.
type door struct {
	to      sender
	host    string // 127.0.0.1:PORT
	start   string // path that the first address leads to
	methods []string
	timeout time.Duration
	// note is called with a line for a person.
	note func(string)
	// began is called at each request, and returns what is called at its end.
	began func() func()

	cookie          string // its name
	secret, session string

	mu   sync.Mutex
	used bool // the first address
}

// newDoor returns the proxy for a listener at this address.
func newDoor(to sender, host, start string) *door {
	_, port, _ := strings.Cut(host, ":")
	return &door{
		to: to, host: host, start: start, methods: []string{http.MethodGet, http.MethodHead}, timeout: defaultTimeout,
		note: func(string) {}, began: func() func() { return func() {} },
		// Cookies know no ports, so that each proxy needs a name of its own.
		cookie: "bucketwarden-" + port, secret: rand.Text() + rand.Text(), session: rand.Text() + rand.Text(),
	}
}

// first is the address to open.
func (d *door) first() string { return "http://" + d.host + firstPath + d.secret }

// ServeHTTP answers the browser.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secureHeaders(w.Header())
	if why := d.stranger(r); why != "" {
		refuse(w, http.StatusForbidden, why)
		return
	}
	if given, ok := strings.CutPrefix(r.URL.Path, firstPath); ok {
		d.open(w, r, given)
		return
	}
	if why := d.intruder(r); why != "" {
		refuse(w, http.StatusForbidden, why)
		return
	}
	if !slices.Contains(d.methods, r.Method) {
		w.Header().Set("Allow", strings.Join(d.methods, ", "))
		refuse(w, http.StatusMethodNotAllowed, "Only "+strings.Join(d.methods, ", ")+" pass. Start it with --write to change something from the browser.")
		return
	}
	d.pass(w, r)
}

// stranger says why a request does not come from a page of this proxy, or "".
func (d *door) stranger(r *http.Request) string {
	switch {
	case r.URL.Host != "" || !strings.HasPrefix(r.URL.Path, "/"):
		return "This is not a proxy for other hosts."
	case r.Host != d.host:
		return "This address is not the proxy's own."
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+d.host {
			return "A page of another site made this request."
		}
	}
	return ""
}

// intruder says why a request may not pass although it comes to the right address,
// or "".
func (d *door) intruder(r *http.Request) string {
	site := r.Header.Get("Sec-Fetch-Site") // browsers set it, pages cannot
	switch {
	case !d.knows(r):
		return "Open the address that bucketwarden printed when it started, in this browser."
	case site != "" && site != "same-origin" && site != "none":
		return "A page of another site made this request."
	case len(r.Header.Values("Origin")) == 0 && !isReading(r.Method):
		return "A request that can change something must say which page it comes from."
	case r.Header.Get("Upgrade") != "" || r.Header.Get("Service-Worker") != "":
		return "Only plain requests pass."
	}
	return ""
}

// knows reports whether the request has the cookie.
func (d *door) knows(r *http.Request) bool {
	return slices.ContainsFunc(r.CookiesNamed(d.cookie), func(c *http.Cookie) bool { return same(c.Value, d.session) })
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// open is the first address. It works once; then only who has the cookie gets in.
func (d *door) open(w http.ResponseWriter, r *http.Request, given string) {
	if r.Method != http.MethodGet || !same(given, d.secret) {
		refuse(w, http.StatusForbidden, "This is not the address that bucketwarden printed.")
		return
	}
	d.mu.Lock()
	again := d.used
	d.used = true
	d.mu.Unlock()
	if again && !d.knows(r) {
		d.note("the first address was opened a second time, by a program without the cookie; if your browser does not show the page, another program has it: end this with ^C and start again")
		refuse(w, http.StatusForbidden, "This address opens once, and was opened already.")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: d.cookie, Value: d.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// Not a redirect: after one, the browser would still count the request as that of
	// the page with the link, and keep the cookie back.
	start := html.EscapeString(d.start)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, "<!doctype html><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0; url=%s\"><title>Bucketwarden</title><p><a href=\"%s\">Bucketwarden</a></p>\n", start, start)
}

// secureHeaders are those of every answer of the proxy itself.
func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// The headers that pass. The function reads no others of a browser; and of its
// answer a browser needs no others. What is not in the list does not pass: cookies,
// Authorization, conditions (nothing is cached), X-Fc-*, those of the connection, and
// Content-Disposition, with which the platform makes browsers download the page.
var (
	requestHeaders = []string{"Accept", "Accept-Language", "Content-Type"}
	answerHeaders  = []string{
		"Content-Type", "Content-Language", "Content-Security-Policy", "Permissions-Policy",
		"Cross-Origin-Embedder-Policy", "Retry-After", "Allow", "X-Fc-Request-Id",
	}
)

// pass carries one request to the function and its answer back.
func (d *door) pass(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	end := d.began()
	status, err := d.carry(w, r)
	end()
	line := fmt.Sprintf("%s %s  %d  %s", r.Method, r.URL.Path, status, time.Since(begun).Round(time.Millisecond))
	if err != nil {
		line += "  " + err.Error()
	}
	d.note(line)
}

func (d *door) carry(w http.ResponseWriter, r *http.Request) (int, error) {
	q, err := d.request(w, r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "This request does not pass: "+err.Error())
		return http.StatusBadRequest, err
	}
	ctx, cancel := contextFor(r, d.timeout)
	defer cancel()
	got, err := d.to.send(ctx, q)
	if err != nil {
		refuse(w, http.StatusBadGateway, "There is no answer to show: "+err.Error())
		return http.StatusBadGateway, err
	}
	defer got.body.Close()
	for _, name := range answerHeaders {
		if value := got.header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(got.status)
	if r.Method == http.MethodHead {
		return got.status, nil
	}
	if _, err := io.Copy(w, got.body); err != nil {
		return got.status, errors.New("the answer breaks off")
	}
	return got.status, nil
}

// request is what passes of the browser's request.
func (d *door) request(w http.ResponseWriter, r *http.Request) (request, error) {
	q, err := newRequest(r.Method, r.URL.RequestURI())
	if err != nil {
		return q, err
	}
	for _, name := range requestHeaders {
		if value := r.Header.Get(name); value != "" {
			q.header.Set(name, value)
		}
	}
	if isReading(r.Method) {
		q.header.Del("Content-Type")
		return q, nil
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)); err != nil {
		return q, err
	}
	if q.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		return q, errors.New("its body is longer than 1 MB, or does not arrive")
	}
	return q, nil
}

// bodyTime is how long the body of a request may take.
const bodyTime = 30 * time.Second
