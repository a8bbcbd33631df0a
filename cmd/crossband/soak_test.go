package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// soaked starts a soak run of the program as it is delivered, with its temporary
// folders in dir.
func soaked(t *testing.T, ctx context.Context, dir string, args ...string) (c *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	c = exec.CommandContext(ctx, filepath.Join(delivered(t), "crossband"), append([]string{"soak"}, args...)...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 30 * time.Second
	c.Env = append(os.Environ(), "TMPDIR="+dir)
	c.Stdout, c.Stderr = out, errs
	return c, out, errs
}

// TestSoak runs for half a minute with every fault that this machine allows. What
// holds under faults holds on a busy machine too: nothing is excused.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir() // not in parallel: it measures voice in real time
	report := filepath.Join(dir, "report.json")
	faults, want := "kill,partition,pause,disk-full,clock", 5
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c, out, errs := soaked(t, ctx, dir, "--duration", "30s", "--seed", "7", "--faults", faults, "--report", report)
	err := c.Run()
	if strings.Contains(errs.String(), "cannot be mounted here") {
		t.Log("no small disk can be mounted here: without disk-full")
		faults, want = "kill,partition,pause,clock", 4
		c, out, errs = soaked(t, ctx, dir, "--duration", "30s", "--seed", "7", "--faults", faults, "--report", report)
		err = c.Run()
	}
	if err != nil {
		t.Fatalf("%v\n%s%s", err, out, errs)
	}
	raw, err := os.ReadFile(report)
	check(t, err)
	var r struct {
		OK                                           bool
		Accepted, Lost, Duplicated, Reordered, Forks int
		VoiceStale                                   *int `json:"voice_stale"`
		Faults                                       map[string]int
		Seed                                         int
		Voice                                        struct {
			Measured int `json:"frames_measured"`
		}
	}
	check(t, json.Unmarshal(raw, &r))
	if !r.OK || r.Accepted < 20 || r.VoiceStale == nil || r.Voice.Measured == 0 || r.Seed != 7 || len(r.Faults) != want {
		t.Errorf("%s", raw)
	}
	nothingLeft(t, dir)
}

// TestSoakLeavesNothingBehind when it is interrupted, paused processes included.
func TestSoakLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	c, out, errs := soaked(t, ctx, dir, "--duration", "60s", "--seed", "7", "--faults", "pause")
	err := c.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(errs.String(), "error: interrupted") {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
	if !strings.Contains(errs.String(), "fault   pause") {
		t.Errorf("nothing was paused:\n%s", errs)
	}
	nothingLeft(t, dir)
}

// nothingLeft looks for processes and folders of a run whose temporary folder was
// dir.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range lines {
		if b, _ := os.ReadFile(f); bytes.Contains(b, []byte(dir)) {
			t.Errorf("still running: %q", b)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "crossband-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
