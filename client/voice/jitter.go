package voice

import (
	"slices"
	"time"
)

// JitterConfig sets a Jitter up. Zero fields mean the defaults.
type JitterConfig struct {
	// MinDelay is the least time frames wait for their slower followers, and
	// what a new channel starts with. Default 40 ms.
	MinDelay time.Duration
	// MaxDelay is the most. A frame that comes later than that is given up.
	// Default 200 ms.
	MaxDelay time.Duration
	// MaxFrames bounds what is held of one burst. Default 75, which is 1.5 s:
	// speech captured between the press and the grant of the floor arrives
	// all at once and must fit. Beyond it the oldest frame is dropped.
	MaxFrames int
	// MaxConceal is how many lost frames in a row are covered up before the
	// listener hears silence instead. Default 5, which is 100 ms.
	MaxConceal int
	// Timeout ends a burst of which nothing more comes. Default 1 s.
	Timeout time.Duration
}

func (c JitterConfig) withDefaults() JitterConfig {
	return JitterConfig{
		MinDelay:   positiveOr(c.MinDelay, 40*time.Millisecond),
		MaxDelay:   positiveOr(c.MaxDelay, 200*time.Millisecond),
		MaxFrames:  positiveOr(c.MaxFrames, 75),
		MaxConceal: positiveOr(c.MaxConceal, 5),
		Timeout:    positiveOr(c.Timeout, time.Second),
	}
}

func positiveOr[T int | time.Duration](v, or T) T {
	if v > 0 {
		return v
	}
	return or
}

// JitterStats counts frames since the Jitter was made.
type JitterStats struct {
	Bursts    int // begun
	Played    int
	Concealed int           // covered up in place of frames lost or not yet there
	Skipped   int           // merged into the next one, to make up for grown delay
	Late      int           // came after their place had been played
	Duplicate int           // were there already
	Dropped   int           // overflow, or a burst cut off by others
	Delay     time.Duration // of the frame played last, beyond the network's least
	Target    time.Duration // the delay aimed at
}

// Action is what to do on one tick.
type Action uint8

// The actions.
const (
	Idle    Action = iota // nothing to play
	Play                  // decode Frame
	Skip                  // decode Before and Frame, and play both in the time of one
	Conceal               // cover up one lost frame
)

// Playout is what one tick plays.
type Playout struct {
	Action Action
	Burst  BurstID
	Frame  Frame  // of Play and Skip
	Before Frame  // of Skip
	Next   *Frame // of Conceal: the frame right after the lost one, if it is there
	End    bool   // this was the burst's last frame
}

// Jitter puts the frames of one channel back into order and time. It aims at
// a delay that nineteen in twenty frames and more arrive within, as measured
// on the frames of the last seconds, between MinDelay and MaxDelay.
type Jitter struct {
	cfg     JitterConfig
	arrival arrivals
	current *burstQueue
	waiting *burstQueue // the next talker's, while the last one's tail is played
	over    [4]past     // the last bursts ended: their stragglers start nothing
	overAt  int
	stats   JitterStats
	quiet   bool // what was played last was silence
	calm    int  // frames played since the last skip
}

// NewJitter returns an empty buffer.
func NewJitter(cfg JitterConfig) *Jitter {
	cfg = cfg.withDefaults()
	return &Jitter{cfg: cfg, stats: JitterStats{Target: cfg.MinDelay}}
}

// Stats returns the counters.
func (j *Jitter) Stats() JitterStats { return j.stats }

// Quiet tells the buffer whether the frame just played was silence: there it
// may make up for delay without being heard.
func (j *Jitter) Quiet(quiet bool) { j.quiet = quiet }

// Push takes an audio frame that arrived now. Other kinds are ignored.
func (j *Jitter) Push(f Frame, now time.Time) {
	if f.Kind != KindAudio {
		return
	}
	q := j.queueOf(f, now)
	if q == nil {
		j.stats.Late++
		return
	}
	switch q.push(f, j.cfg.MaxFrames, now) {
	case pushedLate:
		j.stats.Late++
		j.observe(q, f, now) // a late frame is what the delay must learn from
	case pushedTwice:
		j.stats.Duplicate++
	case pushed:
		j.observe(q, f, now)
		j.stats.Dropped += q.trim(j.cfg.MaxFrames)
	}
}

// EndAt tells the buffer how many frames a burst has, which the last signature
// block says even if the last frame was lost.
func (j *Jitter) EndAt(id BurstID, frames uint32) {
	for _, q := range []*burstQueue{j.current, j.waiting} {
		if q != nil && q.id == id {
			q.end(frames)
		}
	}
}

// past is a burst that has ended.
type past struct {
	id      BurstID
	silent  bool // it ended because nothing came of it any more
	newest  uint32
	heard   time.Time // when that came
	stamped Stamp     // and when it was captured
}

// resumes reports whether a frame shows that the talker talks on: the path was
// away for longer than Timeout and is back. A frame that was itself held up is
// a straggler: the listener comes back to what is said now.
func (p past) resumes(f Frame, now time.Time, most time.Duration) bool {
	return p.silent && f.Index > p.newest && f.Stamp.Run == p.stamped.Run &&
		now.Sub(p.heard)-f.Stamp.Time().Sub(p.stamped.Time()) <= most
}

