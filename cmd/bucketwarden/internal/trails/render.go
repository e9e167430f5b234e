package trails

import (
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/ossenc/history"
)

//go:embed page.html
var pageText string

// page has the printable pages. They are parsed when one is written: no other verb
// waits for them.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"time":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"length": func(seconds int64) string { return length(time.Duration(seconds) * time.Second) },
		"words":  func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
		"by":     func(c *cause) string { return c.who() },
	}).Parse(pageText))
})

// who is the actor of a cause; the function itself is called so.
func (c *cause) who() string {
	switch {
	case c == nil:
		return ""
	case c.Own:
		return "the function (" + c.Name + ")"
	}
	return c.Actor.String()
}

// writerOf returns what writes a document in a format.
func writerOf(a *app.App, format string, d *document) func(io.Writer) error {
	switch format {
	case "json":
		return func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(d)
		}
	case "csv":
		return d.csv
	case "html":
		return func(w io.Writer) error { return page().ExecuteTemplate(w, "evidence", d) }
	}
	return func(w io.Writer) error { return d.table(a.Terminal(), w) }
}

// csv has a line for each window, and lines about the whole behind them.
func (d *document) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	line := func(cells ...string) { _ = out.Write(cells) } // the error stays with out
	line("account", "bucket", "region", "from", "to", "seconds", "state", "begun", "ending", "opened_by", "closed_by", "required", "policy_rule", "exempt", "objects_at_most")
	for _, b := range d.Buckets {
		atMost := ""
		if b.Objects != nil && b.Objects.Error == "" {
			atMost = strconv.FormatInt(b.Objects.AtMost, 10)
		}
		for _, w := range b.Windows {
			line(b.Account, b.Bucket, b.Region, w.From.Format(time.RFC3339), w.To.Format(time.RFC3339), strconv.FormatInt(w.Seconds, 10), string(w.State),
				strconv.FormatBool(w.Begun), string(w.Ending), w.OpenedBy.who(), w.ClosedBy.who(), b.Required.String(), b.PolicyRule, b.Exempt, atMost)
		}
	}
	about := func(name, value string) {
		line("", "", "", "", "", "", "evidence", "", name, value, "", "", "", "", "")
	}
	about("period", d.Period.From.Format(time.RFC3339)+"/"+d.Period.To.Format(time.RFC3339))
	for _, p := range d.Policies {
		about("policy", strings.TrimSpace(p.Required+" "+p.SHA256))
	}
	for _, p := range d.Problems {
		about("problem", p)
	}
	about("digest", d.Digest)
	out.Flush()
	return out.Error()
}

func (d *document) table(t *term.Terminal, w io.Writer) error {
	columns := []term.Column{
		{Title: "BUCKET", Shrink: 1, Least: 12},
		{Title: "FROM"},
		{Title: "LENGTH"},
		{Title: "STATE"},
		{Title: "ENDED"},
		{Title: "OPENED BY", Shrink: 2, Least: 16},
	}
	var rows [][]term.Cell
	for _, b := range d.Buckets {
		for _, win := range b.Windows {
			from := win.From.Format(time.DateTime)
			if !win.Begun {
				from = "before " + from
			}
			state := strings.ReplaceAll(string(win.State), "_", " ")
			if b.Exempt != "" {
				state += " (exempt)"
			}
			colour := term.Warn
			if win.State == history.Unencrypted {
				colour = term.Bad
			}
			rows = append(rows, []term.Cell{{Text: b.Bucket}, {Text: from}, {Text: length(time.Duration(win.Seconds) * time.Second)}, {Text: state, Colour: colour}, {Text: strings.ReplaceAll(string(win.Ending), "_", " ")}, {Text: win.OpenedBy.who()}})
		}
	}
	if len(rows) > 0 {
		if err := t.Table(w, columns, rows); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, d.text())
	return err
}

// text is the summary for people.
func (d *document) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Period: %s to %s, UTC", d.Period.From.Format(time.DateTime), d.Period.To.Format(time.DateTime))
	for _, p := range d.Policies {
		line("Required: %s", strings.TrimSpace(p.Required+" "+p.SHA256))
	}
	s := d.Summary
	line("%d bucket(s), %d with a window; %d window(s), %d of them unencrypted, %d open; %d exempt", s.Buckets, s.WithWindows, s.Windows, s.ByState[history.Unencrypted], s.Open, s.Exempt)
	if s.Repair.Of > 0 {
		line("Time to repair: median %s, 95th percentile %s, longest %s (%d window(s))", seconds(s.Repair.Median), seconds(s.Repair.P95), seconds(s.Repair.Max), s.Repair.Of)
	}
	line("Bucket time: %s", d.shares())
	for _, bucket := range d.Buckets {
		if o := bucket.Objects; o != nil {
			line("%s", o.text(bucket.Bucket))
		}
	}
	line("Digest: %s", d.Digest)
	return b.String()
}

func seconds(n int64) string { return length(time.Duration(n) * time.Second) }

// shares says how much of the time all buckets were in which state.
func (d *document) shares() string {
	var total int64
	for _, n := range d.Summary.Seconds {
		total += n
	}
	var parts []string
	for _, state := range []history.State{history.Protected, history.SetByFunction, history.Weaker, history.Unencrypted, history.RuleNotKnown, history.NotKnown, history.Absent} {
		if n := d.Summary.Seconds[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %.1f%%", strings.ReplaceAll(string(state), "_", " "), 100*float64(n)/float64(total)))
		}
	}
	return strings.Join(parts, ", ")
}

// text says what the number means, and what to do.
func (o *objects) text(bucket string) string {
	if o.Error != "" {
		return bucket + ": how many objects it has is not known: " + o.Error
	}
	return fmt.Sprintf(`%s: at most %d object(s), %d bytes, may be stored unencrypted: all that it had when OSS counted, %s. OSS does not say which, and older
  versions and unfinished uploads are not in the number. An object that is copied onto itself gets the rule: ossutil cp oss://%s/ oss://%s/ -r --force`,
		bucket, o.AtMost, o.Bytes, o.Counted.Format(time.DateTime), bucket, bucket)
}

// Shares is for the page.
func (d *document) Shares() string { return d.shares() }
