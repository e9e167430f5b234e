// Package remote reaches the deployed function over HTTP: with signed requests, with
// a token, or by invoking it by its name. `bucketwarden call` makes one request;
// `bucketwarden open` is a proxy on this machine that a browser can use.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/ossenc"
)

// maxBody bounds the body of a request, in bytes. The function takes no more over
// HTTP.
const maxBody = 1 << 20

// request is one HTTP request to the deployed function, without what lets it in.
type request struct {
	method string
	path   string     // decoded; has only characters that need no escape
	query  url.Values // one value for each name
	header http.Header
	body   []byte
}

// answer is what the function answered. The body must be closed.
type answer struct {
	status int
	header http.Header
	body   io.ReadCloser
}

// sender carries a request to the deployed function, with what lets it in.
type sender interface {
	send(ctx context.Context, q request) (*answer, error)
}

// plainPath are the paths that all ways of signing agree on. The function has no
// others; how an escaped path is signed is documented nowhere.
var plainPath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/[A-Za-z0-9._~/-]*$`) })

// newRequest reads a path with its query. What could be signed or passed on in two
// ways is refused.
func newRequest(method, target string) (request, error) {
	path, rawQuery, _ := strings.Cut(target, "?")
	if !plainPath().MatchString(path) || strings.Contains(path, "//") || strings.Contains(path+"/", "/../") || strings.Contains(path+"/", "/./") {
		return request{}, fmt.Errorf("%.80q is not a path of the function, such as /report", path)
	}
	if strings.Contains(rawQuery, "#") {
		return request{}, errors.New("the address has a fragment (#), which is never sent")
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return request{}, errors.New("the part after ? is not a well-formed query")
	}
	for name, values := range query {
		if len(values) > 1 {
			return request{}, fmt.Errorf("the parameter %.40q is given %d times; a signature covers one value", name, len(values))
		}
	}
	return request{method: method, path: path, query: query, header: http.Header{}}, nil
}

// encoded returns the query as it is sent, with %20 for a space.
func (q request) encoded() string { return strings.ReplaceAll(q.query.Encode(), "+", "%20") }

// failed is the error of a request without an answer that can be used.
func failed(err error) error {
	if e, ok := errors.AsType[*ossenc.Error](err); ok && e.OSSCode == "FunctionNotFound" {
		return &app.Error{Exit: app.Incomplete, Err: err, Next: "--function, --region and --account say which function; --region is the function's own region"}
	}
	return err
}

// isReading reports whether a method changes nothing.
func isReading(method string) bool { return method == http.MethodGet || method == http.MethodHead }