// queueOf returns the queue for a frame's burst, or nil if the burst is over.
func (j *Jitter) queueOf(f Frame, now time.Time) *burstQueue {
	id := f.Burst
	switch {
	case j.current != nil && j.current.id == id:
		return j.current
	case j.waiting != nil && j.waiting.id == id:
		return j.waiting
	}
	q := newBurstQueue(id)
	if i := slices.IndexFunc(j.over[:], func(p past) bool { return p.id == id && id != (BurstID{}) }); i < 0 {
		j.stats.Bursts++
	} else if p := &j.over[i]; p.resumes(f, now, j.cfg.MaxDelay) {
		q.next = p.newest + 1
		*p = past{}
	} else {
		return nil
	}
	switch {
	case j.current == nil:
		j.begin(q)
	case j.waiting == nil:
		j.waiting = q
	default: // a third talker: the first one's tail is given up
		j.finish()
		j.waiting = q
	}
	return q
}

func (j *Jitter) begin(q *burstQueue) {
	j.current = q
	j.arrival.reset()
	j.calm = 0
	for _, a := range q.log {
		j.arrival.add(a.index, a.at)
	}
	q.log = nil
}

// finish ends the current burst and turns to the one waiting, if any.
func (j *Jitter) finish() {
	j.stats.Dropped += len(j.current.frames)
	q := j.current
	j.over[j.overAt] = past{q.id, q.silent, q.newest, q.newestAt, q.newestStamp}
	j.overAt = (j.overAt + 1) % len(j.over)
	next := j.waiting
	j.current, j.waiting = nil, nil
	if next != nil {
		j.begin(next)
	}
}

// observe measures the arrival. A waiting burst's are kept for its turn.
func (j *Jitter) observe(q *burstQueue, f Frame, now time.Time) {
	if q != j.current {
		q.note(f.Index, now, j.cfg.MaxFrames)
		return
	}
	j.arrival.add(f.Index, now)
	if spread, ok := j.arrival.spread(); ok {
		j.stats.Target = min(max(spread+FrameDuration/2, j.cfg.MinDelay), j.cfg.MaxDelay)
	}
}

// Pop is called on every 20 ms tick of the listener's clock.
func (j *Jitter) Pop(now time.Time) Playout {
	for j.current != nil {
		q := j.current
		silent := now.Sub(q.heard) >= j.cfg.Timeout
		if q.ended() || silent {
			q.silent = silent && q.length == 0
			j.finish()
			continue
		}
		if !q.playing && !q.start(now, j.stats.Target, j.cfg) {
			if len(q.frames) == 0 && j.waiting != nil {
				j.finish() // the last talker was cut off, the next is there
				continue
			}
			return Playout{Burst: q.id}
		}
		if _, there := q.frames[q.next]; there {
			return j.play(q, now)
		}
		if len(q.frames) == 0 && j.waiting != nil {
			j.finish()
			continue
		}
		if q.giveUpHeld() {
			continue
		}
		if q.concealed >= j.cfg.MaxConceal {
			q.playing = false // wait for frames to gather again
			q.since = now
			continue
		}
		return j.conceal(q, now)
	}
	return Playout{}
}

func (j *Jitter) play(q *burstQueue, now time.Time) Playout {
	delay := j.arrival.delay(q.next, now)
	j.stats.Delay = delay
	p := Playout{Action: Play, Burst: q.id, Frame: q.take()}
	j.stats.Played++
	j.calm++
	if follower, ok := q.frames[q.next]; ok && follower.Codec == p.Frame.Codec && j.maySkip(delay) {
		p.Action, p.Before, p.Frame = Skip, p.Frame, q.take()
		j.stats.Skipped++
		j.calm = 0
	}
	p.End = q.ended()
	return p
}

// maySkip decides whether to shorten the delay by a frame: at once where there
// is silence, rarely within speech, and there only if it has grown a lot.
func (j *Jitter) maySkip(delay time.Duration) bool {
	const (
		someExcess, someCalm = FrameDuration, 2
		muchExcess, muchCalm = 3 * FrameDuration, 10
		hugeExcess, hugeCalm = 15 * FrameDuration, 5
	)
	excess := delay - j.stats.Target
	return j.quiet && excess > someExcess && j.calm >= someCalm ||
		excess > muchExcess && j.calm >= muchCalm ||
		excess > hugeExcess && j.calm >= hugeCalm
}

// conceal covers up one frame. The frame's place is given up unless it may
// still come within the delay that is allowed: then everything waits for it.
func (j *Jitter) conceal(q *burstQueue, now time.Time) Playout {
	allowed := j.cfg.MaxDelay
	if len(q.frames) > 0 || q.length != 0 { // its followers are here, or the end is known: it is most likely lost
		allowed = j.stats.Target
	}
	p := Playout{Action: Conceal, Burst: q.id}
	if follower, ok := q.frames[q.next+1]; ok {
		p.Next = &follower
	}
	if j.arrival.delay(q.next, now)+FrameDuration > allowed {
		q.next++
	} else {
		q.held++
	}
	q.concealed++
	j.stats.Concealed++
	p.End = q.ended()
	return p
}
