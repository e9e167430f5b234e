package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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

// pieceLength is how many bytes of a body are encoded at a time.
const pieceLength = 32 << 10

// encode returns the answer as JSON, as json.Marshal does, but in pieces: the body of a
// report has megabytes, and a buffer that grows to it leaves several times that behind.
func (a httpAnswer) encode() (json.RawMessage, error) {
	body := a.Body
	a.Body = ""
	head, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	end := len(head) - len(`"}`) // the body is the last member
	out := append(make([]byte, 0, len(head)+len(body)+len(body)/4), head[:end]...)
	for len(body) > 0 {
		n := min(len(body), pieceLength)
		for n < len(body) && n > pieceLength-utf8.UTFMax && !utf8.RuneStart(body[n]) {
			n--
		}
		piece, err := json.Marshal(body[:n])
		if err != nil {
			return nil, err
		}
		out = append(out, piece[1:len(piece)-1]...)
		body = body[n:]
	}
	return append(out, head[end:]...), nil
}
