package stand

import (
	"time"

	"crossband/cmd/crossband/internal/rig"
)

// CPU returns the time that all relays together have spent on processors, as
// rig.ProcessorTime tells it. On other systems than Linux it is rig.ErrNoCost.
func (s *Stand) CPU() (sum time.Duration, err error) {
	for _, p := range s.Relays() {
		d, err := rig.ProcessorTime(p.Pid())
		if err != nil {
			return 0, err
		}
		sum += d
	}
	return sum, nil
}
