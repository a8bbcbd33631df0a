package store

import (
	"os"
	"syscall"
)

// occupy extends the file by so many octets that stand on the disk.
func occupy(f *os.File, at, octets int64) error {
	if syscall.Fallocate(int(f.Fd()), 0, at, octets) == nil {
		return nil
	}
	return fillWithNoise(f, octets) // a file system without it
}
