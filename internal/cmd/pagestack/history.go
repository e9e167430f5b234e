package main

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"bucketwarden/handler/report"
	"bucketwarden/ossenc"
)

// writeHistory writes a page with what changed since earlier reports. The function keeps
// none, so only the command makes such a page; here no cloud is needed for it.
func writeHistory(w io.Writer, language string) error {
	const days = 40 // more than the page lists one by one
	var earlier []*report.Earlier
	for day := range days {
		v := historyView(language, day)
		var made bytes.Buffer
		if err := write(&made, "json", v, historyRows(min(day/4, 8))); err != nil {
			return err
		}
		e, err := report.ReadEarlier(made.Bytes())
		if err != nil {
			return err
		}
		earlier = append(earlier, e)
	}
	v := historyView(language, days)
	v.History = report.NewHistory(earlier...)
	return write(w, "html", v, append(historyRows(9), ossenc.Result{
		Bucket: "zz-new", Region: "cn-beijing", Verdict: ossenc.WouldFix, Observed: true, Wanted: ossenc.Rule{Algorithm: ossenc.AES256},
	}))
}

func historyView(language string, day int) report.View {
	return report.View{
		Now: time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, day), Origin: report.Origin{Tool: "command", Version: "v1.0.0"}, Account: stackAccount,
		Language: language, Reach: report.ReachCommand, Wanted: ossenc.Rule{Algorithm: ossenc.AES256}, Compare: ossenc.Floor,
	}
}

const stackAccount = "1234567890123456"

// historyRows are twelve buckets, of which so many are compliant.
func historyRows(good int) []ossenc.Result {
	aes := ossenc.Rule{Algorithm: ossenc.AES256}
	var all []ossenc.Result
	for i := range 12 {
		res := ossenc.Result{Bucket: fmt.Sprintf("team-%02d-data", i), Region: "cn-hangzhou", Verdict: ossenc.WouldFix, Observed: true, Wanted: aes, Target: aes}
		if i < good {
			res.Verdict, res.After = ossenc.Compliant, aes
		}
		all = append(all, res)
	}
	return all
}

func write(w io.Writer, format string, v report.View, rows []ossenc.Result) error {
	f, ok := report.FormatNamed(format)
	if !ok {
		return fmt.Errorf("there is no format %s", format)
	}
	_, err := report.Write(w, f, v, func(row func(ossenc.Result) bool) (ossenc.SweepSummary, error) {
		for _, r := range rows {
			row(r)
		}
		return ossenc.SweepSummary{Complete: true}, nil
	})
	return err
}
