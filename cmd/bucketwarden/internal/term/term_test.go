package term

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"demo-bucket":           "demo-bucket",
		"支付 ключ é":             "支付 ключ é",
		"a\x1b[2Jb":             `a\u{1B}[2Jb`,
		"line\nline\ttab\r":     `line\u{A}line\u{9}tab\u{D}`,
		"a\u202Egnp.exe":        `a\u{202E}gnp.exe`,
		"zero\u200Bwidth\uFEFF": `zero\u{200B}width\u{FEFF}`,
		"\x9b31m":               `\u{FFFD}31m`,
		"\u0085\u2028":          `\u{85}\u{2028}`,
		"no\u00a0break":         `no\u{A0}break`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[2J\u202E")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		for _, r := range got {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Errorf("Clean(%q) = %q", s, got)
			}
		}
		if Clean(got) != got {
			t.Errorf("Clean(Clean(%q)) differs", s)
		}
	})
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		f    func(string, int) string
		in   string
		n    int
		want string
	}{
		{Middle, "key-hzz0123456789", 20, "key-hzz0123456789"},
		{Middle, "key-hzz0123456789", 9, "key-…6789"},
		{Middle, "key-hzz0123456789", 10, "key-h…6789"},
		{Middle, "ab", 1, "…"},
		{Middle, "支付支付支付", 7, "支…支付"},
		{End, "bucket-name", 7, "bucket…"},
		{End, "two words", 5, "two…"},
		{End, "支付支付", 4, "支…"},
	} {
		got := tt.f(tt.in, tt.n)
		if got != tt.want || Width(got) > tt.n && len(tt.in) > tt.n {
			t.Errorf("%q in %d columns: %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

var columns = []Column{
	{Title: "BUCKET", Shrink: 1, Least: 12},
	{Title: "RULE", Shrink: 2, Least: 10, Middle: true},
	{Title: "WHY", Shrink: 3, Least: 8},
}

var rows = [][]Cell{
	{{"payments", Bad}, {"KMS(key-hzz66532a4bcrqj8xtmqy)", Plain}, {"another key is required here", Dim}},
	{{"logs\x1b[1m", Plain}, {"none", Bad}, {"", Plain}},
}

func TestTableInAPipe(t *testing.T) {
	var out bytes.Buffer
	if err := New(Options{Out: &out}).Table(&out, columns, rows); err != nil {
		t.Fatal(err)
	}
	want := "BUCKET         RULE                            WHY\n" +
		"payments       KMS(key-hzz66532a4bcrqj8xtmqy)  another key is required here\n" +
		"logs\\u{1B}[1m  none\n"
	if got := out.String(); got != want {
		t.Errorf("it prints\n%q\nwant\n%q", got, want)
	}
}

// terminal returns a terminal of some width, and what was written to it so far.
func terminal(t *testing.T, width int, env map[string]string) (*Terminal, *os.File, func() string) {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Skip("SKIPPED: no pseudo-terminals here: ", err)
	}
	if err := pty.Setsize(ptmx, &pty.Winsize{Rows: 24, Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	ended := make(chan struct{})
	go func() {
		_, _ = seen.ReadFrom(ptmx) // ends with EIO when the other side is closed
		close(ended)
	}()
	read := func() string {
		_ = tty.Close()
		<-ended
		_ = ptmx.Close()
		return strings.ReplaceAll(seen.String(), "\r\n", "\n")
	}
	return New(Options{In: tty, Out: tty, Err: tty, Env: env}), ptmx, read
}

func TestTableFitsTheTerminal(t *testing.T) {
	term, _, read := terminal(t, 40, map[string]string{"NO_COLOR": "1"})
	if err := term.Table(term.o.Out, columns, rows); err != nil {
		t.Fatal(err)
	}
	got := read()
	for line := range strings.Lines(got) {
		if Width(strings.TrimSpace(line)) > 40 || strings.Contains(line, "\x1b") {
			t.Errorf("%d columns: %q", Width(line), line)
		}
	}
	if want := "payments       KMS(key…8xtmqy)  another…\n"; !strings.Contains(got, want) {
		t.Errorf("it prints\n%s\nwant the line\n%s", got, want)
	}
}

// Where even the least of all columns is too much, the optional ones go, the last first,
// and what is left gets tighter. A pipe has all.
func TestTableOnANarrowTerminal(t *testing.T) {
	columns := []Column{{Title: "STATE"}, {Title: "BUCKET", Shrink: 1, Least: 16}, {Title: "REGION", Optional: true}, {Title: "RULE", Shrink: 2, Least: 14, Middle: true}, {Title: "WHY", Shrink: 3, Least: 12, Optional: true}}
	rows := [][]Cell{{{Text: "foreign key"}, {Text: "payments-of-the-year"}, {Text: "ap-southeast-1"}, {Text: "KMS(key-hzz66532a4bcrqj8xtmqy)"}, {Text: "another key is required here"}}}
	for width, want := range map[int]string{
		80: "STATE BUCKET REGION RULE WHY", 70: "STATE BUCKET REGION RULE", 63: "STATE BUCKET REGION RULE", 50: "STATE BUCKET RULE", 40: "STATE BUCKET RULE", 31: "STATE BUCKET RULE",
	} {
		term, _, read := terminal(t, width, map[string]string{"NO_COLOR": "1"})
		if err := term.Table(term.o.Out, columns, rows); err != nil {
			t.Fatal(err)
		}
		got := read()
		head, _, _ := strings.Cut(got, "\n")
		if strings.Join(strings.Fields(head), " ") != want {
			t.Errorf("%d columns have the heads %q, want %q", width, head, want)
		}
		for line := range strings.Lines(got) {
			if Width(strings.TrimRight(line, "\n")) > width {
				t.Errorf("%d columns: %q", width, line)
			}
		}
	}
}

func TestColours(t *testing.T) {
	for _, tt := range []struct {
		name   string
		env    map[string]string
		colour bool
	}{
		{"Terminal", nil, true},
		{"NoColor", map[string]string{"NO_COLOR": "anything"}, false},
		{"NoColorEmpty", map[string]string{"NO_COLOR": ""}, true},
		{"Dumb", map[string]string{"TERM": "dumb"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			term, _, read := terminal(t, 80, tt.env)
			got := term.Paint(Bad, "x")
			read()
			if coloured := got == "\x1b[31mx\x1b[0m"; coloured != tt.colour {
				t.Errorf("Paint gives %q", got)
			}
		})
	}
	if got := New(Options{Out: &bytes.Buffer{}}).Paint(Bad, "x"); got != "x" {
		t.Errorf("in a pipe Paint gives %q", got)
	}
}

func TestProgressIsForTerminals(t *testing.T) {
	var out bytes.Buffer
	p := New(Options{Out: &out, Err: &out}).Progress("reading")
	p.Show(Count{Done: 1})
	p.Clear()
	if p != nil || out.Len() > 0 {
		t.Errorf("in a pipe it shows %q", out.String())
	}
	term, _, read := terminal(t, 60, nil)
	q := term.Progress("Reading buckets")
	now := q.begun
	q.now = func() time.Time { now = now.Add(time.Second); return now }
	q.Show(Count{Done: 10, Found: 25})
	q.Show(Count{Done: 20, Found: 25, Whole: true, Throttled: 2})
	q.Clear()
	want := "Reading buckets  10 done, 25 found, 10/s\r\x1b[KReading buckets  20 of 25, 10/s, 1s left, OSS turned away…\r\x1b[K"
	if got := read(); got != want {
		t.Errorf("it shows\n%q\nwant\n%q", got, want)
	}
}

// What is listed, and in how many accounts.
func TestProgressOfAList(t *testing.T) {
	for want, c := range map[string]Count{
		"0 found": {Listing: true},
		"0 found, OSS turned away 3 calls (too many)": {Listing: true, Throttled: 3},
		"2000 found, 1000/s":                          {Listing: true, Found: 2000},
		"2000 found in 3 of 40 accounts, 1000/s":      {Listing: true, Found: 2000, Ended: 3, Parts: 40},
		"7 found, 4/s":                                {Listing: true, Found: 7, Parts: 1},
	} {
		if got := describe(c, 2*time.Second); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
}

func TestAsk(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "yeah\n": false} {
		term, ptmx, read := terminal(t, 80, nil)
		if !term.Asks() {
			t.Fatal("nobody to ask")
		}
		if _, err := ptmx.WriteString(answer); err != nil {
			t.Fatal(err)
		}
		if got := term.Ask(t.Context(), "Change 3 buckets?"); got != want {
			t.Errorf("%q means %t", answer, got)
		}
		if shown := read(); !strings.Contains(shown, "Change 3 buckets? [y/N] ") {
			t.Errorf("it shows %q", shown)
		}
	}
	var out bytes.Buffer
	ended, end := context.WithCancel(t.Context())
	end()
	waits, _ := ioPipe(t)
	if New(Options{In: waits, Err: &out}).Ask(ended, "Really?") {
		t.Error("the end of the context means yes")
	}
	if New(Options{In: strings.NewReader(""), Err: &out}).Asks() {
		t.Error("somebody to ask in a pipe")
	}
}

func ioPipe(t *testing.T) (*os.File, *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
	return r, w
}
