package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"bucketwarden/handler/strictjson"
	"bucketwarden/ossenc"
)

// httpEvent is the part that is read of an HTTP trigger's event, version v1. People write
// such events too, to invoke the function by its name: a body or a query of another type
// is an error, because without it the request would ask for more than they meant.
type httpEvent struct {
	RawPath         text                     `json:"rawPath"`
	Body            string                   `json:"body"`
	IsBase64Encoded json.RawMessage          `json:"isBase64Encoded"`
	Headers         lenient[map[string]text] `json:"headers"`
	QueryParameters map[string]string        `json:"queryParameters"`
	RequestContext  lenient[struct {
		DomainName text `json:"domainName"`
		HTTP       struct {
			Method   text `json:"method"`
			Path     text `json:"path"`
			SourceIP text `json:"sourceIp"`
		} `json:"http"`
	}] `json:"requestContext"`
}

// httpAnswer is what the HTTP trigger makes its response of. All members are
// always there: what the platform does without one is not documented.
type httpAnswer struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

// Trigger answers the event of an HTTP trigger, version v1, as that wants it
// answered. It never fails: what goes wrong is a status.
func (web *Web) Trigger(ctx context.Context, payload []byte) json.RawMessage {
	return serveTrigger(ctx, web, payload)
}

func serveTrigger(ctx context.Context, h http.Handler, payload []byte) json.RawMessage {
	var e httpEvent
	rec := &recorder{header: http.Header{}}
	err := json.Unmarshal(payload, &e)
	if err != nil {
		err = problemf(ossenc.Invalid, "the event of the HTTP trigger cannot be read (body is a text, queryParameters an object of texts): %s", strictjson.Where(err))
	}
	var req *http.Request
	if err == nil {
		req, err = e.request(ctx)
	}
	if err != nil {
		x := &exchange{ResponseWriter: rec, requestID: ossenc.RequestIDFrom(ctx)}
		setSecurityHeaders(rec.header)
		x.fail(err)
	} else {
		h.ServeHTTP(rec, req)
	}
	body, err := rec.answer(e.method()).encode()
	if err != nil { // a struct of strings always encodes
		return json.RawMessage(`{"statusCode":500,"headers":{},"isBase64Encoded":false,"body":""}`)
	}
	return body
}

func (e *httpEvent) method() string { return string(e.RequestContext.v.HTTP.Method) }

// request turns the event back into the request that it was made of. The path is
// taken from rawPath, which is still escaped, so that a %2F stays inside its
// segment.
func (e *httpEvent) request(ctx context.Context) (*http.Request, error) {
	u, err := e.url()
	if err != nil {
		return nil, err
	}
	body, err := e.body()
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	for name, value := range e.Headers.v { // names in any case, values joined by commas
		header.Add(name, string(value))
	}
	host := header.Get("Host")
	if host == "" {
		host = string(e.RequestContext.v.DomainName)
	}
	req := &http.Request{
		Method: e.method(), URL: u, Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		RemoteAddr: net.JoinHostPort(string(e.RequestContext.v.HTTP.SourceIP), "0"),
	}
	return req.WithContext(ctx), nil
}

func (e *httpEvent) url() (*url.URL, error) {
	u := &url.URL{Path: string(e.RequestContext.v.HTTP.Path)}
	if raw := string(e.RawPath); raw != "" {
		path, err := url.PathUnescape(raw)
		if err != nil {
			return nil, problemf(ossenc.Invalid, "the path is not well-formed")
		}
		u.Path, u.RawPath = path, raw
	}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path, u.RawPath = "/"+u.Path, ""
	}
	query := url.Values{}
	for name, value := range e.QueryParameters {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	return u, nil
}

func (e *httpEvent) body() ([]byte, error) {
	if flag := strings.Trim(string(e.IsBase64Encoded), `"`); flag != "true" {
		return []byte(e.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, problemf(ossenc.Invalid, "the body is not base64, as isBase64Encoded says")
	}
	return body, nil
}

// text takes any JSON value and keeps it if it is a string: the types of fields
// drift between the documents and the events that arrive.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] == '"' && json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// lenient takes any JSON value and keeps it if it fits T.
type lenient[T any] struct{ v T }

// UnmarshalJSON never fails.
func (l *lenient[T]) UnmarshalJSON(b []byte) error {
	var v T
	if json.Unmarshal(b, &v) == nil {
		l.v = v
	}
	return nil
}
