package web

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// chooseFormat takes the name that was asked for, else what the Accept header
// prefers (RFC 9110, section 12.5.1).
func chooseFormat(name string, accept []string) (report.Format, error) {
	ranges := weighted(strings.Join(accept, ","))
	best, bestQ := report.Format{}, 0.0
	for _, f := range report.Formats() {
		if f.Name == name {
			return f, nil
		}
		for _, media := range f.Accept {
			if q := weightOf(ranges, media); q > bestQ {
				best, bestQ = f, q
			}
		}
	}
	switch {
	case name != "":
		return report.Format{}, problemf(ossenc.Invalid, "format=%.40q is none of %s", name, strings.Join(report.Names(), ", "))
	case bestQ == 0:
		return report.Format{}, problemf(codeAcceptable, "the report comes as %s", strings.Join(mediaTypes(), ", "))
	}
	return best, nil
}

// mediaTypes returns the media type of each format, with the format's name where it
// says more.
func mediaTypes() []string {
	var all []string
	for _, f := range report.Formats() {
		media := f.Accept[0]
		if !strings.HasSuffix(media, f.Name) {
			media += " (" + f.Name + ")"
		}
		all = append(all, media)
	}
	return all
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
// Accept-Language header prefers, else English.
func chooseLanguage(name, header string) (string, error) {
	if language, ok := report.LanguageNamed(name); ok {
		return language, nil
	}
	if name != "" {
		return "", problemf(ossenc.Invalid, "lang=%.20q is none of en, ja, zh", name)
	}
	wishes := weighted(header)
	sort.SliceStable(wishes, func(i, j int) bool { return wishes[i].q > wishes[j].q })
	for _, w := range wishes {
		language, _, _ := strings.Cut(w.value, "-")
		if slices.Contains(report.Languages(), language) && w.q > 0 {
			return language, nil
		}
	}
	return "en", nil
}
