package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// benchLines runs a benchmark of the program as it is delivered, and returns its rows. Its
// temporary folders must be gone afterwards.
func benchLines(t *testing.T, args ...string) (rows []map[string]any) {
	t.Helper()
	tmp := t.TempDir()
	c := exec.CommandContext(t.Context(), filepath.Join(delivered(t), "crossband"), append([]string{"bench"}, append(args, "--json")...)...)
	c.Env = append(os.Environ(), "TMPDIR="+tmp)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &errs)
	}
	for lines := json.NewDecoder(&out); lines.More(); {
		var row map[string]any
		check(t, lines.Decode(&row))
		rows = append(rows, row)
	}
	left, err := os.ReadDir(tmp)
	check(t, err)
	for _, f := range left {
		t.Errorf("%v left %s", args, f.Name())
	}
	return rows
}

// positive fails unless a row has figures under these names, each more than 0.
func positive(t *testing.T, row map[string]any, names ...string) {
	t.Helper()
	for _, name := range names {
		if v, ok := row[name].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v in %v", name, row[name], row)
		}
	}
}

func TestBenchStoreEndToEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	rows := benchLines(t, "store", "--writers", "1,4", "--slice", "50ms", "--rounds", "1", "--endpoints", "2", "--texts", "5")
	if len(rows) != 3 || rows[2]["engine"] != "relay" || rows[2]["writers"] != 2.0 {
		t.Fatalf("%v", rows)
	}
	for _, r := range rows {
		positive(t, r, "messages_per_s", "raw_fsync_per_s", "raw_messages_per_s", "single_fsync_per_s", "ratio", "p50_ms", "p99_ms", "octets")
	}
}
