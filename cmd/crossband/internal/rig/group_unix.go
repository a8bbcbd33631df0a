//go:build unix

package rig

import "syscall"

// What a process group is told.
const (
	kill      = syscall.SIGKILL
	interrupt = syscall.SIGINT
	pause     = syscall.SIGSTOP
	resume    = syscall.SIGCONT
)

func signalGroup(pid int, s syscall.Signal) error { return syscall.Kill(-pid, s) }
