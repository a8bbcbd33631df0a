//go:build unix && !linux

package rig

import "syscall"

// ownGroup gives a child a group of its own. Here the kernel does not end it
// with us: a run that is killed leaves its processes behind.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
