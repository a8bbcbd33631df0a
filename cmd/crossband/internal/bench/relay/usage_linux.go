package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cpuOf returns how long a process has run on processors so far, in user and system
// mode, as the scheduler accounts it to its threads, to the nanosecond. A Go program
// ends no thread that it has started.
func cpuOf(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range files {
		ns, err := number(file, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a thread that has ended
		}
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	if sum == 0 {
		return 0, fmt.Errorf("process %d: no account of its processor time in /proc", pid)
	}
	return sum, nil
}

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
