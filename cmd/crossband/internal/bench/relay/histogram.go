package relay

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts delays in buckets that are 1/16 of their octave wide, from a
// microsecond on: a percentile is good to 3 % either way.
type histogram struct {
	n [octaves * perOctave]atomic.Uint32
}

const (
	perOctave = 16
	octaves   = 21 // up to 16 s; what is above counts as that
)

func (h *histogram) add(d time.Duration) { h.n[bucket(d)].Add(1) }

func bucket(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	if us < perOctave {
		return int(us)
	}
	shift := bits.Len64(us) - bits.Len(perOctave)
	return min((shift+1)*perOctave+int(us>>shift)-perOctave, octaves*perOctave-1)
}

// middle returns the middle of a bucket.
func middle(i int) time.Duration {
	if i < perOctave {
		return time.Duration(2*i+1) * time.Microsecond / 2
	}
	shift := i/perOctave - 1
	low := time.Duration(perOctave+i%perOctave) << shift
	return (2*low + 1<<shift) * time.Microsecond / 2
}

// quantile returns the delay that a part q of all that was heard was not above; 0 if
// nothing was.
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
