package relay

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"crossband/cmd/crossband/internal/rig"
)

// cpuOf returns how long a process has run on processors so far.
func cpuOf(pid int) (time.Duration, error) { return rig.ProcessorTime(pid) }

// residentOf returns a process's resident memory in octets.
func residentOf(pid int) (int, error) {
	pages, err := number(fmt.Sprintf("/proc/%d/statm", pid), 1)
	return int(pages) * os.Getpagesize(), err
}

// number reads field n of a file of one line.
func number(file string, n int) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	if len(fields) <= n {
		return 0, fmt.Errorf("%s: %q", file, text)
	}
	return strconv.ParseInt(fields[n], 10, 64)
}

func here() error { return nil }
