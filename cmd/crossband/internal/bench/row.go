// Package bench measures what Crossband costs on the machine it runs on. Each
// benchmark is a package below; here is what they share.
package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Row is one line of a benchmark's result. It marshals to the JSON object that
// scripts read.
type Row interface {
	// Cells are what the table shows, in their order; every row of a benchmark has
	// the same headings.
	Cells() []Cell
}

// Cell is one figure of a row.
type Cell struct {
	Heading string // with the unit
	Text    string
}

// Figure makes a cell of a number, to as many digits as are worth showing.
func Figure(heading string, v float64, decimals int) Cell {
	return Cell{heading, fmt.Sprintf("%.*f", decimals, v)}
}

// Count makes a cell of a whole number.
func Count(heading string, n int) Cell { return Cell{heading, fmt.Sprint(n)} }

// Print writes rows as a table, headings first.
func Print[R Row](w io.Writer, rows []R) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i, r := range rows {
		cells := r.Cells()
		if i == 0 {
			fmt.Fprintln(t, line(cells, func(c Cell) string { return c.Heading }))
		}
		fmt.Fprintln(t, line(cells, func(c Cell) string { return c.Text }))
	}
	return t.Flush()
}

func line(cells []Cell, of func(Cell) string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(of(c))
		b.WriteByte('\t')
	}
	return b.String()
}
