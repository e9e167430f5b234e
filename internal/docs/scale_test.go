package docs

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// estate is one that docs/scale.md calculates for.
type estate struct {
	buckets, accounts int
	fixed             float64 // the share of buckets without the required rule
}

// What the formulas of docs/scale.md take for granted.
const (
	latency     = 0.02      // of a call of OSS, in seconds
	atATime     = 64        // buckets
	page        = 1000      // buckets of a page of the list
	memberPage  = 100       // accounts of a page of the Resource Directory
	hopTime     = 600 - 5.5 // seconds of work in 600: half a second to answer, 3 to end, 2 to hand over
	memoryGB    = 128.0 / 1024
	callsToEnd  = 3 // of OSS and STS one after the other, before an account's first bucket
	callsToFix  = 2 // besides the first look: the write, and the look after it
	tableBegins = "<!-- scale: written by a test -->\n"
	tableEnds   = "<!-- end -->\n"
)

func (e estate) ossCalls() float64 {
	lists := math.Max(1, math.Ceil(float64(e.buckets)/float64(e.accounts)/page))
	return float64(e.buckets)*(1+callsToFix*e.fixed) + float64(e.accounts)*lists
}

func (e estate) seconds() float64 {
	return float64(e.buckets)*(1+callsToFix*e.fixed)*latency/atATime + float64(e.accounts)*callsToEnd*latency
}

func (e estate) hops() float64 { return math.Ceil(e.seconds() / hopTime) }

// directoryCalls are those of all hops: each reads the list.
func (e estate) directoryCalls() float64 {
	return e.hops() * (1 + math.Ceil(float64(e.accounts-1)/memberPage))
}

func (e estate) row() string {
	return fmt.Sprintf("| %s in %s | %.0f %% | %s | %s | %s | %s s | %.0f | %.1f |\n",
		grouped(float64(e.buckets)), grouped(float64(e.accounts)), 100*e.fixed, grouped(e.ossCalls()), grouped(float64(e.accounts-1)),
		grouped(e.directoryCalls()), grouped(math.Round(e.seconds())), e.hops(), e.seconds()*memoryGB)
}

// grouped writes a whole number with commas.
func grouped(n float64) string {
	digits := fmt.Sprintf("%.0f", n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// scaleTable returns the table of docs/scale.md that begins so, and what is around it.
func scaleTable(t *testing.T, begins string) (path, before, table, after string) {
	t.Helper()
	path = filepath.Join("..", "..", "docs", "scale.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), begins)
	table, after, ended := strings.Cut(rest, tableEnds)
	if !found || !ended {
		t.Fatal("docs/scale.md has no place for the table")
	}
	return path, before, table, after
}

// The measured runs of docs/scale.md keep what the text around them promises, and name
// each kind of run.
func TestScale_TheMeasuredRunsKeepThePromise(t *testing.T) {
	_, _, table, _ := scaleTable(t, "<!-- estate: read by a test -->\n")
	rows := strings.Split(strings.TrimSpace(table), "\n")[2:]
	kinds := map[string]bool{}
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		if len(cells) != 7 {
			t.Fatalf("%q", row)
		}
		number := func(cell string) float64 {
			n, err := strconv.ParseFloat(strings.ReplaceAll(strings.Fields(cell)[0], ",", ""), 64)
			if err != nil {
				t.Errorf("%s: %v", row, err)
			}
			return n
		}
		hops, invocations, kills, twice, memory := number(cells[1]), number(cells[2]), number(cells[3]), number(cells[4]), number(cells[5])
		if invocations < hops || invocations > hops+kills || invocations > 2*hops || kills == 0 && twice > 0 || kills != 0 && kills != 5 || memory >= 40 {
			t.Errorf("not as promised: %s", row)
		}
		kinds[strings.Fields(cells[0])[0]] = true
		kinds[fmt.Sprintf("%.0f kills", kills)] = true
	}
	if !kinds["continuation"] || !kinds["fan-out"] || !kinds["5 kills"] {
		t.Errorf("not every kind of run is there: %v", kinds)
	}
}

// The table of docs/scale.md is what its formulas say. Run with UPDATE=1 to write it.
func TestScale_TheTableIsCalculated(t *testing.T) {
	var table strings.Builder
	table.WriteString("| buckets in accounts | to fix | calls of OSS | AssumeRole | calls of the Resource Directory | time | hops of 600 s | GB-seconds |\n|---|---|---|---|---|---|---|---|\n")
	for _, e := range []estate{
		{10_000, 1, 0}, {200_000, 40, 0}, {200_000, 40, 0.1}, {1_000_000, 1_000, 0}, {1_000_000, 10_000, 0}, {1_000_000, 10_000, 0.1},
	} {
		table.WriteString(e.row())
	}
	path, before, got, after := scaleTable(t, tableBegins)
	if got == table.String() {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("docs/scale.md has\n%swant\n%s", got, table.String())
	}
	if err := os.WriteFile(path, []byte(before+tableBegins+table.String()+tableEnds+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
