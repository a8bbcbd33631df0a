package relay

import (
	"errors"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// watch measures what passes through the loop, whose goroutine owns it.
type watch struct {
	*figures
	presses map[proto.BurstID]time.Time // requests for the floor that nobody has decided
}

// maxPresses bounds the requests under way that are measured. Beyond it some
// are not: a figure is worth no memory that a stranger can fill.
const maxPresses = 4096

// pressLife is how long an undecided request stays measured: longer than any
// queue for the floor holds one.
const pressLife = time.Minute

func newWatch(f *figures) *watch {
	return &watch{figures: f, presses: make(map[proto.BurstID]time.Time)}
}

// turn is one turn of the loop, from its events to their effects performed.
type turn struct {
	w      *watch
	began  time.Time
	settle []settled
}

// settled is an answer of this turn that is timed when its effects have been
// performed: an acknowledgement that still waits for the store is none.
type settled struct {
	h     *histogram
	since time.Time
}

func (w *watch) turn(events int) *turn {
	w.events.Add(uint64(events))
	return &turn{w: w, began: time.Now()}
}

// applied looks at one event, which the hub took from began on, and at what
// the hub wants done. It returns the effects as they are.
func (t *turn) applied(e hub.Event, read, began time.Time, effects []hub.Effect) []hub.Effect {
	t.w.apply.since(began)
	var f *wire.Frame
	if in, ok := e.(hub.FrameIn); ok {
		f = in.Frame
		t.pressed(f, read)
	}
	for _, effect := range effects {
		switch effect := effect.(type) {
		case hub.Send:
			t.sent(f, effect.Frame, read)
		case hub.Audit:
			if effect.Refusal != nil {
				t.w.refusals.count(RefusedRequestByUs, effect.Refusal.Reason)
			}
		}
	}
	return effects
}

func (t *turn) pressed(f *wire.Frame, read time.Time) {
	b := f.GetFloorRequest()
	if b == nil || len(t.w.presses) >= maxPresses {
		return
	}
	burst, err := proto.BurstIDFrom(b.Burst)
	if err != nil {
		return
	}
	if _, again := t.w.presses[burst]; !again {
		t.w.presses[burst] = read
	}
}

// sent looks at a frame that goes out because of cause, which came in at read;
// cause is nil for what time or a link brought about.
func (t *turn) sent(cause, f *wire.Frame, read time.Time) {
	switch b := f.Body.(type) {
	case *wire.Frame_Appended:
		if f.Re != 0 && cause != nil && cause.Re == 0 && !b.Appended.Duplicate {
			t.settle = append(t.settle, settled{t.w.acks, read})
		}
	case *wire.Frame_FloorGranted:
		h := t.w.floorHere
		if cause.GetFloorGranted() != nil {
			h = t.w.floorAbove
		}
		if asked, ok := t.decided(b.FloorGranted.Burst); ok {
			t.settle = append(t.settle, settled{h, asked})
		}
	case *wire.Frame_FloorDeny:
		t.decided(b.FloorDeny.Burst)
		t.w.refusals.count(RefusedFloor, proto.Reason(min(b.FloorDeny.Code, 1<<16-1)))
	}
}

// decided ends the measuring of a request; false if it was not measured.
func (t *turn) decided(burst []byte) (time.Time, bool) {
	id, err := proto.BurstIDFrom(burst)
	if err != nil {
		return time.Time{}, false
	}
	at, ok := t.w.presses[id]
	delete(t.w.presses, id)
	return at, ok
}

// done is called when the turn's effects have been performed.
func (t *turn) done() {
	for _, s := range t.settle {
		s.h.since(s.since)
	}
	t.w.loopBatch.since(t.began)
}

// stored times one write to the store and notes whether the store still works.
func (w *watch) stored(began time.Time, records int, err error) {
	w.storeWrite.since(began)
	if err != nil {
		w.broken.Store(true)
		return
	}
	w.records.Add(uint64(records))
}

// tick notes that the loop turns, and forgets requests that nobody decided.
func (w *watch) tick(now time.Time) {
	w.ticked.Store(now.UnixNano())
	for id, at := range w.presses {
		if now.Sub(at) > pressLife {
			delete(w.presses, id)
		}
	}
}

// countRefusal counts a link that did not come to be, or that ended by a
// refusal, and remembers the last one of each peer. An end in peace is none.
func (n *Node) countRefusal(peer proto.Name, agency proto.Agency, err error) {
	var theirs *link.RefusedByPeer
	var why *proto.Refusal
	kind := RefusedLinkByUs
	if errors.As(err, &theirs) {
		kind, why = RefusedLinkByPeer, theirs.Refusal
	} else if !errors.As(err, &why) {
		return // silence, not a word
	}
	if why.Reason == proto.ReasonClosing {
		return
	}
	n.figures.refusals.count(kind, why.Reason)
	if p := n.peers[agency]; p != nil && (peer == proto.Name{} || peer.Role == proto.RoleRelay) {
		p.refusal.Store(&PeerRefusal{At: time.Now(), ByPeer: kind == RefusedLinkByPeer, Code: why.Reason, Why: why.Error()})
	}
}

// requestRefused counts a frame in which the other side says no.
func (n *Node) requestRefused(f *wire.Frame) {
	if r := f.GetRefused(); r != nil {
		n.figures.refusals.count(RefusedRequestByPeer, proto.Reason(min(r.Code, 1<<16-1)))
	}
}
