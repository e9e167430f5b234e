// Package report writes what is known of the buckets as JSON, CSV, Prometheus
// text or one HTML page. It writes to any [io.Writer] and knows no HTTP.
//
// # What to call
//
// [FormatNamed] finds a format. [Write] takes the rows from a [Source], writes the
// report and returns its [Summary].
//
// # What it promises
//
//   - A report that misses a bucket says so at its end, in every format, and
//     where to resume.
//   - What OSS or a person made up (names, keys, reasons) stays text: never
//     markup, a formula or a control character.
package report

import (
	"io"
	"time"

	"bucketwarden/ossenc"
)

// View is what a report shows besides its rows.
type View struct {
	// Now is when the report is made.
	Now time.Time
	// Origin is who makes the report.
	Origin Origin
	// Scope is what was asked for, besides Prefix, RegionFilter, After and Limit.
	Scope Scope
	// Account and Region are those of the identity; empty if unknown.
	Account, Region string
	// Language of the page: one of [Languages]; English if empty.
	Language string
	// BaseURL is the address for the page's curl lines, such as
	// https://example.com; empty for a name to fill in.
	BaseURL string
	// Reach is how the report is asked for, so that the page's lines fit.
	Reach Reach
	// ReadOnly is whether HTTP cannot write.
	ReadOnly bool
	// Mode is that of the settings.
	Mode ossenc.Mode
	// Wanted and Compare are what the settings require of every bucket; zero where
	// a policy decides.
	Wanted  ossenc.Rule
	Compare ossenc.Compare
	// EndingSoon are the exemptions that end within 14 days.
	EndingSoon []ossenc.Exemption
	// Accounts is whether the policy has several accounts, so that rows name theirs.
	Accounts bool
	// AccountName returns the name of an account, which is untrusted text; nil where none
	// is known.
	AccountName func(accountID string) string
	// Exemptions are all of the policy, those that have ended too.
	Exemptions []ossenc.Exemption
	// History is what earlier reports say; the zero History for none.
	History History
	// Prefix, Region and After selected the rows; they are repeated in the link to
	// the next part.
	Prefix, RegionFilter, After string
	// Limit is the highest number of rows; 0 for all.
	Limit int
	// MaxBytes is about how long the report may be; it ends at the first row beyond it
	// and says where to resume. 0 for no bound.
	MaxBytes int
}

// Reach is how a report is asked for.
type Reach string

// The ways.
const (
	// ReachSigned is a trigger that takes signed requests only; its function can be
	// called by its name too.
	ReachSigned Reach = "signed"
	// ReachToken is a request with a bearer token.
	ReachToken Reach = "token"
	// ReachCommand is the command.
	ReachCommand Reach = "command"
)

// Source passes the results to row in order, until all are done, the time runs out
// or row returns false.
type Source func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error)

// Write writes one report. It begins with the first row, so if the source fails
// before that, nothing is written and its error is returned. What fails later is
// in the summary and at the end of the report. An error of w ends the report; it
// is in [Summary.WriteErr].
func Write(w io.Writer, f Format, v View, source Source) (*Summary, error) {
	if err := f.Check(v); err != nil {
		return newSummary(v), err
	}
	out := &printer{w: w}
	body := f.writer(out, v)
	sum := newSummary(v)
	begun := false
	begin := func() {
		if !begun {
			begun = true
			body.begin()
		}
	}
	swept, err := source(func(res ossenc.Result) bool {
		if sum.full(res) {
			return false
		}
		if v.MaxBytes > 0 && sum.Rows > 0 && length(out, body) >= v.MaxBytes {
			sum.Next = sum.last
			return false
		}
		if !res.Observed && res.Verdict != ossenc.Exempt { // the policy was not asked
			res.Wanted = v.Wanted
		}
		begin()
		res.Reason = res.Finding()
		change, since := v.History.Compare(res, v.Now)
		body.row(row{res, change, since})
		sum.add(res, change)
		return out.err == nil
	})
	sum.close(swept, err)
	if sum.Error != nil && sum.Rows == 0 {
		return sum, sum.Error
	}
	begin()
	body.end(sum)
	sum.WriteErr = out.err
	return sum, nil
}

// writer writes a report in one format: what comes before the rows, each row, what
// comes after them.
type writer interface {
	begin()
	row(row)
	end(*Summary)
}

// printer writes texts until the first error.
type printer struct {
	w   io.Writer
	n   int // bytes so far
	err error
}

func (p *printer) print(parts ...string) {
	for _, s := range parts {
		if p.err == nil {
			_, p.err = io.WriteString(p.w, s)
			p.n += len(s)
		}
	}
}

// Write implements [io.Writer].
func (p *printer) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.w.Write(b)
	p.n += n
	p.err = err
	return n, err
}
