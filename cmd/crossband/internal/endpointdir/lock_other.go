//go:build !unix

package endpointdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// lock holds path until unlock. After a crash the file must be removed by hand.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w; if none does, remove the file", path, ErrBusy)
	}
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(f.Close(), os.Remove(path)) }, nil
}
