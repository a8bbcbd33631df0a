package store

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
)

// ballast is a file that occupies the reserve on the disk, so that when other
// programs have filled it there is room to give up: deleting needs room too,
// for the log of the deletion. The committer alone changes it.
type ballast struct {
	path string
	want int64
	have atomic.Int64
}

// ballastParts is in how many parts the ballast is given up.
const ballastParts = 16

func newBallast(store string, want int64) *ballast {
	b := &ballast{path: store + ".reserve", want: want}
	if info, err := os.Stat(b.path); err == nil {
		b.have.Store(info.Size())
	}
	return b
}

// held is how much of the disk the ballast occupies.
func (b *ballast) held() int64 { return b.have.Load() }

// give frees one part and reports whether there was any left.
func (b *ballast) give() bool {
	have := b.have.Load()
	if have == 0 {
		return false
	}
	left := max(0, have-max(b.want/ballastParts, 64<<10))
	if os.Truncate(b.path, left) != nil {
		return false
	}
	b.have.Store(left)
	return true
}

// fill makes the ballast whole if the disk has twice the room: it must not be
// what fills it. A ballast larger than the reserve is cut.
func (b *ballast) fill(log *slog.Logger) {
	if b.have.Load() > b.want && os.Truncate(b.path, b.want) == nil {
		b.have.Store(b.want)
	}
	if err := b.refill(); err != nil {
		log.Warn("no room on the disk to keep for when it is full", "file", b.path, "octets", b.want, "why", err)
	}
}

var errNoRoom = errors.New("less than twice of it is free")

func (b *ballast) refill() error {
	missing := b.want - b.have.Load()
	if missing <= 0 {
		return nil
	}
	free, err := freeDisk(b.path)
	if err != nil {
		return err
	}
	if free < 2*missing {
		return errNoRoom
	}
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(occupy(f, b.have.Load(), missing), f.Close())
	if info, statErr := os.Stat(b.path); statErr == nil {
		b.have.Store(info.Size())
	} else if !errors.Is(statErr, fs.ErrNotExist) {
		err = errors.Join(err, statErr)
	}
	return err
}

// fillWithNoise appends octets that no file system can compress away.
func fillWithNoise(f *os.File, octets int64) error {
	noise := make([]byte, 256<<10)
	rand.Read(noise)
	for octets > 0 {
		n, err := f.Write(noise[:min(octets, int64(len(noise)))])
		if err != nil {
			return err
		}
		octets -= int64(n)
	}
	return nil
}
