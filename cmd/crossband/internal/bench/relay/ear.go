package relay

import (
	"encoding/binary"
	"math/bits"
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

// ear is one listener. Its reader alone writes; nothing is shared among listeners.
type ear struct {
	clock *clock
	heard atomic.Uint64 // frames of measured slices
	delay histogram     // of these
	_     [64]byte      // no other ear on the same cache line
}

// clock is the monotonic time since a moment that all of a run share, and the slice
// that is being measured.
type clock struct{ zero time.Time }

func (c *clock) now() time.Duration { return time.Since(c.zero) }

// hear takes a frame in.
func (e *ear) hear(frame []byte) {
	if len(frame) < stampLen {
		return
	}
	at := frame[len(frame)-stampLen:]
	if binary.BigEndian.Uint32(at[8:]) == 0 {
		return // warming up
	}
	e.delay.add(e.clock.now() - time.Duration(binary.BigEndian.Uint64(at)))
	e.heard.Add(1)
}

// histogram counts delays in buckets that are 1/16 of their octave wide, from a
// microsecond on: a percentile is good to 6 %.
type histogram struct {
	n [octaves * perOctave]atomic.Uint32
}

const (
	perOctave = 16
	octaves   = 24 // up to 16 s
)

func (h *histogram) add(d time.Duration) {
	h.n[bucket(d)].Add(1)
}

func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < perOctave {
		return int(us)
	}
	octave := bits.Len64(us) - 5 // 16 to 31 are octave 0 of those that are divided
	i := (octave+1)*perOctave + int(us>>octave)&(perOctave-1)
	return min(i, octaves*perOctave-1)
}

// middle returns the middle of a bucket.
func middle(i int) time.Duration {
	if i < perOctave {
		return time.Duration(i)*time.Microsecond + 500
	}
	octave := i/perOctave - 1
	low := uint64(perOctave+i%perOctave) << octave
	return time.Duration(2*low+1<<octave) * time.Microsecond / 2
}

// quantile returns the delay that a part q of what all ears heard was not above.
func quantile(ears []*ear, q float64) time.Duration {
	var sum [octaves * perOctave]uint64
	all := uint64(0)
	for _, e := range ears {
		for i := range e.delay.n {
			n := uint64(e.delay.n[i].Load())
			sum[i] += n
			all += n
		}
	}
	left := uint64(q * float64(all))
	for i, n := range sum {
		if n > left {
			return middle(i)
		}
		left -= n
	}
	return 0
}
