package ics

import (
	"fmt"
	"strings"
)

// banner stands at the top and the foot of every page of an exercise.
const banner = "EXERCISE - EXERCISE - EXERCISE"

// indent and deeper set off what people wrote: only the form itself begins a
// line at the edge, and only its labels one at indent. No text can pass for a
// box, a label or a banner.
const (
	indent = "   "
	deeper = "      "
)

// minRoom is how many lines of a page must be left between its head and foot.
const minRoom = 15

// Text returns a form as UTF-8 text for a printer of fixed pitch, in pages
// parted by form feeds. No line is longer than Layout.Columns, no page longer
// than Layout.Lines. A word cut at the end of a line ends there with \.
func Text(f Form, l Layout) ([]byte, error) {
	s, l, err := fill(f, l)
	if err != nil {
		return nil, err
	}
	p := pager{top: s.top(l.Columns), room: l.Lines - s.around(l.Columns)}
	if p.room < minRoom {
		return nil, fmt.Errorf("%w: warning and note leave %d lines of a page, want %d", ErrForm, p.room, minRoom)
	}
	for n, b := range s.boxes {
		if n > 0 {
			p.add(unit{lines: []string{strings.Repeat("-", l.Columns)}})
		}
		for _, u := range b.units(l.Columns) {
			p.add(u)
		}
	}
	var out strings.Builder
	for n, page := range p.pages {
		if n > 0 {
			out.WriteByte('\f')
		}
		for _, lines := range [][]string{p.top, page, s.bottom(l.Columns, n+1, len(p.pages))} {
			for _, line := range lines {
				out.WriteString(strings.TrimRight(line, " ") + "\n")
			}
		}
	}
	return []byte(out.String()), nil
}

// top returns the lines at the head of every page. The incident's whole name is
// in box 1.
func (s sheet) top(columns int) []string {
	lines := append(s.banner(columns), whole(s.warning, columns)...)
	name := strings.ReplaceAll(visible(s.incident), "\n", " ")
	if width(name) > columns-len("Incident: ") {
		name = strings.TrimSuffix(wrap(name, columns-len("Incident: …"))[0], broken) + "…"
	}
	return append(lines, centred(s.title+" ("+s.number+")", columns), "Incident: "+name, strings.Repeat("=", columns))
}

func (s sheet) bottom(columns, page, pages int) []string {
	number := fmt.Sprintf("%s, Page %d of %d", s.number, page, pages)
	if s.plan {
		number += ", IAP Page ____"
	}
	lines := []string{strings.Repeat("=", columns), number}
	lines = append(lines, s.foot[0].label+"/"+s.foot[1].label+": "+s.foot[0].value+" "+s.foot[1].value)
	lines = append(append(lines, whole(s.note, columns)...), whole(s.warning, columns)...)
	return append(lines, s.banner(columns)...)
}

// whole returns all lines of a text that may be empty.
func whole(text string, columns int) []string {
	if text == "" {
		return nil
	}
	return wrap(visible(text), columns)
}

// around returns how many lines of a page are not for the boxes.
func (s sheet) around(columns int) int { return len(s.top(columns)) + len(s.bottom(columns, 1, 1)) }

func (s sheet) banner(columns int) []string {
	if !s.exercise {
		return nil
	}
	stars := strings.Repeat("*", (columns-len(banner)-2)/2)
	return []string{stars + " " + banner + " " + stars}
}

func centred(s string, columns int) string {
	return strings.Repeat(" ", max(0, (columns-width(s))/2)) + s
}

