package buckets

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"bucketwarden/cmd/bucketwarden/internal/term"
	"bucketwarden/handler/report"
	"bucketwarden/handler/service"
	"bucketwarden/ossenc"
)

// ruleText is the current rule in one word; a question mark if it is not known.
func ruleText(r ossenc.Result) string {
	if !r.Observed {
		return "?"
	}
	return r.After.String()
}

// writeTable writes the results for a person, the worst first. changed says what became
// of a bucket since an earlier report; nil without one.
func writeTable(t *term.Terminal, w io.Writer, results []ossenc.Result, changed func(ossenc.Result) string) error {
	if len(results) == 0 { // heads alone look like something that failed
		_, err := fmt.Fprintln(w, "no buckets")
		return err
	}
	results = slices.Clone(results)
	slices.SortStableFunc(results, func(a, b ossenc.Result) int {
		return cmp.Compare(stateOf(a).rank(), stateOf(b).rank())
	})
	withAccount := slices.ContainsFunc(results, func(r ossenc.Result) bool { return r.Account != "" })
	columns := []term.Column{{Title: "STATE"}}
	if changed != nil {
		columns = append(columns, term.Column{Title: "CHANGE"})
	}
	columns = append(columns, term.Column{Title: "BUCKET", Shrink: 1, Least: 16})
	if withAccount {
		columns = append(columns, term.Column{Title: "ACCOUNT"})
	}
	columns = append(columns, term.Column{Title: "REGION", Optional: true}, term.Column{Title: "RULE", Shrink: 2, Least: 14, Middle: true}, term.Column{Title: "WHY", Shrink: 3, Least: 12, Optional: true})
	var rows [][]term.Cell
	for _, r := range results {
		s := stateOf(r)
		row := []term.Cell{{Text: string(s), Colour: s.colour()}}
		if changed != nil {
			row = append(row, term.Cell{Text: changed(r)})
		}
		row = append(row, term.Cell{Text: r.Bucket})
		if withAccount {
			row = append(row, term.Cell{Text: cmp.Or(r.Account, "own")})
		}
		rows = append(rows, append(row, term.Cell{Text: r.Region}, term.Cell{Text: ruleText(r)}, term.Cell{Text: r.Finding(), Colour: term.Dim}))
	}
	return t.Table(w, columns, rows)
}

// worstAccounts is how many accounts a table lists.
const worstAccounts = 10

// writeAccounts writes the accounts with the most buckets that need attention; nothing
// for a single one.
func writeAccounts(t *term.Terminal, w io.Writer, accounts []report.AccountTotal) error {
	if len(accounts) < 2 {
		return nil
	}
	columns := []term.Column{{Title: "ACCOUNT"}, {Title: "NAME", Shrink: 1, Least: 12}, {Title: "BUCKETS"}, {Title: "ATTENTION"}, {Title: "UNREAD"}}
	var rows [][]term.Cell
	for _, a := range accounts[:min(len(accounts), worstAccounts)] {
		colour := term.Good
		if a.Attention > 0 {
			colour = term.Bad
		}
		rows = append(rows, []term.Cell{
			{Text: cmp.Or(a.Account, "own")},
			{Text: a.Name},
			{Text: strconv.Itoa(a.Buckets)},
			{Text: strconv.Itoa(a.Attention), Colour: colour},
			{Text: strconv.Itoa(a.Unread)},
		})
	}
	fmt.Fprintln(w)
	if err := t.Table(w, columns, rows); err != nil {
		return err
	}
	if more := len(accounts) - worstAccounts; more > 0 {
		fmt.Fprintf(w, "and %d more accounts\n", more)
	}
	return nil
}

// sayAccounts sums several accounts up in a line: 1,000 of them do not fit a summary.
func sayAccounts(out io.Writer, accounts []report.AccountTotal) {
	if len(accounts) < 2 {
		return
	}
	attention, unread := 0, 0
	for _, a := range accounts {
		if a.Attention > 0 {
			attention++
		}
		if a.Unread > 0 {
			unread++
		}
	}
	fmt.Fprintf(out, "%s: %d with buckets that need attention, %d with buckets that could not be read\n", counted(len(accounts), "account"), attention, unread)
}

// isWeaker reports whether a change from before to after takes strength away.
func isWeaker(before, after ossenc.Rule) bool {
	return ossenc.Decide(after, before, ossenc.Floor).Write
}

// note says what a person must not overlook about a change.
func note(before, after ossenc.Rule) term.Cell {
	switch {
	case isWeaker(before, after) && after.IsNone():
		return term.Cell{Text: "WEAKER: no encryption by default", Colour: term.Worst}
	case isWeaker(before, after):
		return term.Cell{Text: "WEAKER", Colour: term.Worst}
	}
	return term.Cell{}
}

// writeChanges writes planned changes for a person.
func writeChanges(t *term.Terminal, w io.Writer, rows []service.PlanRow) error {
	columns := []term.Column{
		{Title: "BUCKET", Shrink: 1, Least: 16},
		{Title: "ACCOUNT"},
		{Title: "REGION"},
		{Title: "NOW", Shrink: 2, Least: 12, Middle: true},
		{Title: "AFTER", Shrink: 2, Least: 12, Middle: true},
		{Title: "NOTE"},
	}
	var cells [][]term.Cell
	for _, r := range rows {
		cells = append(cells, []term.Cell{
			{Text: r.Bucket},
			{Text: cmp.Or(r.Account, "own")},
			{Text: r.Region},
			{Text: r.Before.String()},
			{Text: r.Target.String(), Colour: term.Good},
			note(r.Before, r.Target),
		})
	}
	return t.Table(w, columns, cells)
}

// writeOutcomes writes what became of changes, the failures first.
func writeOutcomes(t *term.Terminal, w io.Writer, results []service.Result) error {
	results = slices.Clone(results)
	slices.SortStableFunc(results, func(a, b service.Result) int { return cmp.Compare(severity(a.Verdict), severity(b.Verdict)) })
	columns := []term.Column{
		{Title: "OUTCOME"},
		{Title: "BUCKET", Shrink: 1, Least: 16},
		{Title: "REGION"},
		{Title: "BEFORE", Shrink: 2, Least: 12, Middle: true},
		{Title: "AFTER", Shrink: 2, Least: 12, Middle: true},
		{Title: "WHY", Shrink: 3, Least: 12},
	}
	var rows [][]term.Cell
	for _, r := range results {
		colour := term.Good
		if r.Verdict.Failed() {
			colour = term.Bad
		}
		before := "?"
		if r.Observed {
			before = r.Before.String()
		}
		rows = append(rows, []term.Cell{{Text: string(r.Verdict), Colour: colour}, {Text: r.Bucket}, {Text: r.Region}, {Text: before}, {Text: ruleText(r.Result)}, {Text: r.Finding(), Colour: term.Dim}})
	}
	return t.Table(w, columns, rows)
}

// severity orders outcomes, the worst first.
func severity(v ossenc.Verdict) int {
	switch {
	case v == ossenc.Unknown:
		return 0
	case v.Failed():
		return 1
	case v == ossenc.Compliant || v == ossenc.Exempt:
		return 3
	}
	return 2
}
