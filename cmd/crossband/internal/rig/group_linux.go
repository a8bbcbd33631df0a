package rig

import "syscall"

// ownGroup gives a child a group of its own, and has the kernel kill it should
// we be killed: nothing of a run is left behind.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
