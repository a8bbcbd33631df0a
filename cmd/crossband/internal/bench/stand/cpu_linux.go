package stand

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// CPU returns the time that all relays together have spent on processors, user and
// system, as the kernel accounts it to their threads in nanoseconds (proc(5), schedstat).
// A thread that has ended is not counted: Go's stay.
func (s *Stand) CPU() (sum time.Duration, err error) {
	for _, p := range s.Relays() {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.Pid()))
		if err != nil {
			return 0, err
		}
		if len(threads) == 0 {
			return 0, errors.New("a relay's process has ended, or its kernel keeps no schedstat")
		}
		for _, file := range threads {
			text, err := os.ReadFile(file)
			if errors.Is(err, os.ErrNotExist) {
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
	}
	return sum, nil
}
