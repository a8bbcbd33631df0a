package ics

import (
	"encoding/csv"
	"errors"
	"strings"
	"testing"
)

// TestEveryPageSaysWhatTheLayoutSays: a warning at the top and the foot of each
// page, a note at the foot, both harmless; in CSV the warning in each row, or
// else the note.
func TestEveryPageSaysWhatTheLayoutSays(t *testing.T) {
	f := log()
	for range 200 {
		f.Activities = append(f.Activities, f.Activities[0])
	}
	l := Layout{Warning: "TAMPERED WITH\x1b[2J", Note: "=cosigned by <b>gn.example</b>"}
	text, err := Text(f, l)
	if err != nil {
		t.Fatal(err)
	}
	pages := strings.Split(string(text), "\f")
	if len(pages) < 10 {
		t.Fatalf("%d pages: too few to show anything", len(pages))
	}
	for n, page := range pages {
		lines := strings.Split(strings.TrimSuffix(page, "\n"), "\n")
		const warning = "TAMPERED WITH<U+001B>[2J"
		if lines[0] != warning || lines[len(lines)-1] != warning || lines[len(lines)-2] != l.Note || len(lines) > 60 {
			t.Errorf("page %d: begins %q, ends %q, has %d lines", n+1, lines[0], lines[len(lines)-2:], len(lines))
		}
	}
	page, err := HTML(f, l)
	if err != nil {
		t.Fatal(err)
	}
	for text, times := range map[string]int{"TAMPERED WITH&lt;U&#43;001B&gt;[2J": 2, "=cosigned by &lt;b&gt;gn.example&lt;/b&gt;": 1} {
		if got := strings.Count(string(page), text); got != times {
			t.Errorf("%q stands %d times in the page, want %d", text, got, times)
		}
	}
	for _, c := range []struct {
		l    Layout
		want string
	}{{l, "TAMPERED WITH<U+001B>[2J"}, {Layout{Note: l.Note}, "'" + l.Note}} {
		out, err := CSV(f, c.l)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
		if err != nil || len(rows) != 1+len(f.Activities) {
			t.Fatalf("%d rows, error %v", len(rows), err)
		}
		for n, row := range rows[1:] {
			if got := row[len(row)-1]; got != c.want {
				t.Errorf("row %d says %q, want %q", n+1, got, c.want)
			}
		}
	}
}

func TestNotesThatLeaveNoRoomAreRefused(t *testing.T) {
	for what, l := range map[string]Layout{
		"a warning over the limit": {Warning: strings.Repeat("x", MaxNotes+1)},
		"a note over the limit":    {Note: strings.Repeat("x", MaxNotes+1)},
		"a page of notes alone":    {Lines: 30, Warning: strings.Repeat("\n", 10)},
	} {
		if _, err := Text(log(), l); !errors.Is(err, ErrForm) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}
