//go:build !linux

package soak

import "time"

// Monotonic is the wall clock in nanoseconds: Go shows no clock here that all
// processes share and that does not step. No clock is shifted here either.
func Monotonic() int64 { return time.Now().UnixNano() }
