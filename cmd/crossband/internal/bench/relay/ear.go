package relay

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

// Every frame ends with what the load measures by: when it was sent, and in which
// slice; 0 is none. The rest of it is as random as ciphertext.
const (
	stampLen = 8 + 4
	minFrame = 40 // octets: the longest header and the stamp
)

// stamp writes a frame's end.
func stamp(frame []byte, sent time.Duration, slice uint32) {
	at := frame[len(frame)-stampLen:]
	binary.BigEndian.PutUint64(at, uint64(sent))
	binary.BigEndian.PutUint32(at[8:], slice)
}

// clock is the monotonic time since a moment that all of a run share, and the slice
// that is being measured.
type clock struct {
	zero  time.Time
	last  uint32        // number of the last slice; of who measures alone
	slice atomic.Uint32 // the one under way; 0: none
}

func (c *clock) now() time.Duration { return time.Since(c.zero) }

// begin begins a slice and returns its number.
func (c *clock) begin() uint32 {
	c.last++
	c.slice.Store(c.last)
	return c.last
}

// end ends it: what is heard from now on was not in time.
func (c *clock) end() { c.slice.Store(0) }

// ear is one listener. Its reader alone writes; nothing is shared among listeners.
type ear struct {
	clock *clock
	heard atomic.Uint64 // frames that count, in time
	delay histogram     // of these
	_     [64]byte      // no other ear on the same cache line
}

// hear takes a frame in.
func (e *ear) hear(frame []byte) {
	if len(frame) < stampLen {
		return
	}
	at := frame[len(frame)-stampLen:]
	if in := binary.BigEndian.Uint32(at[8:]); in == 0 || in != e.clock.slice.Load() {
		return // warming up, or too late
	}
	e.delay.add(e.clock.now() - time.Duration(binary.BigEndian.Uint64(at)))
	e.heard.Add(1)
}
