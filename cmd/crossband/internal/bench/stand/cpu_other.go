//go:build !linux

package stand

import (
	"errors"
	"time"
)

// CPU is known on Linux only.
func (s *Stand) CPU() (time.Duration, error) {
	return 0, errors.New("the relays' use of processors can be measured only on Linux")
}
