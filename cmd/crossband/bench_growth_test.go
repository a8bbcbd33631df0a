package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossband/cmd/crossband/internal/bench/relay"
)

func TestBenchGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	out := filepath.Join(t.TempDir(), "performance")
	code, stdout, stderr := command(t, "bench", "growth", "--out", out, "--axes", "channels,history,writers", "--channels", "1,3", "--history", "10,40", "--writers", "1,2")
	if code != exitOK {
		t.Fatalf("%d\n%s", code, stderr)
	}
	page := filepath.Join(filepath.Dir(out), "PERFORMANCE.md")
	if stdout != page+"\n" {
		t.Errorf("it says %q", stdout)
	}
	octets, err := os.ReadFile(page)
	check(t, err)
	plots, err := filepath.Glob(filepath.Join(out, "*.svg"))
	check(t, err)
	if len(plots) != 2+3+2 {
		t.Errorf("%d plots: %v", len(plots), plots)
	}
	for _, p := range plots {
		if !bytes.Contains(octets, []byte("(performance/"+filepath.Base(p)+")")) {
			t.Errorf("%s is not on the page", filepath.Base(p))
		}
	}
	if bytes.Contains(octets, []byte("come back")) {
		t.Error("an axis that was not asked for is on the page")
	}
	if code, _, _ := command(t, "bench", "growth", "--out", out, "--axes", "weather"); code != exitUsage {
		t.Errorf("an axis that there is not: exit %d", code)
	}
}

// TestARowWithoutFiguresIsNoPartOfThePage: one that is not heard is not left out either.
func TestARowWithoutFiguresIsNoPartOfThePage(t *testing.T) {
	rows := []relay.Row{{Path: "datagram", Listeners: 9}, {Path: "lane", Listeners: 9, Error: "none of 7 frames was heard"}}
	if good, err := withFigures(rows); len(good) != 1 || good[0] != rows[0] || err == nil || !strings.Contains(err.Error(), "path lane: none of 7") {
		t.Errorf("%v, %v", good, err)
	}
	if good, err := withFigures(rows[:1]); len(good) != 1 || err != nil {
		t.Errorf("%v, %v", good, err)
	}
}
