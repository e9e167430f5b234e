package handler

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bucketwarden/ossenc"
)

// The codes that only HTTP has.
const (
	codeUnauthorized ossenc.Code = "unauthorized" // who asks is not known
	codeForbidden    ossenc.Code = "forbidden"    // who asks may not
	codeNoRoute      ossenc.Code = "no_such_path"
	codeMethod       ossenc.Code = "method_not_allowed"
	codeAcceptable   ossenc.Code = "not_acceptable" // no format that the caller takes
	codeTooLarge     ossenc.Code = "too_large"
	codeMediaType    ossenc.Code = "unsupported_media_type"
)

// statusOf gives every code its HTTP status.
func statusOf(code ossenc.Code) int {
	switch code {
	case ossenc.Invalid:
		return http.StatusBadRequest
	case ossenc.Denied, codeForbidden:
		return http.StatusForbidden
	case ossenc.NotFound, codeNoRoute:
		return http.StatusNotFound
	case ossenc.Refused, ossenc.Unrecognized, ossenc.ForeignKey:
		return http.StatusConflict
	case ossenc.Throttled:
		return http.StatusServiceUnavailable
	case ossenc.Unavailable:
		return http.StatusBadGateway
	case ossenc.Unconfirmed, ossenc.Deadline:
		return http.StatusGatewayTimeout
	case codeUnauthorized:
		return http.StatusUnauthorized
	case codeMethod:
		return http.StatusMethodNotAllowed
	case codeAcceptable:
		return http.StatusNotAcceptable
	case codeTooLarge:
		return http.StatusRequestEntityTooLarge
	case codeMediaType:
		return http.StatusUnsupportedMediaType
	}
	return http.StatusInternalServerError // ossenc.Internal, and what nobody knows
}

// problem is an answer other than 200 (RFC 9457). Its type is about:blank: the
// code says what kind of problem it is.
type problem struct {
	Type         string         `json:"type"`
	Title        string         `json:"title"`
	Status       int            `json:"status"`
	Detail       string         `json:"detail"`
	Code         ossenc.Code    `json:"code"`
	OSSCode      string         `json:"oss_code,omitempty"`
	OSSRequestID string         `json:"oss_request_id,omitempty"`
	RequestID    string         `json:"request_id,omitempty"`
	Result       *ossenc.Result `json:"result,omitempty"`
	Results      []Result       `json:"results,omitempty"`
	Sweep        *sweepAnswer   `json:"sweep,omitempty"`

	header http.Header
}

// Error returns the detail, which is safe to show.
func (p *problem) Error() string { return p.Detail }

func problemf(code ossenc.Code, format string, args ...any) *problem {
	status := statusOf(code)
	p := &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
	if code == ossenc.Throttled {
		p.header = http.Header{"Retry-After": {"1"}}
	}
	return p
}

// problemOf returns the problem that err is or stands for.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	// Several errors are joined by line feeds.
	p := problemf(ossenc.CodeOf(err), "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	if e, ok := errors.AsType[*ossenc.Error](err); ok {
		p.OSSCode, p.OSSRequestID = e.OSSCode, e.RequestID
		return p
	}
	p.Detail = "an error that nothing accounts for" // its text may hold anything
	return p
}
