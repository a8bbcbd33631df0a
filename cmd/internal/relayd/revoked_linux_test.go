package relayd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A list whose reading failed is read again, although it was not written again.
// The process's own memory stands in for it: there is nothing at its beginning.
func TestListWhoseReadingFailedIsReadAgain(t *testing.T) {
	r, k, log := lists(t)
	path := filepath.Join(r.dir, "own.list")
	must(t, os.Symlink("/proc/self/mem", path))
	info, err := os.Stat(path)
	must(t, err)
	for range 2 {
		r.look(t.Context(), k.hand)
	}
	if n := strings.Count(log.String(), "input/output error"); n != 1 || len(k.lists) != 0 {
		t.Fatalf("%d lists handed over; said %d times, want once: %s", len(k.lists), n, log)
	}
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, []byte("list"), 0o600))
	must(t, os.Chtimes(path, info.ModTime(), info.ModTime()))
	if r.look(t.Context(), k.hand); !slices.Equal(k.lists, []string{"list"}) {
		t.Errorf("handed over %q", k.lists)
	}
}
