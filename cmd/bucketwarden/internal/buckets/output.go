package buckets

import (
	"bufio"
	"cmp"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/files"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// tableFormat is for people; the others are those of package report.
const tableFormat = "table"

// outputs are the flags that say how a report comes out.
type outputs struct {
	formats, files []string
	force          bool
}

func (o *outputs) flags(c *cobra.Command) {
	c.Flags().StringSliceVarP(&o.formats, "format", "f", nil, "format: "+strings.Join(formatNames(), ", ")+"; repeatable, in the order of --output")
	c.Flags().StringSliceVarP(&o.files, "output", "o", nil, "write to this file; repeatable. Without --format its ending says the format")
	c.Flags().BoolVar(&o.force, "force", false, "replace files that exist")
	app.FromEnv(c.Flags(), "format")
}

// pageLanguage returns the language that was asked for, else the one of the environment
// where the page has it, else English.
func pageLanguage(name string, env map[string]string) (string, error) {
	if name != "" {
		language, ok := report.LanguageNamed(name)
		if !ok {
			return "", app.Usagef("--lang: %.40q is not one of %s", name, strings.Join(report.Languages(), ", "))
		}
		return language, nil
	}
	locale := cmp.Or(env["LC_ALL"], env["LC_MESSAGES"], env["LANG"]) // as POSIX has them
	if i := strings.IndexAny(locale, "_-.@"); i >= 0 {
		locale = locale[:i]
	}
	language, _ := report.LanguageNamed(strings.ToLower(locale))
	return cmp.Or(language, "en"), nil
}

// FlagValues returns what the flags take that have few values, for shells to complete.
func FlagValues() map[string][]string {
	var kinds []string
	for _, f := range findings {
		kinds = append(kinds, string(f))
	}
	return map[string][]string{
		"format": formatNames(), "fail-on": kinds, "algorithm": {ossenc.AES256, ossenc.KMS, ossenc.SM4},
		"lang": report.Languages(), "kms-data-encryption": {ossenc.SM4}, "compare": {string(ossenc.Floor), string(ossenc.Exact)},
	}
}

func formatNames() []string {
	names := []string{tableFormat}
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// target is one report to write.
type target struct {
	format string
	file   string // empty for the output
}

// targets pairs the formats with the files: the first with the first, and so on. A
// format without a file goes to the output, where there is room for one.
func (o *outputs) targets() ([]target, error) {
	var all []target
	for i := range max(len(o.formats), len(o.files)) {
		var t target
		if i < len(o.files) {
			t.file = o.files[i]
		}
		if i < len(o.formats) {
			t.format = o.formats[i]
		} else {
			t.format = byEnding(t.file)
		}
		if t.file == "-" { // as elsewhere, the output
			t.file = ""
		}
		switch {
		case t.format == "":
			return nil, app.Usagef("--output %s: its ending does not say the format; add --format, one of %s", t.file, strings.Join(formatNames(), ", "))
		case !slices.Contains(formatNames(), t.format):
			return nil, app.Usagef("--format: %.40q is not one of %s", t.format, strings.Join(formatNames(), ", "))
		case t.file == "" && slices.ContainsFunc(all, func(other target) bool { return other.file == "" }):
			return nil, app.Usagef("two formats would go to the output; give --output for all but one")
		}
		all = append(all, t)
	}
	if len(all) == 0 {
		all = []target{{format: tableFormat}}
	}
	return all, o.ready(all)
}

// ready reports before anything is read that a file cannot be written, or that two are
// the same.
func (o *outputs) ready(all []target) error {
	for i, t := range all {
		if t.file == "" {
			continue
		}
		if slices.ContainsFunc(all[:i], func(other target) bool {
			return filepath.Clean(other.file) == filepath.Clean(t.file) && other.file != ""
		}) {
			return app.Usagef("--output %s is given twice", t.file)
		}
		if err := ready(t.file, o.force); err != nil {
			return err
		}
	}
	return nil
}

// ready reports that a file cannot be written; an empty name is none.
func ready(file string, force bool) error {
	if file == "" {
		return nil
	}
	return files.Ready(file, force)
}

// endings are the names of files that say their format.
var endings = map[string]string{
	".json": "json", ".csv": "csv", ".html": "html", ".htm": "html", ".prom": "prometheus", ".txt": tableFormat,
	".sarif": "sarif", ".xml": "junit", ".jsonl": "ocsf", ".ndjson": "ocsf", ".ocsf": "ocsf",
}

// byEnding is the format that the last ending says, or the one before it where that
// says more: report.sarif.json is SARIF.
func byEnding(file string) string {
	file = strings.ToLower(file)
	last := filepath.Ext(file)
	format := endings[last]
	if inner := endings[filepath.Ext(strings.TrimSuffix(file, last))]; last == ".json" && (inner == "sarif" || inner == "ocsf") {
		format = inner
	}
	if !slices.Contains(formatNames(), format) {
		return ""
	}
	return format
}

// write writes one report from the rows that source passes.
func (t target) write(a *app.App, o *outputs, v report.View, source report.Source) (*report.Summary, error) {
	var sum *report.Summary
	body := func(unbuffered io.Writer) (err error) {
		w := bufio.NewWriter(unbuffered) // a call for each row would cost a twentieth of a report
		defer func() { err = cmp.Or(err, w.Flush()) }()
		if t.format == tableFormat {
			sum, err = writeTableFrom(a.Terminal(), w, v, source)
			return err
		}
		f, _ := report.FormatNamed(t.format) // targets has checked it
		if sum, err = report.Write(w, f, v, source); err != nil {
			return err
		}
		return sum.WriteErr
	}
	if t.file == "" {
		return sum, body(a.Out)
	}
	err := files.Write(t.file, o.force, body)
	return sum, err
}

// writeTableFrom collects the rows, because the worst come first.
func writeTableFrom(t *term.Terminal, w io.Writer, v report.View, source report.Source) (*report.Summary, error) {
	json, _ := report.FormatNamed("json") // for its summary
	var rows []ossenc.Result
	sum, err := report.Write(io.Discard, json, v, func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		return source(func(r ossenc.Result) bool {
			rows = append(rows, r)
			return row(r)
		})
	})
	if err != nil {
		return sum, err
	}
	if err := writeTable(t, w, rows, changesIn(v)); err != nil {
		return sum, err
	}
	return sum, writeAccounts(t, w, sum.Accounts)
}

// changesIn says in a few words what became of a bucket since the earlier reports; nil
// without one.
func changesIn(v report.View) func(ossenc.Result) string {
	if v.History.IsEmpty() {
		return nil
	}
	return func(res ossenc.Result) string {
		change, since := v.History.Compare(res, v.Now)
		if change == report.ChangeOpen {
			return "open since " + since.UTC().Format(time.DateOnly)
		}
		return string(change)
	}
}
