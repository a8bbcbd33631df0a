package rig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ticksPerSecond is USER_HZ, in which /proc tells times: 100 on every architecture that
// Go runs on (proc_pid_stat(5), sysconf(3)).
const ticksPerSecond = 100

// costOf reads a process's line in /proc (proc_pid_stat(5)).
func costOf(pid int) (Cost, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Cost{}, err
	}
	// The name, in parentheses, may hold anything: the fields are counted from its end.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const utime, stime, rss = 14 - 3, 15 - 3, 24 - 3 // numbered from 1, and state is 3
	if len(fields) <= rss {
		return Cost{}, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	var user, system, pages int64
	if _, err := fmt.Sscan(string(bytes.Join([][]byte{fields[utime], fields[stime], fields[rss]}, []byte(" "))), &user, &system, &pages); err != nil {
		return Cost{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	return Cost{CPU: time.Duration(user+system) * time.Second / ticksPerSecond, RSS: pages * int64(os.Getpagesize())}, nil
}

// processorTime adds up what the scheduler accounts to a process's threads, in
// nanoseconds (proc(5), schedstat). A thread that has ended is not counted: a Go program
// ends none that it has started.
func processorTime(pid int) (sum time.Duration, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := bytes.Cut(text, []byte(" "))
		ns, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += time.Duration(ns)
	}
	if sum == 0 {
		return 0, fmt.Errorf("process %d: no account of its processor time in /proc", pid)
	}
	return sum, nil
}
