package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// alarm is one of docs/setup/alarms.json.
type alarm struct{ ID, Title, Query, Condition string }

// row is one row that a query returns, in the order of its columns.
type row []struct{ Name, Value string }

func alarmsOf(fail func(string, ...any)) []alarm {
	var all []alarm
	b, err := os.ReadFile(filepath.Join(root, "docs/setup/alarms.json"))
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil || len(all) == 0 {
		fail("alarms: %v", err)
	}
	return all
}

// alarms checks which alarms fire on the log, and what each sends: alarms ID... The
// log comes through a pipe, so it may take a moment.
func alarms(ts *testscript.TestScript, _ bool, args []string) {
	all := alarmsOf(ts.Fatalf)
	slices.Sort(args)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		fired := map[string][]row{}
		for _, a := range all {
			if rows := a.fires(ts.Fatalf, lines(of(ts).log.String())); len(rows) > 0 {
				fired[a.ID] = rows
			}
		}
		if got := slices.Sorted(maps.Keys(fired)); slices.Equal(got, args) {
			break
		} else if time.Now().After(end) {
			ts.Fatalf("fired: %v\n%s", fired, of(ts).log.String())
		}
	}
	for _, a := range all {
		if rows := a.fires(ts.Fatalf, lines(of(ts).log.String())); slices.Contains(args, a.ID) {
			a.notifies(ts.Fatalf, rows)
			ts.Logf("%s: %v", a.ID, rows)
		}
	}
}

// lines are the log's lines that are complete: what a logstore has.
func lines(log string) []map[string]any {
	var all []map[string]any
	for line := range strings.Lines(log) {
		var m map[string]any
		if json.Unmarshal([]byte(line), &m) == nil {
			all = append(all, m)
		}
	}
	return all
}

var (
	term   = regexp.MustCompile(`^\{(\w+)\}(?:: (\S+)| > (\d+))$`)
	column = regexp.MustCompile(`^(?:(count|max|approx_percentile)\()?\{?(\w+)\}?(?:, [\d.]+)?\)?(?: / (\d+))?(?: as (\w+))?$`)
	having = regexp.MustCompile(` having .*(=|>) (\d+)$`)
)

// found reports whether a line has what a search asks for.
func found(fail func(string, ...any), search string, line map[string]any) bool {
	and := strings.Contains(search, " and ")
	for t := range strings.SplitSeq(strings.ReplaceAll(search, " and ", " or "), " or ") {
		m := term.FindStringSubmatch(t)
		if m == nil {
			fail("not a search: %s", search)
		}
		value, has := line[m[1]]
		number, _ := value.(float64)
		above, _ := strconv.ParseFloat(m[3], 64)
		ok := has && (m[2] == "*" || m[2] != "" && fmt.Sprint(value) == m[2] || m[3] != "" && number > above)
		if ok != and {
			return ok
		}
	}
	return and
}

// fires returns the rows of the alarm's query of which its condition holds for one.
func (a alarm) fires(fail func(string, ...any), log []map[string]any) []row {
	search, sql, _ := strings.Cut(a.Query, " | select ")
	sql, _, _ = strings.Cut(having.ReplaceAllString(sql, ""), " group by ")
	columns := regexp.MustCompile(`, (?:\{|\w+\()`).ReplaceAllStringFunc(sql, func(s string) string { return "\n" + s[2:] })
	groups := map[string][]map[string]any{}
	if !strings.Contains(a.Query, " group by ") {
		groups[""] = nil // one row, of no line too
	}
	for _, line := range log {
		if !found(fail, search, line) {
			continue
		}
		key := ""
		for c := range strings.SplitSeq(columns, "\n") {
			m := column.FindStringSubmatch(c)
			if m == nil {
				fail("%s: not a column: %q", a.ID, c)
			}
			if m[1] != "count" && line[m[2]] == nil {
				fail("%s: the log's line has no %s: %v", a.ID, m[2], line)
			}
			if m[1] == "" {
				key += fmt.Sprintf("%v\n", line[m[2]])
			}
		}
		groups[key] = append(groups[key], line)
	}
	var rows []row
	fires := false
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		r := rowOf(columns, groups[key])
		if h := having.FindStringSubmatch(a.Query); h == nil || holds(r[len(r)-1].Value, h[1], h[2], strings.Contains(h[0], "percentile")) {
			rows = append(rows, r)
			name, condition, _ := strings.Cut(a.Condition, " ")
			operator, limit, _ := strings.Cut(condition, " ")
			for _, c := range r {
				fires = fires || c.Name == name && holds(c.Value, strings.Trim(operator, "="), limit, false)
			}
		}
	}
	if !fires {
		return nil
	}
	return rows
}

