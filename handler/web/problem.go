package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bucketwarden/handler/report"
	"bucketwarden/handler/service"
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
	case ossenc.Refused, ossenc.Unrecognized, ossenc.ForeignKey, ossenc.Contested:
		return http.StatusConflict
	case ossenc.Throttled, ossenc.NotYet:
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
	return http.StatusInternalServerError // ossenc.Internal, and what is not listed
}

// problem is an answer other than 200 (RFC 9457). Its type is about:blank: the
// code says what kind of problem it is.
type problem struct {
	Type         string               `json:"type"`
	Title        string               `json:"title"`
	Status       int                  `json:"status"`
	Detail       string               `json:"detail"`
	Code         ossenc.Code          `json:"code"`
	OSSCode      string               `json:"oss_code,omitempty"`
	OSSRequestID string               `json:"oss_request_id,omitempty"`
	RequestID    string               `json:"request_id,omitempty"`
	Result       *ossenc.Result       `json:"result,omitempty"`
	Results      []service.Result     `json:"results,omitempty"`
	Sweep        *service.SweepResult `json:"sweep,omitempty"`

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

// problemOf returns the problem that err stands for, and the cause that it does not
// repeat, for the log.
func problemOf(err error) (_ *problem, cause error) {
	if p, ok := errors.AsType[*problem](err); ok {
		return p, nil
	}
	e := report.ErrorOf(err)
	p := problemf(e.Code, "%s", e.Detail)
	p.OSSCode, p.OSSRequestID = e.OSSCode, e.OSSRequestID
	return p, e.Cause
}

// invalid is the problem of a request that makes no sense.
func invalid(err error) *problem { return problemf(ossenc.Invalid, "%s", err) }

// noRoute says that there is no such path, or no such method on it.
func noRoute(allow []string) *problem {
	if len(allow) == 0 {
		return problemf(codeNoRoute, "there is no such path; see /openapi.json")
	}
	methods := strings.Join(allow, ", ")
	p := problemf(codeMethod, "this path takes %s", methods)
	p.header = http.Header{"Allow": {methods}}
	return p
}
