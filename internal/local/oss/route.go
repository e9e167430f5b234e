package oss

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// routes are the operations on what the request names, and how messages call it.
func (c *call) routes() (routes map[string]methods, of string) {
	switch {
	case c.target.bucket == "":
		return serviceRoutes(), "without a bucket"
	case c.target.key == "":
		return bucketRoutes(), "of a bucket"
	}
	return objectRoutes(), "of an object"
}

// route names and finds the operation of a request.
func (c *call) route() (string, operation) {
	routes, of := c.routes()
	sub, f := c.subResource()
	found, ok := routes[sub]
	r, allowed := found[c.http.Method]
	switch {
	case f != nil:
	case !ok:
		f = notHere("?" + sub + " " + of)
	case !allowed:
		f = methodNotAllowed(c, found)
	case sub == "":
		f = c.stray()
	}
	if f != nil {
		return "Unknown", c.refuse(f)
	}
	return c.copyName(r.name), r.operate
}

// stray refuses a plain write with parameters of another call: nothing is created,
// overwritten or deleted by a call that may mean something else.
func (c *call) stray() *failure {
	if c.http.Method == http.MethodGet || c.http.Method == http.MethodHead {
		return nil
	}
	if names := ownParameters(c.query); c.target.key == "" && len(names) > 0 {
		return notHere("?" + names[0])
	}
	switch {
	case c.query.Has("partNumber"):
		return invalidArgument("The parameter partNumber goes with uploadId only.", "")
	case c.query.Has("position"):
		return invalidArgument("The parameter position goes with append only.", "")
	}
	return nil
}

// copyName is what a call is named whose body is another object.
func (c *call) copyName(name string) string {
	if c.http.Header.Get("x-oss-copy-source") == "" {
		return name
	}
	switch name {
	case "PutObject":
		return "CopyObject"
	case "UploadPart":
		return "UploadPartCopy"
	}
	return name
}

// subResource is the one that the query names, or none. A query that names two
// means one of two calls, so it is refused. Parameters that are none are ignored,
// as the service does.
func (c *call) subResource() (string, *failure) {
	var found []string
	for name := range c.query {
		if c.target.bucket == "" && name == "tagging" { // a filter of the list
			continue
		}
		_, ofService := serviceRoutes()[name]
		_, ofBucket := bucketRoutes()[name]
		_, ofObject := objectRoutes()[name]
		if name != "" && (ofService || ofBucket || ofObject) || slices.Contains(absent(), name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", invalidArgument("The query names more than one sub-resource: "+strings.Join(found, ", ")+".", "")
}

// ownParameters are those that do not belong to a signed URL, sorted.
func ownParameters(query url.Values) []string {
	var names []string
	for name := range query {
		if !strings.HasPrefix(name, "x-oss-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// refuse fails with f. A bucket that does not exist is reported first.
func (c *call) refuse(f *failure) operation {
	if c.target.bucket == "" {
		return func(*Server, *call) (answer, *failure) { return answer{}, f }
	}
	return anywhere(func(*Server, *call, *bucketState) (answer, *failure) { return answer{}, f })
}

func methodNotAllowed(c *call, allowed methods) *failure {
	var names []string
	for method := range allowed {
		names = append(names, method)
	}
	slices.Sort(names)
	f := known("MethodNotAllowed").with("Method", c.http.Method)
	f.allow = strings.Join(names, ", ")
	return f
}
