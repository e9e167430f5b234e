package report

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// Summary is what is known of a report when all rows are written.
type Summary struct {
	Wanted  ossenc.Rule    `json:"wanted"`
	Compare ossenc.Compare `json:"compare"`
	Totals  Totals         `json:"totals"`
	// Accounts has the totals of each account, the worst first; nil where there is only
	// the function's own.
	Accounts []AccountTotal `json:"accounts,omitempty"`
	// Complete is whether every bucket that was asked for is there and was read.
	Complete bool `json:"complete"`
	// Missing says in one sentence why the report is not complete; empty if it is.
	Missing string `json:"missing,omitempty"`
	// Next is the after of the request that resumes where this report ended.
	Next  string `json:"next,omitempty"`
	Error *Error `json:"error,omitempty"`
	// EndingSoon are the exemptions that end within 14 days.
	EndingSoon []ossenc.Exemption `json:"exemptions_ending_soon,omitempty"`

	// Controls says how the rows meet the checks that people are audited for.
	Controls []ControlResult `json:"controls"`
	// Changes is what changed since the latest earlier report; nil without one.
	Changes *Changes `json:"changes,omitempty"`
	// Digest is over all rows: sha256: and 64 hexadecimal digits.
	Digest     string     `json:"digest"`
	Provenance Provenance `json:"provenance"`

	// Rows is how many rows were written, Unread how many of them could not be
	// compared.
	Rows   int `json:"-"`
	Unread int `json:"-"`
	// WriteErr is the first error of the writer; the report ends there.
	WriteErr error `json:"-"`

	limit  int
	name   func(account string) string
	counts byAccount
	cells  map[cell]int
	last   string
	digest digest
	tally  tally
	open   int
}

// Totals counts the rows in three ways.
type Totals struct {
	Buckets   int                    `json:"buckets"`
	Verdict   map[ossenc.Verdict]int `json:"by_verdict"`
	Algorithm map[string]int         `json:"by_algorithm"`
	Region    map[string]int         `json:"by_region"`
}

// cell is what rows are counted by.
type cell struct {
	region, algorithm string
	verdict           ossenc.Verdict
}

// Error says why a report, or another answer, is not what was asked for. Its text
// is safe to show.
type Error struct {
	Code         ossenc.Code `json:"code"`
	Detail       string      `json:"detail"`
	OSSCode      string      `json:"oss_code,omitempty"`
	OSSRequestID string      `json:"oss_request_id,omitempty"`
	// Cause is an error whose text may hold anything, so Detail does not repeat
	// it; nil if Detail says all.
	Cause error `json:"-"`
}

// Error returns the detail.
func (e *Error) Error() string { return e.Detail }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ErrorOf returns err in the form for answers. Only the text of an [*ossenc.Error]
// is repeated.
func ErrorOf(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*ossenc.Error](err); ok {
		return &Error{Code: e.Code, Detail: inOneLine(err), OSSCode: e.OSSCode, OSSRequestID: e.RequestID}
	}
	return &Error{Code: ossenc.Internal, Detail: "an unexpected error; the log has more", Cause: err}
}

// maxDetails is how many errors one sentence tells: in an organisation whose roles are
// missing there is one for each of hundreds of accounts.
const maxDetails = 20

// inOneLine returns errors, which errors.Join separates by line feeds, as one sentence.
func inOneLine(err error) string {
	lines := strings.Split(err.Error(), "\n")
	if more := len(lines) - maxDetails; more > 0 {
		lines = append(lines[:maxDetails], "and "+strconv.Itoa(more)+" more")
	}
	return strings.Join(lines, "; ")
}

func newSummary(v View) *Summary {
	var counts byAccount
	if v.Accounts {
		counts = byAccount{}
	}
	return &Summary{
		counts: counts, name: v.nameOf,
		Wanted: v.Wanted, Compare: v.Compare, EndingSoon: v.EndingSoon, Provenance: provenanceOf(v), Changes: v.History.changes(),
		limit: v.Limit, cells: map[cell]int{}, last: v.After, digest: newDigest(), tally: tally{pass: map[*test]int{}},
	}
}

// full reports whether res is beyond the end: beyond the limit, or a bucket that
// was not read because the time ran out. Then the report ends before it, so that
// the next one begins with it.
func (s *Summary) full(res ossenc.Result) bool {
	switch {
	case res.Code == ossenc.Deadline:
		s.Error = timeRanOut()
	case s.limit > 0 && s.Rows == s.limit:
	default:
		return false
	}
	s.Next = s.last
	return true
}

func timeRanOut() *Error {
	return &Error{Code: ossenc.Deadline, Detail: "the time ran out before the end of the account's list"}
}

func (s *Summary) add(res ossenc.Result, change Change) {
	if s.Changes != nil {
		s.Changes.add(change)
	}
	s.open += number(needsAttention(res))
	s.Rows++
	s.digest.add(res)
	s.tally.add(res)
	s.last = string(ossenc.CursorOf(res))
	if isUnread(res) {
		s.Unread++
	}
	s.counts.add(cmp.Or(res.Account, s.Provenance.Account), res)
	s.cells[cell{res.Region, algorithmOf(res), res.Verdict}]++
}

// close ends the count with what the source returned.
func (s *Summary) close(swept ossenc.SweepSummary, err error) {
	switch {
	case err != nil:
		s.Error = ErrorOf(err)
		if !strings.Contains(s.last, "/") { // after another account, what is missing may lie before
			s.Next = s.last
		}
	case !swept.Complete && s.Next == "":
		s.Error = timeRanOut()
		s.Next = s.last
	}
	s.Missing = s.missing()
	s.Complete = s.Missing == ""
	s.Digest = s.digest.String()
	if s.Changes != nil {
		s.Changes.Trend = append(s.Changes.Trend, TrendPoint{s.Provenance.Time, s.Rows, s.open, s.Complete})
	}
	s.Controls = s.tally.controls()
	s.Accounts = s.counts.worstFirst(s.name)
	s.Totals = Totals{s.Rows, map[ossenc.Verdict]int{}, map[string]int{}, map[string]int{}}
	for c, n := range s.cells {
		s.Totals.Verdict[c.verdict] += n
		s.Totals.Algorithm[c.algorithm] += n
		s.Totals.Region[c.region] += n
	}
}

// matchesNothing reports whether a selection has no bucket: more likely a mistake in
// it than an answer.
func (s *Summary) matchesNothing() bool {
	return s.Rows == 0 && s.Provenance.Scope.narrows() && s.Provenance.Scope.After == ""
}

func (s *Summary) missing() string {
	switch {
	case s.Error != nil:
		return s.Error.Detail
	case s.Next != "":
		return "more buckets follow after " + s.Next
	case s.Unread > 0:
		return strconv.Itoa(s.Unread) + " bucket(s) could not be read"
	case s.matchesNothing():
		return "no bucket matches: " + s.Provenance.Scope.String()
	}
	return ""
}
