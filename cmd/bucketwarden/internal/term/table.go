package term

import (
	"bufio"
	"io"
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
}

// gap is between two columns.
const gap = "  "

// Table writes the rows in columns. On a terminal each row takes one line: long
// fields are shortened until it fits. Elsewhere nothing is shortened.
func (t *Terminal) Table(w io.Writer, columns []Column, rows [][]Cell) error {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = Width(c.Title)
		for _, r := range rows {
			widths[i] = max(widths[i], Width(Clean(r[i].Text)))
		}
	}
	if full := t.Width(); full > 0 {
		fit(columns, widths, full)
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

// fit takes from the widths, the column with the highest Shrink first, until the
// row fits in full, or no column can give any more.
func fit(columns []Column, widths []int, full int) {
	over := len(gap)*(len(columns)-1) - full
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
