package web

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"
)

// recorder keeps an answer until it is complete.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// connectionHeaders belong to the connection, which is the platform's.
var connectionHeaders = []string{"Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Transfer-Encoding", "Upgrade"}

func (r *recorder) answer(method string) httpAnswer {
	r.WriteHeader(http.StatusOK)
	for _, name := range connectionHeaders {
		r.header.Del(name)
	}
	a := httpAnswer{StatusCode: r.status, Headers: map[string]string{}}
	for name, values := range r.header {
		a.Headers[name] = strings.Join(values, ", ")
	}
	switch {
	case method == http.MethodHead:
	case utf8.Valid(r.body.Bytes()):
		a.Body = r.body.String()
	default:
		a.Body, a.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.body.Bytes()), true
	}
	return a
}
