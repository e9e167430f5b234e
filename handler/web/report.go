package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bucketwarden/handler/report"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// reportQuery is which buckets a report is about, and in which form.
type reportQuery struct {
	service.Selection

	format   report.Format
	language string
	limit    int // 0 for all
}

// maxLimit is above what an account can have, and keeps sums small.
const maxLimit = 1_000_000

func (x *exchange) reportQuery() (q reportQuery, err error) {
	values, err := x.parameters("format", "lang", "prefix", "region", "after", "limit")
	if err != nil {
		return q, err
	}
	q.Selection = service.Selection{Prefix: values["prefix"], After: values["after"], Region: regionID(values["region"])}
	if !service.ValidPrefix(q.Prefix) {
		return q, problemf(ossenc.Invalid, "prefix=%.80q is not the beginning of a bucket name", q.Prefix)
	}
	if !service.ValidPlace(q.After) {
		return q, problemf(ossenc.Invalid, "after=%.80q is not the next of an earlier report", q.After)
	}
	if values["region"] != "" && q.Region == "" {
		return q, problemf(ossenc.Invalid, "region=%.40q is not a region ID, such as cn-hangzhou", values["region"])
	}
	if q.limit, err = parseLimit(values["limit"]); err != nil {
		return q, err
	}
	if q.language, err = chooseLanguage(values["lang"], x.req.Header.Get("Accept-Language")); err != nil {
		return q, err
	}
	q.format, err = chooseFormat(values["format"], x.req.Header.Values("Accept"))
	return q, err
}

// How long a report may be, about, in bytes. In go1, where the answer to a trigger's
// event is recorded, several copies of it are in memory at the same time; the page keeps
// its rows until its end.
const (
	maxReport = 4 << 20
	maxKept   = 2 << 20
)

func (x *exchange) maxReport(f report.Format) int {
	if _, recorded := x.ResponseWriter.(*recorder); recorded || f.Localized {
		return maxKept
	}
	return maxReport
}

func parseLimit(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, problemf(ossenc.Invalid, "limit=%.40q is not a number from 1 to %d", s, maxLimit)
	}
	return n, nil
}

// report answers with the account's buckets. A list that fails at once is a
// problem with its own status; what fails later is at the end of the answer.
func (x *exchange) report() error {
	q, err := x.reportQuery()
	if err != nil {
		return err
	}
	view := x.view(q)
	if err := q.format.Check(view); err != nil {
		return problemf(codeAcceptable, "%s", err)
	}
	x.setReportHeaders(q)
	if x.req.Method == http.MethodHead { // the headers need no bucket
		x.WriteHeader(http.StatusOK)
		return nil
	}
	sum, err := report.Write(&early{ResponseWriter: x}, q.format, view, func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		return x.web.service.Rows(x.ctx(), q.Selection, row)
	})
	x.logReport(q, sum)
	return err
}

// early sends what a report has so far: its beginning at once, and once a second what has
// come meanwhile. A caller sees that there is an answer while slow buckets are read.
// In go1 the platform takes whole answers only, and nothing is sent earlier.
type early struct {
	http.ResponseWriter
	sent time.Time
}

func (e *early) Write(b []byte) (int, error) {
	n, err := e.ResponseWriter.Write(b)
	if now := time.Now(); now.Sub(e.sent) >= time.Second {
		e.sent = now
		_ = http.NewResponseController(e.ResponseWriter).Flush() // where it cannot, the end is soon enough
	}
	return n, err
}

func (x *exchange) setReportHeaders(q reportQuery) {
	h := x.Header()
	h.Set("Vary", "Accept, Accept-Language")
	h.Set("Content-Type", q.format.ContentType)
	if q.format.Filename != "" {
		h.Set("Content-Disposition", `inline; filename="`+q.format.Filename+`"`)
	}
	if q.format.Localized {
		h.Set("Content-Language", report.LanguageTag(q.language))
	}
	if q.format.Policy != nil {
		h.Set("Content-Security-Policy", q.format.Policy()+"; frame-ancestors 'none'")
	}
}

// view is what the report shows besides its rows.
func (x *exchange) view(q reportQuery) report.View {
	s, id, now := x.web.service, ossenc.IdentityFrom(x.ctx()), x.web.now()
	required, _ := s.Policy.Simple() // zero where a policy decides for each bucket
	return report.View{
		Origin: report.Origin{Policy: report.FileOf(s.Policy.Source.Name, s.Policy.Source.SHA256, s.Policy.Source.Lines), Tool: "function", Version: s.Version, Identity: report.RoleARN(id.AccountID, s.Events.OwnRole)},
		Now:    now, Account: id.AccountID, Region: id.Region,
		Language: q.language, BaseURL: baseURL(x.req), Reach: x.web.auth.reach(), ReadOnly: !slices.Contains(x.web.auth.Allow, ScopeApply), Mode: s.Warden().ModeFor(""),
		Wanted: required.Rule, Compare: required.Compare, EndingSoon: s.ExemptionsEndingSoon(now), Exemptions: s.Policy.Exemptions(), Accounts: s.Policy.HasAccounts(), AccountName: s.AccountNames(x.ctx()),
		Prefix: q.Prefix, RegionFilter: q.Region, After: q.After, Limit: q.limit, MaxBytes: x.maxReport(q.format),
	}
}

// reach is how the page was asked for, so that its lines fit.
func (a Auth) reach() report.Reach {
	if a.Mode == AuthTokens {
		return report.ReachToken
	}
	return report.ReachSigned
}

// baseURL is the address that the request came to. A host that is not one gives a
// name for the reader to fill in.
func baseURL(r *http.Request) string {
	host := r.Host
	if host == "" || !consistsOf(host, letters+".:") {
		host = "HOST"
	}
	if r.TLS == nil && r.Header.Get("X-Forwarded-Proto") != "https" && !strings.HasSuffix(host, ".fcapp.run") {
		return "http://" + host
	}
	return "https://" + host
}

func (x *exchange) logReport(q reportQuery, s *report.Summary) {
	level := slog.LevelInfo
	if !s.Complete {
		level = slog.LevelWarn
	}
	x.log.LogAttrs(x.ctx(), level, "report",
		slog.String("format", q.format.Name),
		slog.Int("buckets", s.Rows),
		slog.Int("unread", s.Unread),
		slog.Bool("complete", s.Complete),
		slog.String("reason", s.Missing),
	)
}
