package relay

import (
	"context"
	"sync/atomic"
	"time"

	"crossband/proto"
	"crossband/proto/link"
	"crossband/relay/hub"
)

// port is a link with its voice routes. The loop publishes a new table; the
// link's voice reader forwards from whichever it finds: no lock, and nothing
// of the control plane in its way.
type port struct {
	id     hub.LinkID
	conn   *link.Conn
	begun  time.Time
	routes atomic.Pointer[routeTable]
	rate   linkRate
	early  earlyVoice
	turns  chan struct{} // a token for each of the link's frames in the event queue

	// Owned by the link's frame reader.
	frames   proto.Bucket
	heldSaid time.Time
}

// routeTable is immutable once published.
type routeTable map[proto.Alias]*route

// route is a hub.Route with the receivers' links.
type route struct {
	hub.Route
	out   []voiceOut
	whole bool        // what came before it has passed: the voice reader's own
	early time.Time   // when some of it passed: likewise
	heard atomic.Bool // a frame passed since the loop last looked
	voice time.Time   // when the loop last found that one had: the loop's own
}

type voiceOut struct {
	conn  *link.Conn
	alias proto.Alias
}

// forwardVoice reads a link's voice until the link ends. A frame passes only
// if a route is there, which the hub gives to the floor holder's link alone,
// and only if its sender index is the holder's (RFC 9605 9.3: any member could
// seal as any other, so the relay binds the sender to the link). What may not pass
// yet is kept for a moment (earlyVoice).
func (n *Node) forwardVoice(ctx context.Context, p *port) {
	layout, rates := proto.ChannelKIDLayout(), make(voiceRates)
	for {
		b, err := p.conn.ReceiveVoice(ctx)
		if err != nil {
			return
		}
		alias, frame, err := proto.ParseVoice(b)
		if err != nil {
			n.counters.voiceMalformed.Add(1)
			continue
		}
		head, _, err := proto.ParseSFrameHeader(frame)
		if err != nil {
			n.counters.voiceMalformed.Add(1)
			continue
		}
		leaf, r := layout.Split(head.KID).Leaf, p.route(alias)
		if r == nil || r.Bound && leaf != r.Leaf {
			n.notNow(r != nil)
			p.early.keep(time.Now(), alias, leaf, frame)
			continue
		}
		if !r.whole {
			n.passEarly(p, alias, r, rates)
		}
		n.pass(p, alias, r, rates, frame)
	}
}

// passEarly forwards some of what came before the route was there.
func (n *Node) passEarly(p *port, alias proto.Alias, r *route, rates voiceRates) {
	now := time.Now()
	if now.Sub(r.early) < earlyEvery {
		return
	}
	r.early = now
	list, more := p.early.take(now, alias, r)
	for _, frame := range list {
		if n.pass(p, alias, r, rates, frame) && r.Floor {
			n.counters.voiceEarly.Add(1)
		}
	}
	r.whole = !more
}

// notNow counts a frame that came without a route, or for another sender's.
func (n *Node) notNow(forged bool) {
	if forged {
		n.counters.voiceForged.Add(1)
		return
	}
	n.counters.voiceNoFloor.Add(1)
}

// pass forwards a frame that its route lets pass, and reports whether it did: not if there
// are too many.
func (n *Node) pass(p *port, alias proto.Alias, r *route, rates voiceRates, frame []byte) bool {
	if !rates.take(alias, p.rate.voice) {
		n.counters.voiceOverRate.Add(1)
		return false
	}
	if !r.heard.Load() {
		r.heard.Store(true)
	}
	if r.Keep {
		n.keeper.keep(r.Channel, frame)
	}
	n.counters.voiceForwarded.Add(n.fanOut(r.out, frame))
	return true
}

// fanOut sends a frame to all its receivers and counts those that took it.
func (n *Node) fanOut(out []voiceOut, frame []byte) (taken uint64) {
	if len(out) == 0 {
		return 0
	}
	v := n.listener.Volley(time.Now())
	for _, o := range out {
		if v.Send(o.conn, o.alias, frame) {
			taken++
		}
	}
	v.Fire()
	return taken
}

// took reports whether a frame has passed since the last time, on the loop.
func (r *route) took(now time.Time) bool {
	if !r.heard.Load() || !r.heard.Swap(false) {
		return false
	}
	r.voice = now
	return true
}

// spoke reports whether voice has passed since the last look for strain.
func (r *route) spoke(now time.Time) bool {
	return r.took(now) || !r.voice.IsZero() && now.Sub(r.voice) < strainLook
}

