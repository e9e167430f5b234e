package report

import (
	"slices"

	"bucketwarden/ossenc"
)

// Format is one form of a report.
type Format struct {
	// Name is what ?format= takes, such as json.
	Name string
	// ContentType is the media type with its parameters.
	ContentType string
	// Accept are the media types that ask for it.
	Accept []string
	// Filename is the name to save it under; empty for none.
	Filename string
	// Localized is whether it is written in [View.Language].
	Localized bool
	// NeedsPolicy is whether it can be written of what a policy file decides only.
	NeedsPolicy bool
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
	{Name: "ocsf", ContentType: "application/x-ndjson", Accept: []string{"application/x-ndjson", "application/jsonl"}, Filename: "bucketwarden-report.ocsf.jsonl", writer: newOCSF},
	{Name: "junit", ContentType: "application/xml; charset=utf-8", Accept: []string{"application/xml", "text/xml"}, Filename: "bucketwarden-report.junit.xml", writer: newJUnit},
	{Name: "sarif", ContentType: "application/sarif+json", Accept: []string{"application/sarif+json"}, Filename: "bucketwarden-report.sarif", NeedsPolicy: true, writer: newSARIF},
}

// Formats returns all formats, the preferred first.
func Formats() []Format { return slices.Clone(formats) }

// Names returns the names of all formats, the preferred first.
func Names() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// Check returns why the format cannot show the view; nil if it can.
func (f Format) Check(v View) error {
	if f.NeedsPolicy && v.Origin.Policy == nil {
		return &Error{Code: ossenc.Invalid, Detail: f.Name + " points at the lines of a policy file, and no policy file decides here; the other formats need none"}
	}
	return nil
}

// FormatNamed returns the format with this name.
func FormatNamed(name string) (_ Format, ok bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return formats[i], true
}
