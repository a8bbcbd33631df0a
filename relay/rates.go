package relay

import (
	"context"
	"sync"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/proto/wire"
	"crossband/relay/hub"
)

// linkRate is what one link may ask of the node, before anything is paid for
// it. Over frames its reader waits, and QUIC's flow control holds the sender;
// over voice frames are dropped. What a request may do is another matter: the
// hub's quotas judge that by who asks.
type linkRate struct {
	frames proto.Rate // control frames, weighed
	turns  int        // frames of the link in the node's event queue at one time
	voice  proto.Rate // datagrams of one route
	early  int        // octets kept of those that came before a grant
}

// rateOf sizes a link by its use. An endpoint presses and releases, reads and
// acknowledges: some frames a second, and up to 400 when its link comes up (64
// channels to subscribe, catch up with and look after). A partner's relay
// speaks for some 500 endpoints, all of whom may press in one second, and asks
// for up to 1,000 channels when it comes up. The authority answers enrolments
// of a whole agency. A newcomer asks once.
func rateOf(peer proto.Name) linkRate {
	// A talker sends 50 frames a second and a signature, and once granted again
	// what it kept, 75 frames at most, five in the time of one.
	voice := proto.Rate{PerSecond: 100, Burst: 250}
	const early = 64 << 10 // of some that talk at once on as many channels
	switch peer.Role {
	case proto.RoleRelay, proto.RoleAuthority:
		return linkRate{proto.Rate{PerSecond: 1000, Burst: 4000}, eventQueue / 8, voice, 8 * early}
	case proto.RoleNone:
		return linkRate{proto.Rate{PerSecond: 1, Burst: 8}, 2, voice, 0}
	}
	return linkRate{proto.Rate{PerSecond: 50, Burst: 400}, eventQueue / 64, voice, early}
}

// ofBulk is what the bulk link beside a link may ask: a page at a time of a few things.
// What pages may be had in all is a quota of the name, whichever link it asks on.
func (r linkRate) ofBulk() linkRate {
	return linkRate{proto.Rate{PerSecond: r.frames.PerSecond / 2, Burst: r.frames.Burst / 8}, max(1, r.turns/4), r.voice, 0}
}

// weightOf counts what has signatures to be checked as more than one frame.
func weightOf(f *wire.Frame) float64 {
	switch f.Body.(type) {
	case *wire.Frame_Commit, *wire.Frame_CreateChannel, *wire.Frame_PublishKeyPackages,
		*wire.Frame_ChannelOffer, *wire.Frame_PutCharter, *wire.Frame_RevocationList, *wire.Frame_Document, *wire.Frame_Heartbeat:
		return 4
	}
	return 1
}

// frameIn is a frame on its way to the loop, with the turn that it took in the
// queue. The loop gives the turn back when it takes the frame out.
type frameIn struct {
	hub.FrameIn
	from *port
	at   time.Time // when its reader had read it: what waits is part of what is measured
}

// taken gives a frame's turn back.
func (f frameIn) taken() hub.FrameIn {
	<-f.from.turns
	return f.FrameIn
}

// heldSayEvery is how often the log is told that one link is held back.
const heldSayEvery = time.Minute

// admit waits until a link's rate lets the frame pass and a turn is free. It
// reports false when the link or the node ends.
func (n *Node) admit(ctx context.Context, p *port, f *wire.Frame) bool {
	n.counters.framesRead.Add(1)
	over := p.conn.Context().Done()
	if wait := p.frames.Take(time.Now(), p.rate.frames, weightOf(f)); wait > 0 {
		n.counters.framesHeld.Add(1)
		n.counters.heldFor.Add(int64(wait))
		if now := time.Now(); now.Sub(p.heldSaid) >= heldSayEvery {
			p.heldSaid = now
			n.log.Warn("link held back", "peer", p.conn.Peer().String(), "kind", int(proto.KindOf(f)), "per_second", p.rate.frames.PerSecond)
		}
		late := time.NewTimer(wait)
		defer late.Stop()
		select {
		case <-late.C:
		case <-over:
			return false
		case <-ctx.Done():
			return false
		}
	}
	select {
	case p.turns <- struct{}{}:
		return true
	case <-over:
	case <-ctx.Done():
	}
	return false
}

// voiceRates are the buckets of one link's routes, by the number under which
// voice comes in. They outlive the routes, so that a talker gains nothing by
// pressing again. Owned by the link's voice reader; at most proto.MaxAlias.
type voiceRates map[proto.Alias]*proto.Bucket

func (v voiceRates) take(a proto.Alias, r proto.Rate) bool {
	b := v[a]
	if b == nil {
		b = new(proto.Bucket)
		v[a] = b
	}
	return b.TakeIf(time.Now(), r, 1)
}

// arrivals bounds how often one certified name may make a link, so that a party
// which connects in a loop does not occupy the node with handshakes and with
// taking its links down again.
type arrivals struct {
	mu    sync.Mutex // guards names; held for one look
	names map[proto.Name]*proto.Bucket
}

// arrivalRate lets a device's commands each make a link, and a link that
// flaps come back at once; two programs that take each other's place for ever
// settle at one a second.
func arrivalRate() proto.Rate { return proto.PerMinute(60, 30) }

// maxArrivals bounds the names remembered: those that have been quiet go first.
const maxArrivals = 4096

// take refuses a link that comes too soon.
func (a *arrivals) take(name proto.Name, now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := arrivalRate()
	b := a.names[name]
	if b == nil {
		a.prune(now, r)
		b = new(proto.Bucket)
		a.names[name] = b
	}
	if !b.TakeIf(now, r, 1) {
		return proto.Refusef(proto.ReasonQuota, "%s makes more than %.0f links a minute", name, r.PerSecond*60)
	}
	return nil
}

func (a *arrivals) prune(now time.Time, r proto.Rate) {
	if len(a.names) < maxArrivals {
		return
	}
	for name, b := range a.names {
		if b.Full(now, r) {
			delete(a.names, name)
		}
	}
	for name := range a.names {
		if len(a.names) < maxArrivals {
			return
		}
		delete(a.names, name)
	}
}

// newPort gives a link its rates.
func newPort(c *link.Conn, id hub.LinkID) *port {
	r := rateOf(c.Peer())
	if c.Bulk() {
		r = r.ofBulk()
	}
	return &port{conn: c, id: id, begun: time.Now(), rate: r, early: earlyVoice{most: r.early}, turns: make(chan struct{}, r.turns)}
}
