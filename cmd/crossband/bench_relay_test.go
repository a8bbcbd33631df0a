package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// benched starts a benchmark of the program as it is delivered, with its temporary
// folders in dir.
func benched(t *testing.T, ctx context.Context, dir string, args ...string) (c *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads what other processes use, which Linux alone tells")
	}
	if testing.Short() {
		t.Skip("takes some seconds")
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
	c, out, errs := benched(t, ctx, dir, "relay", "--listeners", "12", "--talkers", "2", "--slice", "400ms", "--rounds", "2", "--path", "datagram", "--json")
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	row := map[string]any{}
	check(t, json.Unmarshal(out.Bytes(), &row))
	for name, want := range map[string]any{"path": "datagram", "listeners": 12.0, "talkers": 2.0, "loss": 0.0} {
		if row[name] != want {
			t.Errorf("%s is %v, want %v", name, row[name], want)
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
	if len(row) > 0 {
		t.Errorf("what else is told: %v", row)
	}
	nothingLeft(t, dir)
	if t.Failed() {
		t.Logf("%s%s", out, errs)
	}
}

// TestBenchRelayLeavesNothingBehind when it is interrupted.
func TestBenchRelayLeavesNothingBehind(t *testing.T) {
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