func (p *port) route(a proto.Alias) *route {
	t := p.routes.Load()
	if t == nil {
		return nil
	}
	return (*t)[a]
}

// setRoute publishes a table that differs in one route.
func (p *port) setRoute(a proto.Alias, r *route) {
	next := make(routeTable)
	if t := p.routes.Load(); t != nil {
		for k, v := range *t {
			next[k] = v
		}
	}
	if r == nil {
		delete(next, a)
	} else {
		next[a] = r
	}
	p.routes.Store(&next)
}

// counters are the node's own figures; queues inside links count for
// themselves (link.Stats).
type counters struct {
	links          atomic.Uint64
	refused        atomic.Uint64
	voiceForwarded atomic.Uint64
	voiceNoFloor   atomic.Uint64
	voiceEarly     atomic.Uint64
	voiceForged    atomic.Uint64
	voiceMalformed atomic.Uint64
	faults         atomic.Uint64
	revokedCut     atomic.Uint64
	listsRefused   atomic.Uint64
	listsStale     atomic.Uint64
	unannounced    atomic.Uint64
	voiceOverRate  atomic.Uint64
	framesRead     atomic.Uint64
	framesHeld     atomic.Uint64
	heldFor        atomic.Int64 // nanoseconds
	recordFaults   atomic.Uint64
	strainTold     atomic.Uint64
	strainIgnored  atomic.Uint64
}

// Stats is a snapshot of a node's figures.
type Stats struct {
	Links          uint64 // links served so far
	Refused        uint64 // links refused
	VoiceForwarded uint64 // frames queued to a receiver
	VoiceNoFloor   uint64 // frames that did not pass when they came: nobody on their link held the floor
	VoiceForged    uint64 // frames that did not pass when they came: another sender's index
	VoiceEarly     uint64 // of those two, frames that passed when the floor was granted here
	VoiceMalformed uint64 // frames dropped: not a voice datagram
	Faults         uint64 // faults of ours, each of which cost one link
	RevokedCut     uint64 // links cut because their certificate was revoked
	ListsRefused   uint64 // revocation lists refused: older, forged, or not for the sender to bring
	ListsStale     uint64 // warnings that an agency's revocation list is old or missing
	Unannounced    uint64 // changes at partners that no notice covers
	VoiceOverRate  uint64 // frames dropped: more than a talker needs
	EventsQueued   int    // that wait for the loop now
	FramesRead     uint64 // control frames taken from links
	FramesHeld     uint64 // control frames that had to wait for their link's rate
	HeldFor        time.Duration
	RecordFaults   uint64 // alarms about incidents' records
	StrainTold     uint64 // words to the senders of voice that their listeners lose some, or no more
	StrainIgnored  uint64 // words of partners on voice that they are not sent
	VoiceKept      uint64 // frames kept for devices that come back
	VoiceNotKept   uint64 // frames that should have been: the queue to the keeper was full
	VoiceKeptEarly uint64 // kept frames that went before their time: the room was used up
	VoiceKeptGiven uint64 // frames given to devices that came back
	VoiceKeptSize  int    // octets that kept voice uses now
}

// Stats returns the figures. It may be called while Run runs.
func (n *Node) Stats() Stats {
	c, k := &n.counters, &n.keeper.tally
	return Stats{
		Links: c.links.Load(), Refused: c.refused.Load(),
		VoiceForwarded: c.voiceForwarded.Load(), VoiceNoFloor: c.voiceNoFloor.Load(), VoiceEarly: c.voiceEarly.Load(), VoiceForged: c.voiceForged.Load(),
		VoiceMalformed: c.voiceMalformed.Load(), VoiceOverRate: c.voiceOverRate.Load(),
		EventsQueued: len(n.events), FramesRead: c.framesRead.Load(), FramesHeld: c.framesHeld.Load(), HeldFor: time.Duration(c.heldFor.Load()),
		Faults: c.faults.Load(), RevokedCut: c.revokedCut.Load(), ListsRefused: c.listsRefused.Load(), ListsStale: c.listsStale.Load(), Unannounced: c.unannounced.Load(), RecordFaults: c.recordFaults.Load(),
		StrainTold: c.strainTold.Load(), StrainIgnored: c.strainIgnored.Load(),
		VoiceKept: k.kept.Load(), VoiceNotKept: k.missed.Load(), VoiceKeptEarly: k.early.Load(), VoiceKeptGiven: k.given.Load(), VoiceKeptSize: int(k.octets.Load()),
	}
}
