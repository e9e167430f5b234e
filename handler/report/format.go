package report

import "slices"

// Format is one form of a report.
type Format struct {
	// Name is what ?format= takes: json, html, csv or prometheus.
	Name string
	// ContentType is the media type with its parameters.
	ContentType string
	// Accept are the media types that ask for it.
	Accept []string
	// Filename is the name to save it under; empty for none.
	Filename string
	// Localized is whether it is written in [View.Language].
	Localized bool
	// Policy returns the Content-Security-Policy that a browser needs to show it;
	// nil if the strictest will do.
	Policy func() string

	writer func(*printer, View) writer
}

// formats are in the order of preference. To add one: an entry here, its writer in
// a file of its own, docs/http.md and web/openapi.json.
var formats = []Format{
	{Name: "json", ContentType: "application/json", Accept: []string{"application/json"}, writer: newJSON},
	{Name: "html", ContentType: "text/html; charset=utf-8", Accept: []string{"text/html", "application/xhtml+xml"}, Localized: true, Policy: pagePolicy, writer: newPage},
	{Name: "csv", ContentType: "text/csv; charset=utf-8; header=present", Accept: []string{"text/csv"}, Filename: "bucketwarden-report.csv", writer: newCSV},
	{Name: "prometheus", ContentType: "text/plain; version=0.0.4; charset=utf-8", Accept: []string{"text/plain"}, writer: newPrometheus},
}

// Formats returns all formats, the preferred first.
func Formats() []Format { return slices.Clone(formats) }

// FormatNamed returns the format with this name.
func FormatNamed(name string) (_ Format, ok bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return formats[i], true
}
