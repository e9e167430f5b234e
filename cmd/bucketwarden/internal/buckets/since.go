package buckets

import (
	"errors"
	"os"

	"bucketwarden/cmd/bucketwarden/internal/app"
	"bucketwarden/cmd/bucketwarden/internal/reach"
	"bucketwarden/handler/report"
)

// readSince reads the earlier reports.
func (s *survey) readSince() error {
	var all []*report.Earlier
	for _, file := range s.since {
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
		all = append(all, earlier)
	}
	s.history = report.NewHistory(all...)
	return nil
}

// check refuses formats that cannot show the view, before anything is read.
func (s *survey) check(r *reach.Reach, targets []target) error {
	for _, t := range targets {
		if f, ok := report.FormatNamed(t.format); ok {
			if err := f.Check(s.view(r)); err != nil {
				return &app.Error{Exit: app.Usage, Err: err, Next: "give --policy"}
			}
		}
	}
	return nil
}
