//go:build unix

package endpointdir

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock holds path for this process until unlock, or until the process ends,
// however it ends.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w; one at a time may", path, ErrBusy)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f.Close, nil
}
