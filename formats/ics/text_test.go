package ics

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// pagesOf checks each page's size, head and foot and returns the lines between.
func pagesOf(t *testing.T, text string, s sheet, l Layout) [][]string {
	t.Helper()
	var pages [][]string
	all := strings.Split(text, "\f")
	for n, page := range all {
		lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
		if len(lines) > l.Lines {
			t.Errorf("page %d has %d lines", n+1, len(lines))
		}
		for _, line := range lines {
			if width(line) > l.Columns {
				t.Errorf("page %d: %q is %d wide", n+1, line, width(line))
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) }) {
				t.Errorf("page %d: %q holds what steers a printer", n+1, line)
			}
		}
		if s.exercise {
			mark := regexp.MustCompile(`^\*{10,} EXERCISE - EXERCISE - EXERCISE \*{10,}$`)
			if !mark.MatchString(lines[0]) || !mark.MatchString(lines[len(lines)-1]) {
				t.Errorf("page %d does not say that it is an exercise", n+1)
			}
			lines = lines[1 : len(lines)-1]
		}
		if foot := lines[len(lines)-2]; !strings.HasPrefix(foot, fmt.Sprintf("%s, Page %d of %d", s.number, n+1, len(all))) {
			t.Errorf("page %d is numbered %q", n+1, foot)
		}
		pages = append(pages, lines[3:len(lines)-3])
	}
	return pages
}

// TestTextHasEveryBoxAndWord: every numbered box in order, every word of the
// input in its box and its column.
func TestTextHasEveryBoxAndWord(t *testing.T) {
	anyForms(t, func(t *testing.T, f Form, l Layout, s sheet) {
		out, err := Text(f, l)
		if err != nil {
			t.Fatal(err)
		}
		boxes := readText(t, pagesOf(t, string(out), s, l))
		want := boxesOf(s.number)
		if len(boxes) != len(want) {
			t.Fatalf("%d boxes, want %d", len(boxes), len(want))
		}
		for n, b := range boxes {
			if b.title != fmt.Sprintf("%d. %s:", n+1, want[n].title) {
				t.Errorf("box %d is %q", n+1, b.title)
			}
			b.compare(t, s.boxes[n], want[n].parts)
		}
	})
}

// printed is a box as it is read from the pages.
type printed struct {
	title string
	lines []string
}

// readText gathers each box's lines, over all pages.
func readText(t *testing.T, pages [][]string) []*printed {
	t.Helper()
	title := regexp.MustCompile(`^\d\. .*:$`)
	var boxes []*printed
	for _, page := range pages {
		skip := 0 // rules still to come of a heading that is repeated
		for n, line := range page {
			switch {
			case n == 0 && strings.HasSuffix(line, " (continued):"):
				if len(boxes) == 0 || strings.TrimSuffix(boxes[len(boxes)-1].title, ":")+" (continued):" != line {
					t.Errorf("%q continues another box", line)
				}
				if len(page) > 1 && strings.HasPrefix(page[1], "+") {
					skip = 2
				}
			case skip > 0:
				if strings.HasPrefix(line, "+") {
					skip--
				}
			case title.MatchString(line):
				boxes = append(boxes, &printed{title: line})
			case strings.Trim(line, "-") == "" && len(line) > 70:
			case len(boxes) == 0:
				t.Errorf("%q is before the first box", line)
			default:
				boxes[len(boxes)-1].lines = append(boxes[len(boxes)-1].lines, line)
			}
		}
	}
	return boxes
}

