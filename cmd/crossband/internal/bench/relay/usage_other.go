//go:build !linux

package relay

import "time"

func here() error { return ErrNotHere }

func cpuOf(int) (time.Duration, error) { return 0, ErrNotHere }

func residentOf(int) (int, error) { return 0, ErrNotHere }
