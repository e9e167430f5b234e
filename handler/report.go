package handler

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"bucketwarden/ossenc"
)

// reportQuery is which buckets a report is about, and in which form.
type reportQuery struct {
	format                reportFormat
	language              string
	prefix, region, after string
	limit                 int // 0 for all
}

// maxLimit is above what an account can have, and keeps sums small.
const maxLimit = 1_000_000

func (x *exchange) reportQuery() (reportQuery, error) {
	values, err := x.parameters()
	if err != nil {
		return reportQuery{}, err
	}
	q := reportQuery{prefix: values["prefix"], after: values["after"], region: regionID(values["region"])}
	if !madeOf(q.prefix, lowerCase) {
		return q, problemf(ossenc.Invalid, "prefix=%.80q is no part of a bucket name", q.prefix)
	}
	if !madeOf(q.after, lowerCase+"/") {
		return q, problemf(ossenc.Invalid, "after=%.80q is not the next of an earlier report", q.after)
	}
	if values["region"] != "" && q.region == "" {
		return q, problemf(ossenc.Invalid, "region=%.40q is no region ID, such as cn-hangzhou", values["region"])
	}
	if s := values["limit"]; s != "" {
		if q.limit, err = strconv.Atoi(s); err != nil || q.limit < 1 || q.limit > maxLimit {
			return q, problemf(ossenc.Invalid, "limit=%.40q is not a number from 1 to %d", s, maxLimit)
		}
	}
	if q.language, err = chooseLanguage(values["lang"], x.req.Header.Get("Accept-Language")); err != nil {
		return q, err
	}
	q.format, err = chooseFormat(values["format"], x.req.Header.Values("Accept"))
	return q, err
}

// reportWriter writes a report in one form: what comes before the rows, each
// row, what comes behind them. The errors of a caller that has gone show in the
// exchange.
type reportWriter interface {
	begin()
	row(ossenc.Result)
	end(*reportEnd)
}

// report goes over the account's buckets. The answer begins with the first row,
// so a list that fails at once is a problem with its own status; what fails
// later is told at the end of the answer, in each form.
func (x *exchange) report() error {
	q, err := x.reportQuery()
	if err != nil {
		return err
	}
	x.Header().Set("Vary", "Accept, Accept-Language")
	x.Header().Set("Content-Type", q.format.contentType)
	if x.req.Method == http.MethodHead { // the headers need no look at the buckets
		x.WriteHeader(http.StatusOK)
		return nil
	}
	out := q.format.writer(x, q)
	end := newReportEnd(x.web.handler.Want, q)
	begun := false
	begin := func() {
		if !begun {
			begun = true
			out.begin()
		}
	}
	want := end.want
	want.Report = true
	sweep := ossenc.SweepOptions{Desired: want, Prefix: q.prefix, Region: q.region, After: ossenc.Cursor(q.after)}
	swept, err := x.web.handler.Surveyor.Sweep(x.req.Context(), sweep, func(res ossenc.Result) bool {
		if end.full(res) {
			return false
		}
		begin()
		out.row(res)
		end.add(res)
		return x.writeErr == nil
	})
	end.close(swept, err)
	if soon := x.web.handler.EndingSoon; soon != nil {
		end.EndingSoon = soon(x.web.now())
	}
	x.logReport(end)
	if end.Error != nil && end.rows == 0 {
		return end.Error.problem
	}
	begin()
	out.end(end)
	return nil
}

// reportEnd is what is known of a report when all rows are written.
type reportEnd struct {
	Wanted  ossenc.Rule    `json:"wanted"`
	Compare ossenc.Compare `json:"compare"`
	Totals  reportTotals   `json:"totals"`
	// Complete is whether every bucket that was asked for is there and was read.
	Complete bool `json:"complete"`
	// Next is the after of the request that goes on where this one ended.
	Next  string       `json:"next,omitempty"`
	Error *reportError `json:"error,omitempty"`
	// EndingSoon are the exemptions that end within 14 days.
	EndingSoon []ossenc.Exemption `json:"exemptions_ending_soon,omitempty"`

	want   ossenc.Desired
	query  reportQuery
	cells  map[reportCell]int
	rows   int
	last   string
	failed int // rows that are unread
}

