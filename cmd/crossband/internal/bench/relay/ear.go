package relay

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

// stamp is what every frame ends with, and the load measures by. The rest of a frame is
// as random as ciphertext.
type stamp struct {
	sent   time.Duration // by the run's clock
	slice  uint32        // 0: none, it is not measured
	talker uint16        // who said it
	number uint32        // of the talker's frame
}

const (
	stampLen = 8 + 4 + 2 + 4
	minFrame = 40 // octets: the longest header and the stamp
)

// put writes a frame's end.
func (s stamp) put(frame []byte) {
	at := frame[len(frame)-stampLen:]
	binary.BigEndian.PutUint64(at, uint64(s.sent))
	binary.BigEndian.PutUint32(at[8:], s.slice)
	binary.BigEndian.PutUint16(at[12:], s.talker)
	binary.BigEndian.PutUint32(at[14:], s.number)
}

func stampOf(frame []byte) stamp {
	at := frame[len(frame)-stampLen:]
	return stamp{
		time.Duration(binary.BigEndian.Uint64(at)), binary.BigEndian.Uint32(at[8:]),
		binary.BigEndian.Uint16(at[12:]), binary.BigEndian.Uint32(at[14:]),
	}
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
	clock  *clock
	talker uint16                 // whom it is to hear
	heard  atomic.Uint64          // frames that count, in time, each once
	odd    atomic.Uint64          // frames of another talker, and such as came again or cannot be read
	delay  histogram              // of those that count
	newest uint32                 // number of the newest frame
	seen   [earWindow / 64]uint64 // bit n modulo earWindow: frame n has come, of the newest ones
	_      [64]byte               // no other ear on the same cache line
}

// hear takes a frame in.
func (e *ear) hear(frame []byte) {
	if len(frame) < stampLen {
		e.odd.Add(1)
		return
	}
	s := stampOf(frame)
	if s.talker != e.talker || !e.first(s.number) {
		e.odd.Add(1)
		return
	}
	if s.slice == 0 || s.slice != e.clock.slice.Load() {
		return // warming up, or too late
	}
	e.delay.add(e.clock.now() - s.sent)
	e.heard.Add(1)
}

// earWindow is how many frames an ear remembers: 20 seconds. One that as many newer ones
// have overtaken is taken for one that comes again; on a machine that is too small a frame
// may be seconds late.
const earWindow = 1024

// first reports whether a frame comes for the first time.
func (e *ear) first(number uint32) bool {
	if e.newest >= earWindow && number <= e.newest-earWindow {
		return false
	}
	for n := max(e.newest, max(number, earWindow)-earWindow); n < number; n++ { // what is new has not come
		e.seen[(n+1)%earWindow/64] &^= 1 << ((n + 1) % 64)
	}
	e.newest = max(e.newest, number)
	word, bit := &e.seen[number%earWindow/64], uint64(1)<<(number%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	return true
}
