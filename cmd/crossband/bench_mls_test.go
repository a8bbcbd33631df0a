package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestBenchMLS: a line for each size, as an object or as a table; what cannot be
// measured is a mistake of whoever typed it.
func TestBenchMLS(t *testing.T) {
	bench := func(args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = run(t.Context(), append([]string{"bench", "mls", "--suites", "2", "--rounds", "1"}, args...), env{nil, &o, &e})
		return code, o.String(), e.String()
	}
	code, out, errs := bench("--members", "2,5", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), out)
	}
	for i, members := range []float64{2, 5} {
		var row map[string]float64
		if err := json.Unmarshal([]byte(lines[i]), &row); err != nil || row["members"] != members || row["suite"] != 2 || row["join_ms"] <= 0 {
			t.Errorf("line %d: %s (%v)", i, lines[i], err)
		}
	}
	if code, out, _ := bench("--members", "3"); code != 0 || !strings.Contains(out, "join ms") || strings.Count(out, "\n") != 2 {
		t.Errorf("table, exit code %d:\n%s", code, out)
	}
	if code, _, errs := bench("--members", "1"); code != exitUsage || !strings.Contains(errs, "2 to ") {
		t.Errorf("one member: exit code %d: %s", code, errs)
	}
}