// reportTotals counts the rows in three ways.
type reportTotals struct {
	Buckets   int                    `json:"buckets"`
	Verdict   map[ossenc.Verdict]int `json:"by_verdict"`
	Algorithm map[string]int         `json:"by_algorithm"`
	Region    map[string]int         `json:"by_region"`
}

// reportCell is what rows are counted by.
type reportCell struct {
	region, algorithm string
	verdict           ossenc.Verdict
}

// reportError says why a report ended early.
type reportError struct {
	Code         ossenc.Code `json:"code"`
	Detail       string      `json:"detail"`
	OSSCode      string      `json:"oss_code,omitempty"`
	OSSRequestID string      `json:"oss_request_id,omitempty"`

	problem *problem
}

func newReportEnd(want ossenc.Desired, q reportQuery) *reportEnd {
	return &reportEnd{Wanted: want.Rule, Compare: want.Compare, want: want, query: q, cells: map[reportCell]int{}, last: q.after}
}

// full reports whether res is beyond the end: beyond the limit, or a bucket that
// was not read because the time ran out. Then the report ends before it, so that
// the next one begins with it.
func (e *reportEnd) full(res ossenc.Result) bool {
	switch {
	case res.Code == ossenc.Deadline:
		e.setError(timeRanOut())
	case e.query.limit > 0 && e.rows == e.query.limit:
	default:
		return false
	}
	e.Next = e.last
	return true
}

func timeRanOut() *problem {
	return problemf(ossenc.Deadline, "the invocation's time ran out before the end of the account's list")
}

func (e *reportEnd) add(res ossenc.Result) {
	e.rows++
	e.last = string(ossenc.CursorOf(res))
	if isUnread(res) {
		e.failed++
	}
	e.cells[reportCell{res.Region, algorithmOf(res), res.Verdict}]++
}

// close ends the count with what Run returned.
func (e *reportEnd) close(swept ossenc.SweepSummary, err error) {
	switch {
	case err != nil:
		e.setError(problemOf(err))
		if !strings.Contains(e.last, "/") { // behind another account, what is missing may lie before
			e.Next = e.last
		}
	case !swept.Complete && e.Next == "":
		e.setError(timeRanOut())
		e.Next = e.last
	}
	e.Complete = e.Error == nil && e.Next == "" && e.failed == 0
	e.Totals = reportTotals{e.rows, map[ossenc.Verdict]int{}, map[string]int{}, map[string]int{}}
	for c, n := range e.cells {
		e.Totals.Verdict[c.verdict] += n
		e.Totals.Algorithm[c.algorithm] += n
		e.Totals.Region[c.region] += n
	}
}

func (e *reportEnd) setError(p *problem) {
	e.Error = &reportError{Code: p.Code, Detail: p.Detail, OSSCode: p.OSSCode, OSSRequestID: p.OSSRequestID, problem: p}
}

// incomplete says in one sentence why a report is not complete, or nothing.
func (e *reportEnd) incomplete() string {
	switch {
	case e.Error != nil:
		return e.Error.Detail
	case e.Next != "":
		return "more buckets follow after " + e.Next
	case e.failed > 0:
		return strconv.Itoa(e.failed) + " bucket(s) could not be read"
	}
	return ""
}

func (x *exchange) logReport(e *reportEnd) {
	level := slog.LevelInfo
	if !e.Complete {
		level = slog.LevelWarn
	}
	x.log.LogAttrs(x.req.Context(), level, "report",
		slog.String("format", e.query.format.name),
		slog.Int("buckets", e.rows),
		slog.Int("unread", e.failed),
		slog.Bool("complete", e.Complete),
		slog.String("reason", e.incomplete()),
	)
}