// compare holds a printed box against what it was filled with.
func (p *printed) compare(t *testing.T, b box, parts []string) {
	t.Helper()
	switch {
	case b.table != nil && len(b.table.rows) == 0:
		if strings.Join(p.lines, "") != "   (none)" {
			t.Errorf("%s holds %q", p.title, p.lines)
		}
	case b.table != nil && strings.HasPrefix(p.lines[0], "+"):
		p.compareTable(t, b, parts)
	case b.table != nil:
		var want []field
		for _, row := range b.table.rows {
			for n, cell := range row {
				want = append(want, field{parts[n], cell})
			}
		}
		p.lines = slices.DeleteFunc(p.lines, func(line string) bool { return strings.HasPrefix(line, "(") })
		p.compareFields(t, want)
	case parts != nil:
		for n, f := range b.fields {
			if f.label != parts[n] {
				t.Errorf("%s: field %q, want %q", p.title, f.label, parts[n])
			}
		}
		p.compareFields(t, b.fields)
	default:
		if got := joined(p.lines); got != bare(visible(b.text)) {
			t.Errorf("%s: %q, want %q", p.title, got, b.text)
		}
	}
}

func (p *printed) compareFields(t *testing.T, want []field) {
	t.Helper()
	label := regexp.MustCompile(`^   [^ ]`)
	var got [][]string
	for _, line := range p.lines {
		if label.MatchString(line) {
			got = append(got, nil)
		}
		if len(got) == 0 {
			t.Fatalf("%s: %q is before the first label", p.title, line)
		}
		got[len(got)-1] = append(got[len(got)-1], line)
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d fields, want %d", p.title, len(got), len(want))
	}
	for n, f := range want {
		if text := joined(got[n]); text != bare(f.label+":"+visible(f.value)) {
			t.Errorf("%s: %q, want %q", p.title, text, f)
		}
	}
}

func (p *printed) compareTable(t *testing.T, b box, parts []string) {
	t.Helper()
	rows := tableRows(p.lines)
	want := append([][]string{parts}, b.table.rows...)
	if len(rows) != len(want) {
		t.Fatalf("%s: %d rows, want %d", p.title, len(rows), len(want))
	}
	for n, row := range want {
		for i, cell := range row {
			if got := joined(rows[n][i]); got != bare(visible(cell)) {
				t.Errorf("%s: row %d, column %d: %q, want %q", p.title, n, i+1, got, cell)
			}
		}
	}
}

// tableRows cuts a printed table at the places that its rule shows. The lines
// of a cell stay apart.
func tableRows(lines []string) [][][]string {
	rule := lines[0]
	widths := []int{}
	for part := range strings.SplitSeq(strings.Trim(rule, "+"), "+") {
		widths = append(widths, len(part))
	}
	var rows [][][]string
	open := false
	for _, line := range lines {
		if line == rule {
			open = false
			continue
		}
		if !open {
			rows, open = append(rows, make([][]string, len(widths))), true
		}
		rest := []rune(line)
		for n, w := range widths {
			rest = rest[1:] // the stroke
			end := 0
			for used := 0; end < len(rest) && (used < w || cells(rest[end]) == 0); end++ {
				used += cells(rest[end])
			}
			rows[len(rows)-1][n] = append(rows[len(rows)-1][n], string(rest[:end]))
			rest = rest[end:]
		}
	}
	return rows
}

// joined is a wrapped text without layout and without the marks of cut words.
func joined(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(bare(strings.TrimSuffix(strings.TrimRight(line, " "), broken)))
	}
	return b.String()
}

// TestManyPages: a long log is numbered to its end, and its heading repeated.
func TestManyPages(t *testing.T) {
	l := log()
	for n := range 2000 {
		l.Activities = append(l.Activities, Activity{utc("2026-11-25T15:00:00Z"), fmt.Sprintf("event %d", n)})
	}
	out, err := Text(l, Layout{})
	if err != nil {
		t.Fatal(err)
	}
	pages := strings.Split(string(out), "\f")
	if len(pages) < 60 {
		t.Errorf("%d pages", len(pages))
	}
	for n, page := range pages[1:] {
		if !strings.Contains(page, "7. Activity Log (continued):") || !strings.Contains(page, "|Date/Time ") {
			t.Errorf("page %d has no heading", n+2)
		}
	}
}
