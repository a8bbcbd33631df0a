package voice

import (
	"slices"
	"time"
)

const (
	arrivalsKept  = 256 // five seconds of frames
	arrivalsKnown = 10  // fewer say nothing about jitter
	arrivalsRank  = 97  // percentile of the spread
)

// arrivals measures how unevenly the frames of one burst arrive. The transit
// of a frame is its time of arrival less index * 20 ms, counted from the first
// frame's arrival; only differences of transits mean anything.
type arrivals struct {
	origin   time.Time
	begun    bool
	catching bool // frames held back before the floor was granted still pour in
	newest   uint32
	last     time.Duration // transit of the newest frame
	least    time.Duration // least transit while catching
	ring     []time.Duration
	at       int
	sorted   []time.Duration // scratch
}

func (a *arrivals) reset() {
	*a = arrivals{ring: a.ring[:0], sorted: a.sorted[:0]}
}

// add records an arrival. Frames that were captured before the floor was
// granted are sent in one go: their transits fall by a frame's time each, and
// are no jitter. That ends with the first frame that comes at its own pace.
func (a *arrivals) add(index uint32, now time.Time) {
	if !a.begun {
		*a = arrivals{origin: now.Add(-time.Duration(index) * FrameDuration), begun: true, catching: true, newest: index, ring: a.ring, sorted: a.sorted}
		return
	}
	transit := now.Sub(a.origin) - time.Duration(index)*FrameDuration
	if a.catching && (index < a.newest || a.last-transit > FrameDuration/2) {
		a.least = min(a.least, transit)
	} else {
		a.catching = false
		a.keep(transit)
	}
	if index > a.newest {
		a.newest, a.last = index, transit
	}
}

func (a *arrivals) keep(transit time.Duration) {
	if len(a.ring) < arrivalsKept {
		a.ring = append(a.ring, transit)
		return
	}
	a.ring[a.at] = transit
	a.at = (a.at + 1) % arrivalsKept
}

// spread returns how much slower than the fastest nearly all frames are; not
// before enough frames have been seen.
func (a *arrivals) spread() (time.Duration, bool) {
	if len(a.ring) < arrivalsKnown {
		return 0, false
	}
	a.sorted = append(a.sorted[:0], a.ring...)
	slices.Sort(a.sorted)
	return a.sorted[(len(a.sorted)-1)*arrivalsRank/100] - a.sorted[0], true
}

// delay returns how long after its earliest possible arrival the frame at
// index is played, if that is now.
func (a *arrivals) delay(index uint32, now time.Time) time.Duration {
	fastest := a.least
	if len(a.ring) > 0 {
		fastest = slices.Min(a.ring)
	}
	return now.Sub(a.origin) - time.Duration(index)*FrameDuration - fastest
}
