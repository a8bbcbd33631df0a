//go:build linux || darwin || freebsd

package store

import (
	"os"
	"path/filepath"
	"syscall"
)

// lockFile holds path against other processes and other stores of this one
// until the file is closed or the process ends. It is a file of its own:
// SQLite's locks on the database are lost when this process closes any other
// descriptor of it.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if err == syscall.EWOULDBLOCK {
			err = ErrInUse
		}
		return nil, err
	}
	return f, nil
}

// freeDisk is how many octets an ordinary user may still write where path is.
func freeDisk(path string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
