package relay

import (
	"slices"
	"sync"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// earlyVoice is what came from one link before its talker had the floor. Voice goes out
// from the press on, by datagrams, and the request beside it on the control stream: when
// the request's packet is lost, half a second of voice is here before it. Where the floor
// is then granted the frames pass, in their order, before the next one. The talker sends
// them again all the same, a round trip later, which a listener may not wait for.
//
// Who is refused the floor, or loses it, is told that nobody hears: what it has said is
// forgotten, and what it says until it is told is not kept. Its next press may be granted
// at once.
//
// Bound: most octets, earlyLife. Policy: the oldest goes. Counter: Stats.VoiceEarly
// counts what has passed.
type earlyVoice struct {
	most int // octets of frames

	mu     sync.Mutex // guards what follows; a frame that passes at once never takes it
	frames []earlyFrame
	octets int
	bars   []earlyBar
}

type earlyFrame struct {
	at    time.Time
	alias proto.Alias
	leaf  uint32
	frame []byte
}

// earlyBar says whose voice is not kept, and until when.
type earlyBar struct {
	hub.BarEarly
	until time.Time
}

func (b earlyBar) meets(f earlyFrame) bool {
	return f.alias == b.Alias && (!b.Bound || f.leaf == b.Leaf)
}

// maxEarlyBars bounds the bars of a link. Beyond it the oldest goes.
const maxEarlyBars = 64

// earlyLife is how long frames are kept: a request that was lost, and once more.
const earlyLife = time.Second

// keep takes a frame that may not pass. Nobody may write to it any more.
func (e *earlyVoice) keep(f earlyFrame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.ContainsFunc(e.bars, func(b earlyBar) bool { return f.at.Before(b.until) && b.meets(f) }) {
		return
	}
	e.frames = append(e.frames, f)
	e.octets += len(f.frame)
	for len(e.frames) > 0 && (e.octets > e.most || f.at.Sub(e.frames[0].at) > earlyLife) {
		e.octets -= len(e.frames[0].frame)
		e.frames[0] = earlyFrame{}
		e.frames = e.frames[1:]
	}
}

// take hands over what a new route lets pass.
func (e *earlyVoice) take(now time.Time, a proto.Alias, r *route) (list []earlyFrame) {
	e.remove(func(f earlyFrame) bool {
		passes := f.alias == a && (!r.Bound || f.leaf == r.Leaf)
		if passes && now.Sub(f.at) <= earlyLife {
			list = append(list, f)
		}
		return passes
	})
	return list
}

// bar drops what it meets, and sees that nothing of that kind is kept until its time is over.
func (e *earlyVoice) bar(b earlyBar) {
	e.remove(b.meets)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.bars) == maxEarlyBars {
		e.bars = slices.Delete(e.bars, 0, 1)
	}
	e.bars = append(e.bars, b)
}

func (e *earlyVoice) remove(which func(earlyFrame) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frames = slices.DeleteFunc(e.frames, func(f earlyFrame) bool {
		gone := which(f)
		if gone {
			e.octets -= len(f.frame)
		}
		return gone
	})
	if len(e.frames) == 0 {
		e.frames = nil
	}
}
