//go:build !(linux || darwin || freebsd)

package store

import (
	"errors"
	"os"
)

// lockFile: without a lock two relays could number the same log.
func lockFile(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func freeDisk(string) (int64, error) { return 0, errors.ErrUnsupported }
