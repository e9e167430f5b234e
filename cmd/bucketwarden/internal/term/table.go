package term

import (
	"bufio"
	"io"
	"slices"
	"strings"
)

// Cell is one field of a table.
type Cell struct {
	Text   string
	Colour Colour
}

// Column is one column of a table.
type Column struct {
	Title string
	// Shrink is how the column is made to fit: the columns give way in the order of
	// their Shrink, the highest first; 0 means never.
	Shrink int
	// Least is the width that a column keeps when it gives way; its title's at
	// least.
	Least int
	// Middle leaves out the middle of a long text instead of its end.
	Middle bool
	// Optional is whether the column goes where the others do not fit beside it, the last
	// one first.
	Optional bool
}

// gap is between two columns.
const gap = "  "

// tightest is how narrow a column gets that gives way, where its least is too much.
const tightest = 8

// Table writes the rows in columns. On a terminal each row takes one line: long
// fields are shortened until it fits, and optional columns go. Elsewhere nothing is
// shortened.
func (t *Terminal) Table(w io.Writer, columns []Column, rows [][]Cell) error {
	widths := widthsOf(columns, rows)
	full := t.Width()
	for full > 0 && fit(columns, widths, full) > 0 {
		last := lastOptional(columns)
		if last < 0 {
			tighten(columns, widths, full)
			break
		}
		columns, rows = without(columns, rows, last)
		widths = widthsOf(columns, rows)
	}
	out := bufio.NewWriter(w)
	header := make([]Cell, len(columns))
	for i, c := range columns {
		header[i] = Cell{c.Title, Dim}
	}
	for _, r := range append([][]Cell{header}, rows...) {
		t.line(out, columns, widths, r)
	}
	return out.Flush()
}

func widthsOf(columns []Column, rows [][]Cell) []int {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = Width(c.Title)
		for _, r := range rows {
			widths[i] = max(widths[i], Width(Clean(r[i].Text)))
		}
	}
	return widths
}

func lastOptional(columns []Column) int {
	for i := len(columns) - 1; i >= 0; i-- {
		if columns[i].Optional {
			return i
		}
	}
	return -1
}

func without(columns []Column, rows [][]Cell, i int) ([]Column, [][]Cell) {
	fewer := make([][]Cell, len(rows))
	for k, r := range rows {
		fewer[k] = slices.Delete(slices.Clone(r), i, i+1)
	}
	return slices.Delete(slices.Clone(columns), i, i+1), fewer
}

// tighten takes from the columns that give way what their least leaves.
func tighten(columns []Column, widths []int, full int) {
	tight := slices.Clone(columns)
	for i := range tight {
		tight[i].Least = min(tight[i].Least, tightest)
	}
	fit(tight, widths, full)
}

// fit takes from the widths, the column with the highest Shrink first, until the
// row fits in full, or no column can give any more. It returns by how much the row is
// too wide then.
func fit(columns []Column, widths []int, full int) (over int) {
	over = len(gap)*(len(columns)-1) - full
	most := 0
	for i, w := range widths {
		over += w
		most = max(most, columns[i].Shrink)
	}
	for rank := most; rank > 0; rank-- {
		for i, c := range columns {
			if c.Shrink != rank || over <= 0 {
				continue
			}
			take := min(over, max(0, widths[i]-max(c.Least, Width(c.Title))))
			widths[i] -= take
			over -= take
		}
	}
	return over
}

func (t *Terminal) line(out *bufio.Writer, columns []Column, widths []int, row []Cell) {
	var b strings.Builder
	pad := 0
	for i, c := range columns {
		text := Clean(row[i].Text)
		if c.Middle {
			text = Middle(text, widths[i])
		} else {
			text = End(text, widths[i])
		}
		b.WriteString(strings.Repeat(" ", pad))
		b.WriteString(t.Paint(row[i].Colour, text))
		pad = widths[i] - Width(text) + len(gap)
	}
	b.WriteByte('\n') // without the blanks behind the last field
	_, _ = out.WriteString(strings.TrimRight(b.String(), " \n") + "\n")
}