// holds compares; a percentile is in milliseconds, its column in minutes.
func holds(value, operator, limit string, minutes bool) bool {
	v, _ := strconv.ParseFloat(value, 64)
	l, _ := strconv.ParseFloat(limit, 64)
	if minutes {
		l /= 60000
	}
	return operator == ">" && v > l || operator != ">" && v == l
}

func rowOf(columns string, group []map[string]any) row {
	var r row
	for c := range strings.SplitSeq(columns, "\n") {
		m := column.FindStringSubmatch(c)
		name, value := m[2], ""
		if m[4] != "" {
			name = m[4]
		}
		highest := 0.0
		for _, line := range group {
			value = max(value, fmt.Sprint(line[m[2]]))
			n, _ := line[m[2]].(float64)
			highest = max(highest, n)
		}
		switch m[1] {
		case "count":
			value = strconv.Itoa(len(group))
		case "approx_percentile": // of so few lines the highest
			value = fmt.Sprint(highest / 60000)
		}
		r = append(r, struct{ Name, Value string }{name, value})
	}
	return r
}

// channels are those of docs/setup/README.md, with the name that Simple Log Service
// has for each, and the longest message.
var channels = map[string]int{"dingtalk": 20000, "lark": 20000, "wechat": 4096, "slack": 40000, "email": 1 << 20}

// notifies checks the message of an alarm, in every channel.
func (a alarm) notifies(fail func(string, ...any), rows []row) {
	var template struct {
		Templates map[string]struct{ Locale, Title, Subject, Content string }
	}
	b, err := os.ReadFile(filepath.Join(root, "docs/setup/notify/alarm.json"))
	if err == nil {
		err = json.Unmarshal(b, &template)
	}
	if err != nil || !slices.Equal(slices.Sorted(maps.Keys(template.Templates)), slices.Sorted(maps.Keys(channels))) {
		fail("docs/setup/notify/alarm.json: %v, has %v", err, template.Templates)
	}
	for name, most := range channels {
		p := &page{fail: fail, html: name == "email", names: map[string]any{"alert": map[string]any{
			"status": "firing", "fire_results": rows, "fire_results_count": len(rows),
			"annotations": map[string]any{"title": "Bucketwarden: " + a.Title, "desc": "See docs/operations.md."},
		}}}
		c := template.Templates[name]
		text := p.render(c.Content)
		if heading := p.render(c.Title + c.Subject); heading != "Bucketwarden: "+a.Title || c.Locale != "en-US" {
			fail("%s, %s: the heading is %q", a.ID, name, heading)
		}
		if !strings.Contains(text, "Bucketwarden: "+a.Title) || len(text) > most || strings.ContainsAny(text, "{}") {
			fail("%s, %s, %d bytes: %s", a.ID, name, len(text), text)
		}
		for _, r := range rows[:min(8, len(rows))] {
			for _, c := range r {
				if !strings.Contains(text, p.escape(c.Name)+": "+p.escape(c.Value)) {
					fail("%s, %s: no %s %s in %s", a.ID, name, c.Name, c.Value, text)
				}
			}
		}
	}
}

// A message has a bound: WeCom takes 4,096 bytes.
func TestAlarms_ManyRowsAreOneShortMessage(t *testing.T) {
	rows := slices.Repeat([]row{{{"bucket", strings.Repeat("b", 63)}, {"contested_by", strings.Repeat("_", 64)}, {"contested_by_tool", "terraform-resource"}, {"times", "24"}}}, 100)
	alarm{ID: "contested", Title: "a contested rule"}.notifies(t.Fatalf, rows)
	hostile := []row{{{"bucket", "</ul><script>"}, {"contested_by", "[x](http://a) *all*"}}}
	alarm{ID: "contested", Title: "a contested rule"}.notifies(t.Fatalf, hostile)
}
