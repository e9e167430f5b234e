// Package canned is an [http.RoundTripper] for tests of clients: it answers from a
// list and remembers what it was asked, without sockets, so that time can be a
// test's (testing/synctest).
package canned

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// Answer is one answer, or the network's error in place of one.
type Answer struct {
	Status int // 200 if 0
	Header http.Header
	Body   string
	Err    error
}

// Request is what was asked.
type Request struct {
	*http.Request
	// Text is the body.
	Text string
}

// Transport gives its answers in turn, and the last one from then on. It is safe
// for concurrent use.
type Transport struct {
	Answers []Answer

	mu   sync.Mutex
	seen []Request
}

// RoundTrip answers one request; the context's end comes before every answer.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	a := t.next(Request{r, string(body)})
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if a.Err != nil {
		return nil, a.Err
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	if a.Header == nil {
		a.Header = http.Header{}
	}
	return &http.Response{StatusCode: a.Status, Header: a.Header, Body: io.NopCloser(bytes.NewReader([]byte(a.Body))), Request: r}, nil
}

func (t *Transport) next(r Request) Answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = append(t.seen, r)
	return t.Answers[min(len(t.seen), len(t.Answers))-1]
}

// Requests returns what was asked so far, in order.
func (t *Transport) Requests() []Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen
}
