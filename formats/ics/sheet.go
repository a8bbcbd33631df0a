package ics

import "fmt"

// sheet is a filled form, ready to be rendered in any way. Its texts are as
// they were given; each renderer makes them harmless in its own way.
type sheet struct {
	number   string // "ICS 214"
	title    string
	incident string // repeated on every page
	exercise bool
	warning  string // on every page, twice
	note     string // at the foot of every page
	wide     bool   // landscape paper
	plan     bool   // part of an Incident Action Plan; its page there is left for a pen
	boxes    []box
	foot     []field // at the foot of every page, beside its number
	export   table   // the rows for CSV
}

// box is a numbered box: fields, a table or a text.
type box struct {
	number int
	title  string
	fields []field
	table  *table
	text   string
}

// field is a label and what is written behind it. A blank one is left for a
// pen.
type field struct {
	label, value string
}

// blank is a field's value that is written by hand.
const blank = "____________________"

// table is a table with a heading. Rows have a cell for every column.
type table struct {
	columns []column
	rows    [][]string
}

// column is a heading and how wide the column is in text, in cells; 0: it
// takes what is left.
type column struct {
	title string
	width int
}

// minFlexible is the least width of a column that takes what is left. If less is left,
// each row is printed as a list.
const minFlexible = 16

// check holds a sheet against the limits.
func (s sheet) check() error {
	if s.incident == "" {
		return fmt.Errorf("no incident name")
	}
	if len(s.warning) > MaxNotes || len(s.note) > MaxNotes {
		return fmt.Errorf("warning of %d octets, note of %d, at most %d each", len(s.warning), len(s.note), MaxNotes)
	}
	for _, b := range s.boxes {
		if err := b.check(); err != nil {
			return fmt.Errorf("box %d: %w", b.number, err)
		}
	}
	return nil
}

func (b box) check() error {
	if len(b.text) > MaxText {
		return fmt.Errorf("text of %d octets, at most %d", len(b.text), MaxText)
	}
	for _, f := range b.fields {
		if len(f.value) > MaxText {
			return fmt.Errorf("text of %d octets, at most %d", len(f.value), MaxText)
		}
	}
	if b.table == nil {
		return nil
	}
	if len(b.table.rows) > MaxRows {
		return fmt.Errorf("%d rows, at most %d", len(b.table.rows), MaxRows)
	}
	for n, row := range b.table.rows {
		for _, cell := range row {
			if len(cell) > MaxText {
				return fmt.Errorf("row %d: text of %d octets, at most %d", n+1, len(cell), MaxText)
			}
		}
	}
	return nil
}
