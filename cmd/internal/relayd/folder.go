package relayd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

// folder is files of one kind that somebody puts there for the node: each is handed
// over once, and again when it is written again.
type folder struct {
	dir, suffix string
	what        string // a file of it, in the log
	most        int64  // octets of one
	log         *slog.Logger

	files map[string]folderFile // those that were there at the last look
	wrong string                // why the folder could not be read; empty: it could
}

// folderFile is what is known of one file.
type folderFile struct {
	handed time.Time // when it had been written, as it was handed over; zero: it was not
	wrong  string    // what was said last of why it was not
}

// look gives what is new to hand, which returns an error only if it took nothing:
// then it is given again at the next look. What cannot be read is said once.
func (f *folder) look(ctx context.Context, hand func(context.Context, []byte) error) {
	paths, err := filesIn(f.dir, f.suffix)
	if err != nil {
		if f.wrong != err.Error() {
			f.wrong = err.Error()
			f.log.Error("folder of "+f.what+"s not read", "why", f.wrong)
		}
		return
	}
	f.wrong = ""
	files := make(map[string]folderFile, len(paths))
	for _, p := range paths {
		k := f.files[p]
		written, octets, err := f.read(p, k.handed)
		switch {
		case err != nil && k.wrong != err.Error():
			k.wrong = err.Error()
			f.log.Error(f.what+" not read", "file", p, "why", k.wrong)
		case err == nil:
			k.wrong = ""
		}
		if octets != nil && hand(ctx, octets) == nil {
			k.handed = written
		}
		files[p] = k
	}
	f.files = files
}

// read returns a file and when it was written; nothing if that was at handed.
func (f *folder) read(path string, handed time.Time) (written time.Time, octets []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}, nil, err
	}
	switch {
	case !info.Mode().IsRegular():
		return time.Time{}, nil, errors.New("not a regular file")
	case info.Size() > f.most:
		return time.Time{}, nil, fmt.Errorf("%d octets, a %s has at most %d", info.Size(), f.what, f.most)
	case info.ModTime().Equal(handed):
		return time.Time{}, nil, nil
	}
	if octets, err = os.ReadFile(path); err != nil {
		return time.Time{}, nil, err // and not the part that was read
	}
	return info.ModTime(), octets, nil
}

// lookOften runs look at once and then so often, until ctx ends.
func lookOften(ctx context.Context, every time.Duration, look func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		look()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
