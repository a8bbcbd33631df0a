package soak

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"crossband/cmd/crossband/internal/rig"
)

// clockCode takes the place of the function with which programs read clocks
// (vdso(7), clock_gettime): it asks the kernel and, if the wall clock is asked for
// (number 0), adds the seconds that follow it. The monotonic clock stays right,
// as on a machine whose clock is set.
func clockCode(seconds int64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{
		0xb8, 0xe4, 0, 0, 0, // mov eax, 228: clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi
		0x75, 0x0a, // jnz to the end
		0x48, 0x8b, 0x0d, 0x04, 0, 0, 0, // mov rcx, [what follows the code]
		0x48, 0x01, 0x0e, // add [rsi], rcx
		0xc3, // ret
	}, uint64(seconds))
}

// clock steps the wall clock of one process, and of no other: its own copy of the
// page that the kernel gives every process to read clocks by is changed. Only the
// process's user may do that, and only while it keeps its memory open to him.
type clock struct {
	mem    *os.File // of the process
	lo, hi uint64   // the page
	at     uint64   // the function
	old    []byte   // what was there
}

func openClock(p *rig.Process) (*clock, error) {
	c := &clock{}
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.Pid()))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			if _, err := fmt.Sscanf(line, "%x-%x", &c.lo, &c.hi); err != nil {
				return nil, err
			}
		}
	}
	if c.hi == 0 {
		return nil, errors.New("the process has no vdso")
	}
	if c.mem, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", p.Pid()), os.O_RDWR, 0); err != nil {
		return nil, err
	}
	if err := c.find(); err != nil {
		c.mem.Close()
		return nil, err
	}
	return c, nil
}

// find looks the function up.
func (c *clock) find() error {
	image := make([]byte, c.hi-c.lo)
	if _, err := c.mem.ReadAt(image, int64(c.lo)); err != nil {
		return err
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && s.Size >= uint64(len(clockCode(0))) {
			c.at = c.lo + s.Value
			c.old = image[s.Value:][:len(clockCode(0))]
			return nil
		}
	}
	return errors.New("no clock_gettime in the vdso")
}

// step puts the wall clock of a process off by a time. The process stands still
// meanwhile, and not within the code that is changed.
func (c *clock) step(p *rig.Process, by time.Duration) error {
	return c.change(p, clockCode(int64(by/time.Second)))
}

// back sets the clock right again.
func (c *clock) back(p *rig.Process) error {
	defer c.mem.Close()
	return c.change(p, c.old)
}

// changeTries bounds how often the process is stopped to find it elsewhere.
const changeTries = 200

func (c *clock) change(p *rig.Process, code []byte) error {
	for range changeTries {
		if err := p.Pause(); err != nil {
			return err
		}
		inside, err := c.inside(p.Pid())
		if err == nil && !inside {
			_, err = c.mem.WriteAt(code, int64(c.at))
			return errors.Join(err, p.Resume())
		}
		if err := errors.Join(err, p.Resume()); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("the process reads its clock all the time")
}

// inside reports whether a thread of a stopped process is within the code that is
// to be changed, or not stopped yet.
func (c *clock) inside(pid int) (bool, error) {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return false, err
	}
	for _, t := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/syscall", pid, t.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			return false, err
		}
		words := strings.Fields(string(b)) // "running", or last the place in the code
		var at uint64
		if _, err := fmt.Sscanf(words[len(words)-1], "0x%x", &at); err != nil || at >= c.lo && at < c.hi {
			return true, nil
		}
	}
	return false, nil
}
