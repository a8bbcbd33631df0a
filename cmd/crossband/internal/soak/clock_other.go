//go:build !(linux && amd64)

package soak

import (
	"time"

	"crossband/cmd/crossband/internal/rig"
)

// clock would step one process's wall clock; there is no way here.
type clock struct{}

func openClock(*rig.Process) (*clock, error) { return nil, ErrNoClock }

func (*clock) step(*rig.Process, time.Duration) error { return ErrNoClock }
func (*clock) back(*rig.Process) error                { return ErrNoClock }
