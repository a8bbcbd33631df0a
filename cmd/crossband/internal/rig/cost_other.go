//go:build !linux

package rig

import "time"

func processorTime(int) (time.Duration, error) { return 0, ErrNoCost }

func costOf(int) (Cost, error) { return Cost{}, ErrNoCost }
