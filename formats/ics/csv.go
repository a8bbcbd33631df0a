package ics

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"strings"
)

// CSV returns a form's rows as RFC 4180 in UTF-8, with a heading: the
// activities of an ICS 214, the channels of an ICS 205. The first column says
// EXERCISE in every row of one; a last one, Record, is there if the layout has a
// warning or a note.
//
// Spreadsheets take a cell that begins like a formula for one, and some part
// cells at semicolons too. An apostrophe stands before each such beginning, and
// before an apostrophe there; taking it away gives the text back.
func CSV(f Form, l Layout) ([]byte, error) {
	s, _, err := fill(f, l)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	heading := []string{"Exercise"}
	for _, c := range s.export.columns {
		heading = append(heading, c.title)
	}
	record := cmp.Or(s.warning, s.note)
	if record != "" {
		heading = append(heading, "Record")
	}
	if err := w.Write(heading); err != nil {
		return nil, err
	}
	for _, row := range s.export.rows {
		cells := []string{""}
		if s.exercise {
			cells[0] = "EXERCISE"
		}
		for _, cell := range row {
			cells = append(cells, harmless(visible(cell)))
		}
		if record != "" {
			cells = append(cells, harmless(visible(record)))
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// harmless puts an apostrophe before what a spreadsheet could run: a sign that
// begins a formula, narrow or wide, at the beginning, after a semicolon or on a
// new line, with or without spaces and quotation marks before it.
func harmless(s string) string {
	var b strings.Builder
	begins := true
	for _, r := range s {
		if begins && strings.ContainsRune("=+-@'＝＋－＠", r) {
			b.WriteByte('\'')
		}
		begins = r == ';' || r == '\n' || begins && (r == ' ' || r == '\u00a0' || r == '\u3000' || r == '"')
		b.WriteRune(r)
	}
	return b.String()
}
