package voice

import "time"

// What counts as old. Voice gets old where it lies: in the buffers of a relay
// that stood still, behind a partition, or with a relay that records it and
// sends it again. It must not be played as if it were said now.
const (
	// Staleness is by how much a frame may come later than the fastest ones of
	// its sender: the jitter buffer's longest delay, and a second for paths
	// that become slower.
	Staleness = 200*time.Millisecond + time.Second
	// EarlyLife is how long a frame may be kept by its talker who waits for
	// the floor: what was said since the press is sent again at the grant. A
	// frame that is said d after the press may so be EarlyLife - d old.
	EarlyLife = 3 * time.Second
	// StrangerSkew is how far from our own clock the stamps of a sender may be
	// of whom nothing else is known (proto.ClockSkewWarning).
	StrangerSkew = 2 * time.Minute
	// PaceMemory is how long a sender's pace is remembered. A path that becomes
	// slower by more than Staleness for good silences its senders for so long.
	PaceMemory = 10 * time.Minute

	paceWindow = time.Minute // a pace rests on the last one to two of these
	paceRuns   = 2           // a talker's clock is hardly ever set twice in PaceMemory
)

// Freshness tells one sender's live voice from old. Two clocks that may both be
// wrong say nothing about a frame's age, but their difference is the same for
// all frames: arrival less capture is that difference plus the way. The least
// of the last minutes stands for the fastest way; what comes much later than
// that was held up or is played back.
//
// Of a sender who has not been heard in this run of its clock only its time of
// day can be judged, widely. A relay that holds back everything from the first
// frame on, or plays back to a listener who has just begun what is less than
// StrangerSkew old, is not noticed before the first live frame comes. A backlog
// that pours in at once is bounded by the jitter buffer (JitterConfig.MaxFrames).
//
// The zero Freshness knows nothing.
type Freshness struct {
	origin time.Time // the first arrival: later ones are counted from it by the steady clock
	paces  [paceRuns]pace
}

// pace is what is known of one run of a sender's clock.
type pace struct {
	known bool
	run   uint8
	heard time.Time     // last fresh frame
	since time.Time     // the window began
	least time.Duration // transit in this window
	past  time.Duration // and in the one before
}

func (p *pace) fastest() time.Duration { return min(p.least, p.past) }

// Judge reports whether a frame that arrived at the time given is live, and
// learns from it if it is. ahead is how far the relay's clock is ahead of ours.
func (f *Freshness) Judge(fr Frame, at time.Time, ahead time.Duration) bool {
	if f.origin.IsZero() {
		f.origin = at
	}
	transit := f.transit(fr.Stamp, at)
	if p := f.pace(fr.Stamp.Run, at); p != nil {
		if transit > p.fastest()+Staleness+early(fr) {
			return false
		}
		p.learn(transit, at)
		return true
	}
	if at.Round(0).Add(ahead).Sub(fr.Stamp.Time()) > StrangerSkew {
		return false
	}
	*f.oldest() = pace{known: true, run: fr.Stamp.Run, heard: at, since: at, least: transit, past: transit}
	return true
}

// Age returns how much longer ago than the sender's fastest frames take to
// arrive something was captured: 0 is as live as can be.
func (f *Freshness) Age(s Stamp, now time.Time) time.Duration {
	p := f.pace(s.Run, now)
	if p == nil {
		return 0
	}
	return f.transit(s, now) - p.fastest()
}

// transit is the time of arrival, by our clock as the steady clock carries it
// on since the first frame, less that of capture, by the sender's.
func (f *Freshness) transit(s Stamp, at time.Time) time.Duration {
	return f.origin.Round(0).Add(at.Sub(f.origin)).Sub(s.Time())
}

// pace returns what is remembered of a run.
func (f *Freshness) pace(run uint8, now time.Time) *pace {
	for i := range f.paces {
		if p := &f.paces[i]; p.known && p.run == run && now.Sub(p.heard) <= PaceMemory {
			return p
		}
	}
	return nil
}

// oldest returns the pace that makes room for another: one of the same run
// cannot be among those remembered.
func (f *Freshness) oldest() *pace {
	out := &f.paces[0]
	for i := range f.paces {
		if p := &f.paces[i]; !p.known || out.known && p.heard.Before(out.heard) {
			out = p
		}
	}
	return out
}

func (p *pace) learn(transit time.Duration, at time.Time) {
	p.heard = at
	if at.Sub(p.since) >= paceWindow {
		p.past, p.least, p.since = p.least, transit, at
	}
	p.least = min(p.least, transit)
}

// early is how much later than others a frame may come because its talker had
// to wait for the floor after the press.
func early(f Frame) time.Duration {
	if f.Kind == KindSignature {
		return Early(f.Index * BlockFrames) // a block is at least as old as its first frame
	}
	return Early(f.Index)
}

// Early is how long the frame with an index may have waited for the floor with its
// talker, and so how much older than others it may be.
func Early(index uint32) time.Duration {
	return max(EarlyLife-time.Duration(index)*FrameDuration, 0)
}
