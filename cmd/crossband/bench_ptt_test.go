package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// benchRows runs a benchmark of the program as it is delivered and returns its rows. It
// leaves no process and no folder.
func benchRows(t *testing.T, args ...string) (rows []map[string]any) {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(delivered(t), "crossband"), slices.Concat([]string{"bench"}, args, []string{"--json"})...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 30 * time.Second
	c.Env = append(os.Environ(), "TMPDIR="+dir)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, &errs)
	}
	for line := range strings.Lines(string(out)) {
		row := make(map[string]any)
		check(t, json.Unmarshal([]byte(line), &row))
		rows = append(rows, row)
	}
	nothingLeft(t, dir)
	return rows
}

// number is a figure of a row, which must be there.
func number(t *testing.T, row map[string]any, name string) float64 {
	t.Helper()
	v, ok := row[name].(float64)
	if !ok {
		t.Fatalf("no %s in %v", name, row)
	}
	return v
}

// TestBenchPTT: each path has its figures, and nothing is quicker than the border lets
// it be.
func TestBenchPTT(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	rows := benchRows(t, "ptt", "--bursts", "2", "--speech", "400ms", "--delay", "40ms", "--jitter", "10ms", "--loss", "0.01")
	var paths []string
	for _, row := range rows {
		path, _ := row["path"].(string)
		paths = append(paths, path)
		n := func(name string) float64 { return number(t, row, name) }
		if n("bursts") != 2 || n("failed_presses") != 0 || n("late_entries") != 2 || n("failed_late_entries") != 0 || n("frames_said") != 40 || n("frames_played") < 20 {
			t.Errorf("%v", row)
		}
		if n("first_frames_lost")+n("last_frames_lost") > n("frames_said")-n("frames_played") || n("frames_concealed") < 0 || n("first_syllables_lost")+n("last_syllables_lost") > 4 {
			t.Errorf("the ends lost more than all: %v", row)
		}
		for _, name := range []string{"access", "mouth_to_ear", "late_entry"} {
			if p50, p95, most := n(name+"_p50_ms"), n(name+"_p95_ms"), n(name+"_max_ms"); p50 <= 0 || p95 < p50 || most < p95 {
				t.Errorf("%s of %s: %v, %v, %v", name, path, p50, p95, most)
			}
		}
		way, access, late := 0.0, 0.0, 0.0 // the least that is possible
		if path != "home" {
			way = 40
			if strings.HasSuffix(path, "back") {
				access = 80 // the talker asks the hub beyond the border
			} else {
				late = 80 // the newcomer does
			}
		}
		if n("delay_ms") != way || n("access_p50_ms") < access || n("late_entry_p50_ms") < late || n("mouth_to_ear_p50_ms") < way+20 {
			t.Errorf("quicker than the border: %v", row)
		}
		if bad := strings.HasPrefix(path, "bad"); (n("loss") == 0.01) != bad || (n("jitter_ms") == 10) != bad {
			t.Errorf("the border: %v", row)
		}
		if n("access_p95_target_ms") != 300 || n("mouth_to_ear_p95_target_ms") != 300 || n("late_entry_target_ms") != 350 {
			t.Errorf("the numbers to reach: %v", row)
		}
	}
	if !slices.Equal(paths, []string{"home", "good out", "good back", "bad out", "bad back"}) {
		t.Errorf("paths %q", paths)
	}
}

// TestBenchLeavesNothingBehind when it is interrupted.
func TestBenchLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	t.Parallel() // how far the run has come does not matter
	for _, what := range []string{"ptt", "federation"} {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		c := exec.CommandContext(ctx, filepath.Join(delivered(t), "crossband"), "bench", what)
		c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
		c.WaitDelay = 30 * time.Second
		c.Env = append(os.Environ(), "TMPDIR="+dir)
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "error: interrupted") {
			t.Errorf("%s: %v\n%s", what, err, out)
		}
		nothingLeft(t, dir)
	}
}