// units returns a box in pieces that should not be parted by a page's end.
func (b box) units(columns int) []unit {
	title := fmt.Sprintf("%d. %s:", b.number, b.title)
	switch {
	case b.table != nil && len(b.table.rows) == 0:
		return []unit{{lines: []string{title, indent + "(none)"}, begins: true}}
	case b.table != nil:
		return b.table.units(title, columns)
	case b.fields != nil:
		lines := []string{title}
		for _, f := range b.fields {
			lines = append(lines, f.lines(columns)...)
		}
		return []unit{{lines: lines, head: []string{continued(title)}, begins: true}}
	case b.text == "":
		return []unit{{lines: []string{title}, begins: true}}
	}
	lines := []string{title}
	for _, line := range wrap(visible(b.text), columns-len(indent)) {
		lines = append(lines, indent+line)
	}
	return []unit{{lines: lines, head: []string{continued(title)}, begins: true}}
}

func continued(title string) string { return strings.TrimSuffix(title, ":") + " (continued):" }

func (f field) lines(columns int) []string {
	value := visible(f.value)
	if label := indent + f.label + ": "; !strings.Contains(value, "\n") && width(label+value) <= columns {
		return []string{label + value}
	}
	lines := []string{indent + f.label + ":"}
	for _, line := range wrap(value, columns-len(deeper)) {
		lines = append(lines, deeper+line)
	}
	return lines
}

// units returns a table row by row, its heading before the first one.
func (t table) units(title string, columns int) []unit {
	widths, fits := t.widths(columns)
	if !fits {
		return t.list(title, columns)
	}
	rule := ruled(widths)
	heading := []string{rule}
	titles := make([]string, 0, len(t.columns))
	for n, c := range t.columns {
		titles = append(titles, c.heading(widths[n]))
	}
	heading = append(append(heading, drawn(titles, widths)...), rule)
	units := make([]unit, 0, len(t.rows))
	for n, row := range t.rows {
		u := unit{lines: append(drawn(row, widths), rule), head: append([]string{continued(title)}, heading...)}
		if n == 0 {
			u.lines, u.begins = append(append([]string{title}, heading...), u.lines...), true
		}
		units = append(units, u)
	}
	return units
}

// heading returns a column's title, parted at its strokes if a word is too long.
func (c column) heading(limit int) string {
	for word := range strings.FieldsSeq(c.title) {
		if width(word) > limit {
			return strings.ReplaceAll(c.title, "/", "/\n")
		}
	}
	return c.title
}

// widths returns the width of each column, and whether all of them fit.
func (t table) widths(columns int) ([]int, bool) {
	left := columns - len(t.columns) - 1
	widths := make([]int, len(t.columns))
	for n, c := range t.columns {
		widths[n] = c.width
		left -= c.width
	}
	for n, c := range t.columns {
		if c.width == 0 {
			widths[n] = left
		}
	}
	return widths, left >= minFlexible
}

// list returns a table that is too wide for the page as a list for each row.
func (t table) list(title string, columns int) []unit {
	units := make([]unit, 0, len(t.rows))
	for n, row := range t.rows {
		u := unit{head: []string{continued(title)}}
		if n == 0 {
			u.lines, u.begins = []string{title}, true
		}
		u.lines = append(u.lines, fmt.Sprintf("(%d of %d)", n+1, len(t.rows)))
		for i, cell := range row {
			u.lines = append(u.lines, field{t.columns[i].title, cell}.lines(columns)...)
		}
		units = append(units, u)
	}
	return units
}

func ruled(widths []int) string {
	var b strings.Builder
	for _, w := range widths {
		b.WriteString("+" + strings.Repeat("-", w))
	}
	return b.String() + "+"
}

// drawn returns a row of a table as lines.
func drawn(row []string, widths []int) []string {
	wrapped, height := make([][]string, len(row)), 0
	for n, cell := range row {
		wrapped[n] = wrap(visible(cell), widths[n])
		height = max(height, len(wrapped[n]))
	}
	lines := make([]string, 0, height)
	for at := range height {
		var b strings.Builder
		for n := range row {
			text := ""
			if at < len(wrapped[n]) {
				text = wrapped[n][at]
			}
			b.WriteString("|" + text + strings.Repeat(" ", widths[n]-width(text)))
		}
		lines = append(lines, b.String()+"|")
	}
	return lines
}
