package ics

import (
	"encoding/csv"
	"regexp"
	"strings"
	"testing"
)

// TestCSVHasEveryRow: every cell comes back when the apostrophes are taken
// away, and none can be run.
func TestCSVHasEveryRow(t *testing.T) {
	danger := regexp.MustCompile(`(^|[;\n])[ \x{a0}\x{3000}"]*[=+@＝＋－＠-]`)
	guard := regexp.MustCompile(`((?:^|[;\n])[ \x{a0}\x{3000}"]*)'`)
	anyForms(t, func(t *testing.T, f Form, l Layout, s sheet) {
		out, err := CSV(f, l)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
		if err != nil || len(rows) != 1+len(s.export.rows) {
			t.Fatalf("%d rows, want %d and a heading; error %v", len(rows), len(s.export.rows), err)
		}
		for n, row := range rows[1:] {
			if row[0] != map[bool]string{true: "EXERCISE"}[s.exercise] {
				t.Errorf("row %d says %q", n+1, row[0])
			}
			for i, cell := range row[1:] {
				if danger.MatchString(cell) {
					t.Errorf("row %d: %q could be run", n+1, cell)
				}
				if got := guard.ReplaceAllString(cell, "$1"); got != visible(s.export.rows[n][i]) {
					t.Errorf("row %d: %q, want %q", n+1, got, s.export.rows[n][i])
				}
			}
		}
	})
}
