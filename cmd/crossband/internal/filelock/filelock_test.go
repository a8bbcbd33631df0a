//go:build unix

package filelock

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// TestUnlockIsAtOnce: also while a child has the file, as between fork and exec.
func TestUnlockIsAtOnce(t *testing.T) {
	path, busy := filepath.Join(t.TempDir(), "lock"), errors.New("busy")
	unlock, err := Acquire(path, busy)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(path, busy); !errors.Is(err, busy) {
		t.Fatalf("held twice: %v", err)
	}
	for fd := range 64 { // every open file has a second descriptor, as a child has
		if again, err := syscall.Dup(fd); err == nil {
			defer syscall.Close(again)
		}
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	unlock, err = Acquire(path, busy)
	if err != nil {
		t.Fatalf("not free: %v", err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}
