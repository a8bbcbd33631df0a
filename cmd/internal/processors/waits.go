package processors

import "runtime/metrics"

// waits tells whether goroutines that were ready to run have had to wait, also for a
// processor that other programs had.
type waits struct {
	sample [1]metrics.Sample
	before uint64 // of those that waited for lateAt or longer; Go counts one in eight
}

func newWaits() *waits {
	w := &waits{sample: [1]metrics.Sample{{Name: "/sched/latencies:seconds"}}}
	w.since()
	return w
}

// since reports whether one has waited for lateAt or longer since the last call.
func (w *waits) since() bool {
	metrics.Read(w.sample[:])
	if w.sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return false
	}
	h := w.sample[0].Value.Float64Histogram()
	long := uint64(0)
	for i, n := range h.Counts {
		if h.Buckets[i] >= lateAt.Seconds() {
			long += n
		}
	}
	more := long > w.before
	w.before = long
	return more
}
