package relay

import (
	"sync"
	"sync/atomic"
	"time"

	"crossband/proto"
	"crossband/relay/hub"
)

// earlyVoice is what came from one link before its talker had the floor. Voice goes out
// from the press on, by datagrams, and the request beside it on the control stream: when
// the request's packet is lost, half a second of voice is here before it. Where the floor
// is then granted the frames pass, in their order, some each 20 ms. The talker
// sends them again all the same, a round trip later, which a listener may not wait for.
//
// Whose press is over without the floor has been told that nobody hears: what it has said
// is forgotten, and what is still on its way is not kept (hub.BarEarly).
//
// Bounds: earlyLife, earlyFrames and earlyOctets of one sender, most of the link, in which
// each frame and bar counts earlyCost more. Policy: a sender's oldest goes; what is above
// the link's bound is not kept; a bar above it shuts the link for its time. Counter:
// Stats.VoiceEarly counts what has passed.
type earlyVoice struct {
	most  int
	holds atomic.Bool // something is here: for whoever looks without the lock

	mu      sync.Mutex // guards what follows; a frame that passes at once never takes it
	senders map[earlySender]*earlySaid
	octets  int
	shut    time.Time // nothing is kept before
}

// earlySender is who speaks under a link's alias, as the frame says; or all who do.
type earlySender struct {
	alias proto.Alias
	leaf  uint32
	all   bool
}

type earlySaid struct {
	frames []earlyFrame // oldest first
	octets int
	barred time.Time // nothing is kept before
}

type earlyFrame struct {
	at    time.Time
	frame []byte
}

const (
	earlyLife   = proto.EarlyVoice
	earlyFrames = 64 // a second, with its signatures
	earlyOctets = 16 << 10
	earlyCost   = 96                       // octets of bookkeeping, about
	earlyAtOnce = 8                        // pass before a frame that comes after the grant
	earlyEvery  = proto.VoiceFrame * 3 / 4 // and no more sooner: frames come in heaps
)

// keep takes a frame that may not pass now. Nobody may write to it any more.
func (e *earlyVoice) keep(now time.Time, a proto.Alias, leaf uint32, frame []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	cost, by := len(frame)+earlyCost, earlySender{alias: a, leaf: leaf}
	if e.octets+cost > e.most || now.Before(e.shut) || e.senders[by].isBarred(now) || e.senders[earlySender{alias: a, all: true}].isBarred(now) {
		return
	}
	s := e.of(by)
	s.frames = append(s.frames, earlyFrame{now, frame})
	s.octets += len(frame)
	e.octets += cost
	for len(s.frames) > earlyFrames || s.octets > earlyOctets {
		e.dropOldest(s)
	}
}

// take hands over the next frames that a new route lets pass, each sender's in the order in
// which they came, and whether there are more. All at once would be too much: an endpoint's
// socket holds 32 packets of the lane that nobody has read yet.
func (e *earlyVoice) take(now time.Time, a proto.Alias, r *route) (list [][]byte, more bool) {
	if !e.holds.Load() {
		return nil, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.each(a, r.Leaf, r.Bound, func(s *earlySaid) {
		for len(s.frames) > 0 && len(list) < earlyAtOnce {
			if f := s.frames[0]; now.Sub(f.at) <= earlyLife {
				list = append(list, f.frame)
			}
			e.dropOldest(s)
		}
		more = more || len(s.frames) > 0
	})
	return list, more
}

// bar drops what a sender has said, and sees that for a while nothing of it is kept.
func (e *earlyVoice) bar(now time.Time, b hub.BarEarly) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.each(b.Alias, b.Leaf, b.Bound, e.forget)
	until, by := now.Add(b.For), earlySender{alias: b.Alias, all: true}
	if b.Bound {
		by = earlySender{alias: b.Alias, leaf: b.Leaf}
	}
	if e.senders[by] == nil && e.octets+earlyCost > e.most {
		for _, s := range e.senders { // no bar ends sooner for it
			until = proto.Later(until, s.barred)
		}
		clear(e.senders)
		e.octets, e.shut = 0, proto.Later(e.shut, until)
		return
	}
	s := e.of(by)
	if s.barred.IsZero() {
		e.octets += earlyCost
	}
	s.barred = proto.Later(s.barred, until)
}

// each does something with the one sender of a leaf, or with all of an alias.
func (e *earlyVoice) each(a proto.Alias, leaf uint32, bound bool, do func(*earlySaid)) {
	if bound {
		if s := e.senders[earlySender{alias: a, leaf: leaf}]; s != nil {
			do(s)
		}
		return
	}
	for by, s := range e.senders {
		if by.alias == a {
			do(s)
		}
	}
}

// sweep drops what has been here for too long. It is called at each of the hub's ticks.
func (e *earlyVoice) sweep(now time.Time) {
	if !e.holds.Load() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for by, s := range e.senders {
		for len(s.frames) > 0 && now.Sub(s.frames[0].at) > earlyLife {
			e.dropOldest(s)
		}
		if !s.barred.IsZero() && !s.isBarred(now) {
			s.barred = time.Time{}
			e.octets -= earlyCost
		}
		if len(s.frames) == 0 && s.barred.IsZero() {
			delete(e.senders, by)
		}
	}
	if len(e.senders) == 0 {
		e.senders = nil
	}
	e.holds.Store(e.senders != nil)
}

func (e *earlyVoice) of(by earlySender) *earlySaid {
	if e.senders == nil {
		e.senders = make(map[earlySender]*earlySaid)
		e.holds.Store(true)
	}
	if e.senders[by] == nil {
		e.senders[by] = new(earlySaid)
	}
	return e.senders[by]
}

func (e *earlyVoice) dropOldest(s *earlySaid) {
	n := len(s.frames[0].frame)
	s.frames[0] = earlyFrame{}
	s.frames = s.frames[1:]
	s.octets -= n
	e.octets -= n + earlyCost
}

func (e *earlyVoice) forget(s *earlySaid) {
	e.octets -= s.octets + earlyCost*len(s.frames)
	s.frames, s.octets = nil, 0
}

func (s *earlySaid) isBarred(now time.Time) bool { return s != nil && now.Before(s.barred) }
