package soak

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Sizes of a small disk.
const (
	diskSize   = 40 << 20 // octets
	storeLimit = 16       // MiB: a quarter of it is the store's reserve
)

// disk is a small file system in memory, which can be filled without touching
// anybody else's. It needs the right to mount.
type disk struct{ dir string }

// filler is the file that fills a disk.
const filler = "filler"

func newDisk(dir string) (*disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("size=%d,mode=0700", diskSize))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDisk, err)
	}
	return &disk{dir}, nil
}

// fill takes all the room that is left, or that has been given up since.
func (d *disk) fill() error {
	f, err := os.OpenFile(filepath.Join(d.dir, filler), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, piece := range []int{1 << 20, 4 << 10} {
		zeros := make([]byte, piece)
		for err == nil {
			_, err = f.Write(zeros)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		err = nil
	}
	return nil
}

// free gives the room back.
func (d *disk) free() error { return os.Remove(filepath.Join(d.dir, filler)) }

// remove unmounts the disk, with all that is on it.
func (d *disk) remove() error { return syscall.Unmount(d.dir, syscall.MNT_DETACH) }
