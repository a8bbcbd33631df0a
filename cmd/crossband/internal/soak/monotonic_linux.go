package soak

import (
	"syscall"
	"unsafe"
)

// Monotonic is the machine's monotonic clock in nanoseconds. All processes of the
// machine share it, and no fault of a wall clock moves it.
func Monotonic() int64 {
	const clockMonotonic = 1
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano()
}
