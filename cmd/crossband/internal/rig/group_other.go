//go:build !unix

package rig

import (
	"errors"
	"os"
	"syscall"
)

// What a process is told. There are no groups here, and nothing is paused.
const (
	kill = iota
	interrupt
	pause
	resume
)

func ownGroup() *syscall.SysProcAttr { return nil }

var errNotHere = errors.New("a process cannot be paused on this system")

func signalGroup(pid, what int) error {
	if what == pause || what == resume {
		return errNotHere
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
