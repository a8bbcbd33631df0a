package rig

import (
	"errors"
	"time"
)

// Cost is what a process has used, by the operating system's account.
type Cost struct {
	CPU time.Duration // user and system time since its start, of all its threads; to 10 ms
	RSS int64         // octets of memory that it occupies now
}

// ErrNoCost says that this system does not tell what another process uses.
var ErrNoCost = errors.New("what a process costs can be read only on Linux")

// ProcessorTime returns the user and system time of a process since its start, of all its
// threads, as the scheduler accounts it: to the nanosecond for those that have stopped
// running, to a tick of the kernel for the others. It must run.
func ProcessorTime(pid int) (time.Duration, error) { return processorTime(pid) }

// CostOf returns what the process of a number has used so far. It must run.
func CostOf(pid int) (Cost, error) { return costOf(pid) }

// Cost returns what the process has used so far. It must run.
func (p *Process) Cost() (Cost, error) { return costOf(p.Pid()) }
