package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"crossband/cmd/crossband/internal/bench/relay"
)

// benched starts a benchmark of the program as it is delivered, with its temporary
// folders in dir.
func benched(t *testing.T, ctx context.Context, dir string, args ...string) (c *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads what other processes use, which Linux alone tells")
	}
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	c = exec.CommandContext(ctx, filepath.Join(delivered(t), "crossband"), append([]string{"bench"}, args...)...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 30 * time.Second
	c.Env = append(os.Environ(), "TMPDIR="+dir)
	c.Stdout, c.Stderr = out, errs
	return c, out, errs
}

// TestBenchRelay measures a small size and looks whether the figures can be true.
func TestBenchRelay(t *testing.T) {
	dir := t.TempDir() // not in parallel: it measures
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	paths := []string{"datagram", "lane"}
	c, out, errs := benched(t, ctx, dir, "relay", "--listeners", "6,12", "--talkers", "2", "--slice", "300ms", "--rounds", "2", "--settle", "200ms", "--path", strings.Join(paths, ","), "--json")
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	rows := json.NewDecoder(out)
	for _, listeners := range []float64{6, 12} {
		for _, path := range paths {
			row := map[string]any{}
			check(t, rows.Decode(&row))
			relayRow(t, row, path, listeners, 2)
		}
	}
	if err := rows.Decode(new(any)); err != io.EOF {
		t.Errorf("more than a row for each size and path: %v", err)
	}
	nothingLeft(t, dir)
	if t.Failed() {
		t.Log(errs)
	}
}

// relayRow looks whether a row has all figures, and no others, and none is impossible.
func relayRow(t *testing.T, row map[string]any, path string, listeners, talkers float64) {
	t.Helper()
	t.Log(row)
	for name, want := range map[string]any{"path": path, "listeners": listeners, "talkers": talkers} {
		if row[name] != want {
			t.Errorf("%s is %v, want %v", name, row[name], want)
		}
		delete(row, name)
	}
	for _, name := range []string{"loss", "plain_loss"} { // a machine that is starved may lose a frame; a tenth is ours
		if v, ok := row[name].(float64); !ok || v < 0 || v > 0.05 {
			t.Errorf("%s is %v", name, row[name])
		}
		delete(row, name)
	}
	for _, name := range []string{
		"cpu_us_per_forward", "plain_cpu_us_per_forward", "floor_cpu_us_per_forward", "ratio_to_plain", "p50_ms", "p99_ms", "plain_p99_ms",
		"rss_kb_per_endpoint", "plain_rss_kb_per_endpoint", "relay_core_share",
	} {
		if v, ok := row[name].(float64); !ok || v <= 0 {
			t.Errorf("%s is %v", name, row[name])
		}
		delete(row, name)
	}
	if _, ok := row["load_behind"].(bool); !ok {
		t.Errorf("load_behind is %v", row["load_behind"])
	}
	delete(row, "load_behind")
	if len(row) > 0 {
		t.Errorf("what else is told: %v", row)
	}
}

// TestBenchRelayLeavesNothingBehind when it is interrupted.
func TestBenchRelayLeavesNothingBehind(t *testing.T) {
	t.Parallel() // how far the run has come does not matter
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, out, errs := benched(t, ctx, dir, "relay", "--listeners", "12", "--talkers", "2", "--slice", "30s", "--path", "datagram")
	err := c.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(errs.String(), "error: interrupted") {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
	nothingLeft(t, dir)
}

// TestBenchRelayRefusesWhatCannotBe before anything is started.
func TestBenchRelayRefusesWhatCannotBe(t *testing.T) {
	for _, args := range [][]string{{"--talkers", "0"}, {"--listeners", "5", "--talkers", "6"}, {"--path", "pigeon"}, {"--frame", "5"}, {"--slice", "2m"}, {"--rounds", "0"}} {
		c, out, errs := benched(t, t.Context(), t.TempDir(), append([]string{"relay"}, args...)...)
		err := c.Run()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != exitUsage {
			t.Errorf("%v: %v\n%s%s", args, err, out, errs)
		}
	}
}

// TestBoundsOfBenchRelay: a ratio that proves nothing is not within its bound.
func TestBoundsOfBenchRelay(t *testing.T) {
	most := map[string]float64{"lane": 0.5}
	for _, c := range []struct {
		why   string
		row   relay.Row
		fails bool
	}{
		{"within", relay.Row{Path: "lane", Ratio: 0.5, Loss: 0.01}, false},
		{"above", relay.Row{Path: "lane", Ratio: 0.51}, true},
		{"no bound", relay.Row{Path: "datagram", Ratio: 3, Loss: 1}, false},
		{"no number", relay.Row{Path: "lane", Ratio: math.NaN()}, true},
		{"it drops voice", relay.Row{Path: "lane", Ratio: 0.1, Loss: 0.5}, true},
		{"plain drops voice", relay.Row{Path: "lane", Ratio: 0.1, PlainLoss: 0.5}, true},
	} {
		if err := above([]relay.Row{c.row}, most); (err != nil) != c.fails {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// TestTheYardstickServesLoopbackOnly: whoever joins its floor is sent what others say,
// unasked for who he is.
func TestTheYardstickServesLoopbackOnly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for listen, want := range map[string]int{"0.0.0.0:0": exitUsage, "": exitUsage, ":0": exitUsage, "127.0.0.1:0": exitOK} {
		var out, errs bytes.Buffer
		if code := run(ctx, []string{"bench-yardstick", "--kind", "floor", "--listen", listen}, env{nil, &out, &errs}); code != want {
			t.Errorf("%q: exit %d, want %d: %s", listen, code, want, &errs)
		}
	}
}
