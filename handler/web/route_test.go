package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// serveMux has the same routes, and says in the context of the request which one
// it took.
func serveMux(took *string, bucket *string) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern(), func(_ http.ResponseWriter, req *http.Request) {
			*took, *bucket = r.pattern(), req.PathValue("bucket")
		})
	}
	return mux
}

// header keeps the headers of an answer only.
type header http.Header

func (h header) Header() http.Header         { return http.Header(h) }
func (h header) Write(b []byte) (int, error) { return len(b), nil }
func (h header) WriteHeader(int)             {}

// FuzzFind compares our routes with those of [http.ServeMux]: the same route, the
// same bucket, the same methods in Allow. Only a path that the mux would redirect
// from, because it is not in its shortest form, is one that we do not have.
func FuzzFind(f *testing.F) {
	for _, path := range []string{
		"/healthz", "/report", "/report/", "//report", "/%72eport", "/buckets/a/encryption", "/buckets/a%2Fb/encryption", "/buckets/%2e%2e/encryption",
		"/buckets/../encryption", "/buckets//encryption", "/buckets/{bucket}/encryption", "/buckets/a/encryption/", "/", "*", "", "/events%2f", "/./report", "/buckets/a%20b/encryption",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "POST", "BREW", "OPTIONS"} {
			f.Add(method, path)
		}
	}
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || method == http.MethodConnect || u.Host != "" || u.RawQuery != "" || method == "" || strings.ContainsAny(method, " \t\r\n/") {
			return // not what a server hands to a handler
		}
		req := (&http.Request{Method: method, URL: u, Header: http.Header{}, Host: "h"}).WithContext(t.Context())
		got := find(req)
		var took, bucket string
		answer := header{}
		serveMux(&took, &bucket).ServeHTTP(answer, req)
		if answer.Header().Get("Location") != "" {
			took, bucket = "", ""
			answer.Header().Del("Allow")
			if got.route != nil {
				t.Errorf("%s %s is not in its shortest form and leads to %s", method, path, got.route.pattern())
			}
			return
		}
		pattern := ""
		if got.route != nil {
			pattern = got.route.pattern()
		}
		if pattern != took || got.route != nil && got.bucket != bucket {
			t.Errorf("%s %s: %q, bucket %q; the mux takes %q, %q", method, path, pattern, got.bucket, took, bucket)
		}
		if allow := strings.Join(got.allow, ", "); got.route == nil && allow != answer.Header().Get("Allow") {
			t.Errorf("%s %s: Allow %q, the mux says %q", method, path, allow, answer.Header().Get("Allow"))
		}
	})
}
