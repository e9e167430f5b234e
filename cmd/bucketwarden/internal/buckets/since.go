package buckets

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
)

// clocksDiffer is by how much the clock of another machine may be ahead of this one's.
const clocksDiffer = 5 * time.Minute

// readSince reads the earlier reports.
func (s *survey) readSince() error {
	var all []*report.Earlier
	for i, file := range s.since {
		if slices.ContainsFunc(s.since[:i], func(other string) bool { return filepath.Clean(other) == filepath.Clean(file) }) {
			return app.Usagef("--since %s is given twice", file)
		}
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return app.Usagef("--since: there is no file %s", file)
		}
		if err != nil {
			return app.Usagef("--since: %w", err)
		}
		earlier, err := report.ReadEarlier(data)
		if err != nil {
			return app.Usagef("--since %s: %w", file, err)
		}
		if late := earlier.Time.Sub(s.app.Now()); late > clocksDiffer {
			return app.Usagef("--since %s: it was made at %s, which is later than now", file, earlier.Time.UTC().Format(time.RFC3339))
		}
		earlier.Name = file
		all = append(all, earlier)
	}
	s.earlier = all
	s.history = report.NewHistory(all...)
	return nil
}

// sameAccount refuses earlier reports of another account: everything would be new.
func (s *survey) sameAccount(account string) error {
	for _, e := range s.earlier {
		if e.Account != "" && account != "" && e.Account != account {
			return app.Usagef("--since %s: this is a report of account %.40s, and the key is one of account %s", e.Name, term.Clean(e.Account), account)
		}
	}
	return nil
}

// check refuses formats that cannot show the view, before anything is read.
func (s *survey) check(by report.Origin, targets []target) error {
	for _, t := range targets {
		if f, ok := report.FormatNamed(t.format); ok {
			if err := f.Check(report.View{Origin: by}); err != nil {
				return &app.Error{Exit: app.Usage, Err: err, Next: "give --policy"}
			}
		}
	}
	return nil
}

// longestTrend is how many reports of a trend are said one by one.
const longestTrend = 10

// sayTrend says how many buckets needed attention in several earlier reports and in this
// one, the oldest first. With a single earlier report the changes say it all.
func sayTrend(out io.Writer, trend []report.TrendPoint) {
	if len(trend) < 3 {
		return
	}
	fmt.Fprintln(out, "trend:")
	if older := len(trend) - longestTrend; older > 0 {
		fmt.Fprintf(out, "  … %s before\n", counted(older, "report"))
		trend = trend[older:]
	}
	for _, point := range trend {
		fmt.Fprintf(out, "  %s  %s\n", point.Time.UTC().Format("2006-01-02 15:04"), point)
	}
}
