//go:build unix

// Package filelock keeps a folder to one program at a time.
package filelock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Acquire holds path for this process until unlock, or until the process ends,
// however it ends. If another holds it the error is busy, with the path.
func Acquire(path string, busy error) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w; one at a time may", path, busy)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// Closing alone would not do while a child that has been forked and not yet replaced
	// its image has the file too.
	return func() error { return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close()) }, nil
}
