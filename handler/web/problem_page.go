package web

import (
	"net/http"
	"slices"
	"strings"

	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// isForBrowser reports whether a person reads the answer: the request reads, and its
// Accept header names HTML and likes it better than what programs take.
func (x *exchange) isForBrowser() bool {
	if x.req == nil || x.req.Method != http.MethodGet && x.req.Method != http.MethodHead { // nil: an event of the trigger without a request
		return false
	}
	ranges := weighted(strings.Join(x.req.Header.Values("Accept"), ","))
	names := slices.ContainsFunc(ranges, func(p preference) bool {
		return p.value == "text/html" || p.value == "application/xhtml+xml"
	})
	html := weightOf(ranges, "text/html")
	return names && html > weightOf(ranges, "application/json") && html > weightOf(ranges, "application/problem+json")
}

// showProblem answers a browser with a page that says what to do.
func (x *exchange) showProblem(p *problem) {
	language, err := chooseLanguage(x.req.URL.Query().Get("lang"), x.req.Header.Get("Accept-Language"))
	if err != nil {
		language = "en"
	}
	h := x.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", report.LanguageTag(language))
	h.Set("Content-Security-Policy", report.ProblemPolicy()+"; frame-ancestors 'none'")
	h.Set("Vary", "Accept, Accept-Language")
	h.Del("Content-Disposition")
	x.WriteHeader(p.Status)
	_ = report.WriteProblem(x, report.Problem{ // a caller that has gone needs nothing
		Status: p.Status, Advice: x.advice(p), Detail: p.Detail, Code: string(p.Code), RequestID: p.RequestID,
		Language: language, BaseURL: baseURL(x.req),
	})
}

// advice says what the reader of a problem can do.
func (x *exchange) advice(p *problem) report.Advice {
	switch p.Code {
	case codeUnauthorized:
		return report.AdviceToken
	case codeForbidden:
		if x.web.auth.Mode == AuthNone {
			return report.AdviceClosed
		}
		return report.AdviceScope
	case ossenc.Denied:
		return report.AdviceCloud
	case codeNoRoute:
		return report.AdvicePath
	case ossenc.NotFound:
		return report.AdviceBucket
	case ossenc.Invalid, codeMethod, codeAcceptable:
		return report.AdviceQuery
	}
	return report.AdviceOther
}
