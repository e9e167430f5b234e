package handler

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// reportFormat is one form of a report.
type reportFormat struct {
	name        string // what ?format= takes
	contentType string
	accept      []string // media types that mean it
	writer      func(*exchange, reportQuery) reportWriter
}

// reportFormats are in the order in which one is taken where the caller does not
// mind.
var reportFormats = []reportFormat{
	{"json", "application/json", []string{"application/json"}, newJSONReport},
	{"html", "text/html; charset=utf-8", []string{"text/html", "application/xhtml+xml"}, newPage},
	{"csv", "text/csv; charset=utf-8; header=present", []string{"text/csv"}, newCSVReport},
	{"prometheus", "text/plain; version=0.0.4; charset=utf-8", []string{"text/plain"}, newPrometheusReport},
}

// chooseFormat takes the name that was asked for, else what the Accept header
// likes best (RFC 9110, section 12.5.1).
func chooseFormat(name string, accept []string) (reportFormat, error) {
	ranges := weighted(strings.Join(accept, ","))
	best, bestQ := reportFormat{}, 0.0
	for _, f := range reportFormats {
		if f.name == name {
			return f, nil
		}
		for _, media := range f.accept {
			if q := weightOf(ranges, media); q > bestQ {
				best, bestQ = f, q
			}
		}
	}
	switch {
	case name != "":
		return reportFormat{}, problemf(ossenc.Invalid, "format=%.40q is none of json, html, csv, prometheus", name)
	case bestQ == 0:
		return reportFormat{}, problemf(codeAcceptable, "the report comes as application/json, text/html, text/csv or text/plain (Prometheus)")
	}
	return best, nil
}

// preference is one element of an Accept or Accept-Language header.
type preference struct {
	value string
	q     float64
}

// weighted reads such a header; an empty one accepts everything.
func weighted(header string) []preference {
	if strings.TrimSpace(header) == "" {
		return []preference{{"*/*", 1}}
	}
	var all []preference
	for part := range strings.SplitSeq(strings.ToLower(header), ",") {
		value, parameters, _ := strings.Cut(part, ";")
		p := preference{strings.TrimSpace(value), 1}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if s, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
				q, err := strconv.ParseFloat(s, 64)
				if err != nil || !(q >= 0 && q <= 1) {
					q = 0
				}
				p.q = q
			}
		}
		all = append(all, p)
	}
	return all
}

// weightOf returns the q of the most specific range that media falls in.
func weightOf(ranges []preference, media string) float64 {
	kind, _, _ := strings.Cut(media, "/")
	for _, value := range []string{media, kind + "/*", "*/*"} {
		if i := slices.IndexFunc(ranges, func(p preference) bool { return p.value == value }); i >= 0 {
			return ranges[i].q
		}
	}
	return 0
}

// chooseLanguage takes the language that was asked for, else what the
// Accept-Language header likes best, else English.
func chooseLanguage(name, header string) (string, error) {
	if _, ok := pageTexts()[name]; ok {
		return name, nil
	}
	if name != "" {
		return "", problemf(ossenc.Invalid, "lang=%.20q is none of en, ja, zh", name)
	}
	wishes := weighted(header)
	sort.SliceStable(wishes, func(i, j int) bool { return wishes[i].q > wishes[j].q })
	for _, w := range wishes {
		language, _, _ := strings.Cut(w.value, "-")
		if _, ok := pageTexts()[language]; ok && w.q > 0 {
			return language, nil
		}
	}
	return "en", nil
}
