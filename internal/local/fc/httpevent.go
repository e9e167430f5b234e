package fc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The HTTP trigger's limits on what it passes on.
const (
	maxHeaders = 8 << 10
	maxTarget  = 4 << 10
)

// httpEvent is an HTTP request as a go1 function receives it.
type httpEvent struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"`
	RequestContext  httpContext       `json:"requestContext"`
}

type httpContext struct {
	AccountID    string      `json:"accountId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpRequest `json:"http"`
	RequestID    string      `json:"requestId"`
	Time         string      `json:"time"`
	TimeEpoch    string      `json:"timeEpoch"`
}

type httpRequest struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// event turns r, whose body was read, into the event of version v1.
func (c Config) event(r *http.Request, body []byte, id string, now time.Time) httpEvent {
	text, encoded := encodeBody(body, r.Header.Get("Content-Type"))
	domain := hostOf(r.Host)
	prefix, _, _ := strings.Cut(domain, ".")
	return httpEvent{
		Version: "v1", RawPath: r.URL.EscapedPath(), Body: text, IsBase64Encoded: encoded,
		Headers: joined(passed(r)), QueryParameters: joined(r.URL.Query()),
		RequestContext: httpContext{
			AccountID: c.AccountID, DomainName: domain, DomainPrefix: prefix,
			HTTP: httpRequest{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto,
				SourceIP: hostOf(r.RemoteAddr), UserAgent: r.UserAgent(),
			},
			RequestID: id,
			Time:      now.UTC().Format(time.RFC3339),
			TimeEpoch: strconv.FormatInt(now.UnixMilli(), 10),
		},
	}
}

// hostOf drops the port, if any.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}

// joined gives each key one value, as the trigger does.
func joined(values map[string][]string) map[string]string {
	one := make(map[string]string, len(values))
	for key, all := range values {
		one[key] = strings.Join(all, ",")
	}
	return one
}

// passed returns the headers that reach the function: neither those that the
// platform keeps for itself nor those of the connection.
func passed(r *http.Request) http.Header {
	h := r.Header.Clone()
	dropReserved(h, "Connection", "Keep-Alive")
	h.Set("Host", r.Host)
	return h
}

// dropReserved removes x-fc-* and the names given.
func dropReserved(h http.Header, names ...string) {
	for name := range h {
		if strings.HasPrefix(strings.ToLower(name), "x-fc-") || slices.Contains(names, name) {
			delete(h, name)
		}
	}
}

// encodeBody returns the body as text, in base64 when it is binary. Which
// content types count as binary is an assumption; what is not UTF-8 has no
// other way into JSON.
func encodeBody(body []byte, contentType string) (text string, encoded bool) {
	if isText(contentType) && utf8.Valid(body) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

func isText(contentType string) bool {
	if contentType == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml") ||
		slices.Contains([]string{
			"application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded",
		}, media)
}

// checkLimits refuses what the trigger refuses with InvalidArgument.
func checkLimits(r *http.Request) error {
	if sizeOf(r.Header) > maxHeaders {
		return fmt.Errorf("headers size exceeds maximum allowed size (%d bytes)", maxHeaders)
	}
	if len(r.URL.RequestURI()) > maxTarget {
		return fmt.Errorf("path and query size exceeds maximum allowed size (%d bytes)", maxTarget)
	}
	if r.ContentLength > maxSyncPayload {
		return errors.New("body size exceeds maximum allowed size")
	}
	return nil
}

func sizeOf(h http.Header) int {
	n := 0
	for name, values := range h {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	return n
}
