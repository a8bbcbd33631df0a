package demo

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
)

// chunk is how much memory is read at a time; pieces overlap by the longest
// pattern.
const chunk = 4 << 20

// searchMemory counts each pattern in a child process's writable memory.
func searchMemory(pid int, patterns [][]byte) (found []int, octets int, err error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, 0, err
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, 0, err
	}
	defer mem.Close()
	found = make([]int, len(patterns))
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		var from, to uint64
		var perms string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &perms); err != nil || !strings.HasPrefix(perms, "rw") {
			continue
		}
		octets += searchRegion(mem, from, to, patterns, found)
	}
	if octets == 0 {
		return nil, 0, fmt.Errorf("no memory of process %d could be read", pid)
	}
	return found, octets, lines.Err()
}

func searchRegion(mem *os.File, from, to uint64, patterns [][]byte, found []int) (octets int) {
	overlap := 0
	for _, p := range patterns {
		overlap = max(overlap, len(p)-1)
	}
	buf := make([]byte, chunk+overlap)
	for at := from; at < to; at += chunk {
		n, _ := mem.ReadAt(buf[:min(uint64(len(buf)), to-at)], int64(at)) // a hole ends the piece early
		octets += min(n, chunk)
		for i, p := range patterns {
			found[i] += countStarts(buf[:n], p)
		}
	}
	return octets
}

// countStarts counts the occurrences that begin in the chunk, not in the
// overlap, which the next piece counts.
func countStarts(b, pattern []byte) (n int) {
	for at := 0; ; {
		i := bytes.Index(b[at:], pattern)
		if i < 0 || at+i >= chunk {
			return n
		}
		n++
		at += i + 1
	}
}
