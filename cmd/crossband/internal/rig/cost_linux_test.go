package rig

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestCostIsThatOfTheProcess compares /proc with what the kernel tells the process of
// itself.
func TestCostIsThatOfTheProcess(t *testing.T) {
	for start := time.Now(); time.Since(start) < 300*time.Millisecond; {
	}
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = byte(i)
	}
	var use syscall.Rusage
	check(t, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	own := time.Duration(use.Utime.Nano() + use.Stime.Nano())
	c, err := costOf(os.Getpid())
	check(t, err)
	if c.CPU < own-50*time.Millisecond || c.CPU > own+time.Second {
		t.Errorf("CPU %v, the process itself says %v", c.CPU, own)
	}
	if c.RSS < int64(len(held)) || c.RSS > 1024*use.Maxrss+1<<20 {
		t.Errorf("%d octets of memory, %d held here and at most %d ever", c.RSS, len(held), 1024*use.Maxrss)
	}
	held[0]++ // held until here
	if _, err := costOf(1 << 30); err == nil {
		t.Error("a process that is not there costs something")
	}
}
