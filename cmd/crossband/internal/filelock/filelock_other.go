//go:build !unix

// Package filelock keeps a folder to one program at a time.
package filelock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Acquire holds path until unlock. If another holds it the error is busy, with
// the path. After a crash the file must be removed by hand.
func Acquire(path string, busy error) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w; if none does, remove the file", path, busy)
	}
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(f.Close(), os.Remove(path)) }, nil
}
