package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"bucketwarden/ossenc"
)

// Change says what became of a bucket since the latest earlier report.
type Change string

// The changes. What needs no attention, then and now, has none.
const (
	ChangeNew   Change = "new"   // needs attention, and was not in the earlier report
	ChangeFixed Change = "fixed" // needed attention, and does not any more because its rule changed, or is known now
	ChangeWorse Change = "worse" // needs more attention than before
	ChangeOpen  Change = "open"  // needs attention, as before or less
)

// Changes sums up what changed since the latest earlier report.
type Changes struct {
	Since time.Time `json:"since"`
	New   int       `json:"new"`
	Fixed int       `json:"fixed"`
	Worse int       `json:"worse"`
	Open  int       `json:"open"`
	// Trend has one point for each report, the oldest first; the last is this one.
	Trend []TrendPoint `json:"trend"`
}

// TrendPoint is one report of a trend.
type TrendPoint struct {
	Time    time.Time `json:"time"`
	Buckets int       `json:"buckets"`
	Open    int       `json:"open"` // rows that need attention
	// Complete is whether the report had every bucket that it was asked for.
	Complete bool `json:"complete"`
}

// String says for example: 3 of 12 buckets need attention.
func (p TrendPoint) String() string {
	text := strconv.Itoa(p.Open) + " of " + strconv.Itoa(p.Buckets) + " buckets need attention"
	if !p.Complete {
		text += ", not complete"
	}
	return text
}

// String is the sum in one line for people.
func (c *Changes) String() string {
	return fmt.Sprintf("since %s: %d new, %d worse, %d open as before, %d fixed", c.Since.Format(time.RFC3339), c.New, c.Worse, c.Open, c.Fixed)
}

// when is the time for people and programs.
func (p TrendPoint) when() string { return p.Time.UTC().Format(time.RFC3339) }

func (c *Changes) add(change Change) {
	switch change {
	case ChangeNew:
		c.New++
	case ChangeFixed:
		c.Fixed++
	case ChangeWorse:
		c.Worse++
	case ChangeOpen:
		c.Open++
	}
}

// Earlier is an earlier report, read from its JSON form.
type Earlier struct {
	// Time is when it was made.
	Time time.Time
	// Account is the ID of the account of rows without one; empty if unknown.
	Account string
	// Name is what the caller calls it, such as the name of its file.
	Name  string
	rows  map[earlierKey]earlierRow
	point TrendPoint
}

type earlierKey struct{ account, bucket string }

type earlierRow struct {
	severity int
	rule     string // empty if it was not known
	since    time.Time
}

var errNoReport = errors.New("this is not a report in the JSON form")

// ReadEarlier reads the JSON form of a report. One without a time, as earlier versions
// wrote it, is an error, and so is one whose rows are not those of its digest: what it
// says is repeated as evidence.
func ReadEarlier(data []byte) (*Earlier, error) {
	var read struct {
		Buckets []struct {
			ossenc.Result
			Rule      string    `json:"rule"`
			OpenSince time.Time `json:"open_since"`
		} `json:"buckets"`
		Complete   bool       `json:"complete"`
		Digest     string     `json:"digest"`
		Provenance Provenance `json:"provenance"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, errNoReport
	}
	if read.Buckets == nil { // such as a plan, which has a provenance too
		return nil, errNoReport
	}
	if read.Provenance.Time.IsZero() {
		return nil, errors.New("this report does not say when it was made")
	}
	e := &Earlier{Time: read.Provenance.Time, Account: read.Provenance.Account, rows: map[earlierKey]earlierRow{}}
	open, rows := 0, []ossenc.Result(nil)
	for _, row := range read.Buckets {
		row.Observed = row.Rule != ""
		severity := severityOf(row.Result)
		open += number(severity > 0)
		if row.OpenSince.IsZero() {
			row.OpenSince = e.Time
		}
		e.rows[earlierKey{row.Account, row.Bucket}] = earlierRow{severity, row.Rule, row.OpenSince}
		rows = append(rows, row.Result)
	}
	if read.Digest != DigestOf(rows) {
		return nil, errors.New("its digest is not that of its rows: it was changed after it was made, or is not from this version")
	}
	e.point = TrendPoint{Time: e.Time, Buckets: len(read.Buckets), Open: open, Complete: read.Complete}
	return e, nil
}

// severityOf orders what needs attention; 0 for what does not.
func severityOf(res ossenc.Result) int {
	switch {
	case !needsAttention(res):
		return 0
	case res.Code == ossenc.ForeignKey:
		return 4
	case isUnread(res) || !res.Observed:
		return 1
	case res.After.IsNone():
		return 3
	}
	return 2
}

// History is what earlier reports say. The zero History says nothing.
type History struct{ earlier []*Earlier } // the oldest first

// NewHistory returns the history of earlier reports, in any order.
func NewHistory(earlier ...*Earlier) History {
	earlier = slices.Clone(earlier)
	slices.SortStableFunc(earlier, func(a, b *Earlier) int { return a.Time.Compare(b.Time) })
	return History{earlier}
}

// IsEmpty reports whether there is no earlier report.
func (h History) IsEmpty() bool { return len(h.earlier) == 0 }

// Compare returns what became of a bucket, no change without an earlier report, and since
// when at least it needs attention; the zero time if it does not.
func (h History) Compare(res ossenc.Result, now time.Time) (Change, time.Time) {
	severity := severityOf(res)
	switch {
	case len(h.earlier) == 0 && severity > 0:
		return "", now
	case len(h.earlier) == 0:
		return "", time.Time{}
	}
	key := earlierKey{res.Account, res.Bucket}
	before, known := h.earlier[len(h.earlier)-1].rows[key]
	switch {
	case severity == 0 && before.severity > 0 && isFixed(before, res):
		return ChangeFixed, time.Time{}
	case severity == 0:
		return "", time.Time{}
	case !known:
		return ChangeNew, now
	case before.severity == 0:
		return ChangeWorse, now
	case severity > before.severity:
		return ChangeWorse, h.openSince(key)
	}
	return ChangeOpen, h.openSince(key)
}

// isFixed reports whether a bucket that needs no attention any more is better than it was,
// and not gone, exempt, or measured by less.
func isFixed(before earlierRow, res ossenc.Result) bool {
	return res.Verdict != ossenc.Gone && res.Verdict != ossenc.Exempt && (before.rule == "" || before.rule != ruleOf(res))
}

// openSince goes back over the reports in which the bucket needed attention without a
// break.
func (h History) openSince(key earlierKey) time.Time {
	var since time.Time
	for _, e := range slices.Backward(h.earlier) {
		row, ok := e.rows[key]
		if !ok || row.severity == 0 {
			break
		}
		if since.IsZero() || row.since.Before(since) {
			since = row.since
		}
	}
	return since
}

// changes returns an empty sum, with the trend up to the latest earlier report; nil
// without one.
func (h History) changes() *Changes {
	if len(h.earlier) == 0 {
		return nil
	}
	c := &Changes{Since: h.earlier[len(h.earlier)-1].Time}
	for _, e := range h.earlier {
		c.Trend = append(c.Trend, e.point)
	}
	return c
}

// row is one bucket as the writers get it.
type row struct {
	ossenc.Result
	change Change
	// openSince is since when at least the bucket needs attention: this report's time
	// where no earlier one knows more; the zero time if it needs none.
	openSince time.Time
}

// since is openSince for people and programs; empty for none.
func (r row) since() string {
	if r.openSince.IsZero() {
		return ""
	}
	return r.openSince.UTC().Format(time.RFC3339)
}
