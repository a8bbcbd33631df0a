package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestBenchGrowth(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
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
