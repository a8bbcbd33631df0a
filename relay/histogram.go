package relay

import (
	"slices"
	"sync/atomic"
	"time"
)

// durationBounds are the upper bounds of every histogram's buckets. They reach
// from what a step in memory takes to what nobody waits for any longer.
func durationBounds() []time.Duration {
	const us, ms, s = time.Microsecond, time.Millisecond, time.Second
	return []time.Duration{
		10 * us, 50 * us, 100 * us, 250 * us, 500 * us, 1 * ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms,
		100 * ms, 250 * ms, 500 * ms, 1 * s, 2500 * ms, 5 * s, 10 * s, 30 * s,
	}
}

// histogram counts durations by size. It takes no lock; a snapshot may be one
// observation ahead in one figure and not yet in another.
type histogram struct {
	bounds  []time.Duration // never changed
	buckets []atomic.Uint64 // one more than bounds: what is longer than any
	sum     atomic.Int64    // nanoseconds
}

func newHistogram() *histogram {
	bounds := durationBounds()
	return &histogram{bounds: bounds, buckets: make([]atomic.Uint64, len(bounds)+1)}
}

func (h *histogram) observe(d time.Duration) {
	i, _ := slices.BinarySearch(h.bounds, d)
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// Durations is a snapshot of a histogram.
type Durations struct {
	Bounds []time.Duration // upper bounds, each belongs to its bucket
	Counts []uint64        // of each bucket; the last is of what is longer than any bound
	Sum    time.Duration
}

// Count returns how many durations were observed.
func (d Durations) Count() (n uint64) {
	for _, c := range d.Counts {
		n += c
	}
	return n
}

func (h *histogram) snapshot() Durations {
	d := Durations{Bounds: h.bounds, Counts: make([]uint64, len(h.buckets)), Sum: time.Duration(h.sum.Load())}
	for i := range h.buckets {
		d.Counts[i] = h.buckets[i].Load()
	}
	return d
}
