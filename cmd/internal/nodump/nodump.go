// Package nodump keeps what a process holds in memory out of core files, and
// out of the reach of other programs of the same user.
package nodump

import (
	"errors"
	"fmt"
)

// ErrNotHere says that this system offers no such protection.
var ErrNotHere = errors.New("not possible on this system")

// Cores has no core file written when the process dies. It is for every
// program that holds a key.
func Cores() error {
	if err := noCores(); err != nil {
		return fmt.Errorf("core files cannot be turned off: %w", err)
	}
	return nil
}

// Memory also keeps the kernel from handing the process's memory to a core
// collector, a debugger or another program of the same user. It is for programs
// that hold keys which open content or make identities. A relay holds none, and
// leaves its memory to be searched: that is how anyone can see that it is blind.
func Memory() error {
	if err := noMemory(); err != nil {
		return fmt.Errorf("the memory cannot be kept from other programs: %w", err)
	}
	return nil
}
