// Package console is the person at the local OSS: with curl, or by clicking on its
// page, buckets are created, changed and deleted, and the verdicts of the function
// arrive. Nothing that exists is replaced or destroyed without a word.
package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	localkms "bucketwarden/internal/local/kms"
	localoss "bucketwarden/internal/local/oss"
	"bucketwarden/internal/local/wire"
	"bucketwarden/ossenc"
)

// agent is the User-Agent that the console's calls have in the audit trail.
const agent = "aliyun-oss-console"

// Console serves the page and the routes.
type Console struct {
	// OSS and KMS are what it changes.
	OSS *localoss.Server
	KMS *localkms.Server
	// Happened receives each call that the console makes, as an audit trail does.
	Happened func(localoss.Request)
	// Feed is where the function's answers come from.
	Feed *Feed
	// Region is that of buckets that are created without one.
	Region string
	// Wait bounds the wait for the function's answer. Default 10 s.
	Wait time.Duration
}

// usage is printed below the list, for who comes with curl.
const usage = `
PUT    /{bucket}?region=            create; with &algorithm= &key= &data= for a rule
PUT    /{bucket}/encryption?algorithm=AES256|SM4|KMS   set the rule; &key= and &data=SM4 go with KMS
DELETE /{bucket}/encryption         remove the rule
GET    /{bucket}                    show it
DELETE /{bucket}                    delete it; it has to be empty
PUT    /-/keys/{id}?region=         add a key to KMS; &state=Disabled for one that cannot be used
`

// Handler returns the routes of usage, and the page for browsers.
func (c *Console) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, route := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /{$}":                    c.home,
		"GET /{bucket}":               c.show,
		"GET /{bucket}/encryption":    c.show,
		"PUT /{bucket}":               c.create,
		"DELETE /{bucket}":            c.remove,
		"PUT /{bucket}/encryption":    c.setRule,
		"DELETE /{bucket}/encryption": c.removeRule,
		"PUT /-/keys/{id}":            c.addKey,
		"GET /-/state":                c.state,
		"GET /-/feed":                 c.feed,
		"GET /-/page.js":              c.file("page.js", "text/javascript; charset=utf-8"),
		"GET /-/page.css":             c.file("page.css", "text/css; charset=utf-8"),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { answer(w, route(w, r)) })
	}
	return loopbackOnly(mux)
}

// refusal is an error with its HTTP status.
type refusal struct {
	status  int
	message string
}

// Error is the sentence for the caller.
func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

func answer(w http.ResponseWriter, err error) {
	if err == nil {
		return
	}
	status := http.StatusInternalServerError
	if r, ok := errors.AsType[*refusal](err); ok {
		status = r.status
	}
	http.Error(w, err.Error(), status)
}

// loopbackOnly refuses requests under another name than this machine's: a page of
// the internet that resolves its own name to 127.0.0.1 must not delete buckets.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains([]string{"127.0.0.1", "localhost", "::1", "[::1]"}, wire.HostOnly(r.Host)) {
			http.Error(w, "the console answers under 127.0.0.1 and localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// parameters refuses every parameter that is not named, that is given twice, or that
// cannot be read: the call would otherwise mean something else than it says.
func parameters(r *http.Request, known ...string) error {
	if hasBody(r) {
		return refuse(http.StatusBadRequest, "the console reads no body; put the parameters into the address, after ?")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "the part after ? is not a well-formed query")
	}
	for name, values := range query {
		switch {
		case !slices.Contains(known, name) && len(known) == 0:
			return refuse(http.StatusBadRequest, "there is no parameter %q; this call has none", name)
		case !slices.Contains(known, name):
			return refuse(http.StatusBadRequest, "there is no parameter %q; this call has %s", name, strings.Join(known, ", "))
		case len(values) > 1:
			return refuse(http.StatusBadRequest, "the parameter %q is given %d times", name, len(values))
		}
	}
	return nil
}

func hasBody(r *http.Request) bool {
	if r.Body == nil {
		return false
	}
	n, _ := io.ReadFull(r.Body, make([]byte, 1))
	return n > 0
}

func (c *Console) home(w http.ResponseWriter, r *http.Request) error {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		return c.file("page.html", "text/html; charset=utf-8")(w, r)
	}
	if err := parameters(r); err != nil {
		return err
	}
	fmt.Fprintln(w, "The console of the local OSS. A browser shows it as a page.")
	fmt.Fprintln(w)
	c.list(w)
	fmt.Fprint(w, usage)
	return nil
}

func (c *Console) list(w http.ResponseWriter) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BUCKET\tREGION\tRULE\tOBJECTS")
	for _, b := range c.OSS.Buckets() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\n", b.Name, b.Region, Rule(b.Rule), c.OSS.Objects(b.Name))
	}
	_ = table.Flush() // a caller that has gone needs no table
}

func (c *Console) show(w http.ResponseWriter, r *http.Request) error {
	b, err := c.existing(r)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s is in %s, its rule is %s, and it has %d object(s)\n", b.Name, b.Region, Rule(b.Rule), c.OSS.Objects(b.Name))
	return nil
}

// existing returns the bucket that the path names.
func (c *Console) existing(r *http.Request, known ...string) (localoss.Bucket, error) {
	if err := parameters(r, known...); err != nil {
		return localoss.Bucket{}, err
	}
	b, ok := c.OSS.Bucket(r.PathValue("bucket"))
	if !ok {
		return b, refuse(http.StatusNotFound, "there is no bucket %q", r.PathValue("bucket"))
	}
	return b, nil
}

// Rule is a rule of the local OSS in the product's words.
func Rule(r localoss.Rule) string {
	return ossenc.Rule{Algorithm: r.Algorithm, KMSKeyID: r.KMSKeyID, KMSDataEncryption: r.KMSDataEncryption}.String()
}
