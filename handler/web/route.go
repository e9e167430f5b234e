package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one thing that a caller can ask for.
type route struct {
	method, path string // in path, {bucket} stands for one segment
	scope        Scope
	serve        func(*exchange) error
	// or is a scope that lets a caller in just as well; empty for none.
	or Scope
}

// pattern names the route in the log and in openapi.json.
func (r *route) pattern() string { return r.method + " " + r.path }

// routes are all there are, each with the scope that it needs.
var routes = []route{
	{"GET", "/healthz", scopePublic, (*exchange).health, ""},
	{"GET", "/openapi.json", scopeAny, (*exchange).openAPI, ""},
	{"GET", "/report", ScopeReport, (*exchange).report, ""},
	{"GET", "/buckets/{bucket}/encryption", ScopeReport, (*exchange).showRule, ""},
	{"PUT", "/buckets/{bucket}/encryption", ScopeApply, (*exchange).ensureRule, ""},
	{"DELETE", "/buckets/{bucket}/encryption", ScopeRemove, (*exchange).removeRule, ""},
	{"POST", "/events", ScopeEvents, (*exchange).receiveEvents, ""},
	{"POST", "/sweep", ScopeApply, (*exchange).sweep, ""},
	{"POST", "/apply", ScopeApply, (*exchange).apply, ScopeApprove},
	{"POST", "/restore", ScopeRemove, (*exchange).restore, ""},
}

// match is where a request leads.
type match struct {
	route  *route   // nil if there is no such path, or no such method on it
	bucket string   // what stands for {bucket}
	allow  []string // the methods that the path has; empty if there is no such path
}

// find returns where a request leads, as [http.ServeMux] would find it. That one is
// not used because it answers at once: here the caller is checked before anything
// is answered, even that there is no such path.
func find(r *http.Request) match {
	var m match
	path := r.URL.EscapedPath()
	for i := range routes {
		bucket, ok := matchPath(routes[i].path, path)
		if !ok {
			continue
		}
		m.bucket = bucket
		m.allow = append(m.allow, routes[i].method)
		if routes[i].method == http.MethodGet {
			m.allow = append(m.allow, http.MethodHead)
		}
		if r.Method == routes[i].method || r.Method == http.MethodHead && routes[i].method == http.MethodGet {
			m.route = &routes[i]
		}
	}
	slices.Sort(m.allow)
	return m
}

// matchPath compares an escaped path segment by segment, so that a %2F stays inside
// its segment. A path that is not in its shortest form matches nothing.
func matchPath(pattern, path string) (bucket string, ok bool) {
	for pattern != "" && path != "" {
		var want, got string
		want, pattern = firstSegment(pattern)
		got, path = firstSegment(path)
		if got == "" || got == "." || got == ".." {
			return "", false
		}
		got, err := url.PathUnescape(got)
		if err != nil {
			return "", false
		}
		switch {
		case want == "{bucket}":
			bucket = got
		case want != got:
			return "", false
		}
	}
	return bucket, pattern == "" && path == ""
}

// firstSegment returns what stands between the first slash and the next, and the
// rest from that on; "" where path does not begin with a slash.
func firstSegment(path string) (segment, rest string) {
	if path[0] != '/' {
		return "", path
	}
	segment = path[1:]
	if i := strings.IndexByte(segment, '/'); i >= 0 {
		return segment[:i], segment[i:]
	}
	return segment, ""
}
