package hub

import (
	"cmp"
	"maps"
	"slices"

	"crossband/proto"
	"crossband/proto/wire"
)

// floorRequestUp hands a local endpoint's request to the hub, or arbitrates
// among the local ones while the hub is away.
func (h *Hub) floorRequestUp(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.FloorRequest) error {
	t, err := h.newTalker(l, ch, actor, b)
	if err != nil {
		return err
	}
	hub := h.peers[ch.charter.Owner]
	if ch.up.state == upLive && hub != nil {
		held := ch.floor.tail != nil && ch.floor.tail.who == actor
		if r, again := ch.up.asked[actor]; again && r.repeats(t) {
			held = r.held
		}
		h.endTailOf(ch, actor)
		ch.up.asked[actor] = request{talker: t, queue: b.Queue, held: held}
		h.routeAgain(ch)
		h.send(hub, &wire.Frame{Endpoint: actor.String(), Hops: 1, Body: f.Body})
		return nil
	}
	if err := ch.place(&t); err != nil {
		return err
	}
	h.arbitrate(ch, t, b.Queue) // also before the hub has answered: then it is asked for what was granted
	return nil
}

func (h *Hub) floorReleaseUp(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.FloorRelease) error {
	hub := h.peers[ch.charter.Owner]
	if ch.up.state != upLive || hub == nil {
		return h.floorRelease(l, ch, actor, b)
	}
	if asked, ok := ch.up.asked[actor]; ok && string(asked.burst[:]) == string(b.Burst) {
		if t := ch.floor.holder; t != nil && t.repeats(asked.talker) {
			tail := *t
			tail.link = l.id
			ch.floor.keepTail(tail, h.now) // the hub does the same when it has the release
		}
	}
	h.forgetAsked(ch, actor, b.Burst)
	h.barEarly(l, ch, talker{who: actor}, proto.FloorTail)
	h.send(hub, &wire.Frame{Endpoint: actor.String(), Hops: 1, Body: f.Body})
	return nil
}

// forgetAsked ends the forwarding of one burst. What the hub says of an earlier
// burst may arrive when its talker has pressed again: then nothing ends.
func (h *Hub) forgetAsked(ch *channel, who proto.Name, burst []byte) {
	if asked, ok := ch.up.asked[who]; ok && string(asked.burst[:]) == string(burst) {
		delete(ch.up.asked, who)
		if l := h.names[who]; l != nil && l.subs[ch.id] != nil {
			h.emit(SetRoute{l.id, l.subs[ch.id].in, h.routeUp(ch, l)})
		}
	}
}

// floorDown hands the hub's word about one local endpoint's request to it.
func (h *Hub) floorDown(ch *channel, f *wire.Frame) error {
	who, err := proto.ParseName(f.Endpoint)
	if err != nil || who.Agency != h.self.Agency {
		return proto.Refuse(proto.ReasonMalformed, "a floor message for nobody here")
	}
	switch b := f.Body.(type) {
	case *wire.Frame_FloorDeny:
		h.forgetAsked(ch, who, b.FloorDeny.Burst)
		h.barEarly(h.names[who], ch, talker{who: who}, proto.EarlyVoice)
	case *wire.Frame_FloorRevoke:
		h.forgetAsked(ch, who, b.FloorRevoke.Burst)
		h.barEarly(h.names[who], ch, talker{who: who}, proto.EarlyVoice)
		if ch.floor.trails(who, b.FloorRevoke.Burst) { // it was taken before the release came
			h.endTail(ch)
		}
	}
	if l := h.names[who]; l != nil {
		h.send(l, &wire.Frame{Body: f.Body})
	}
	return nil
}

// floorToLocal begins local arbitration: a holder of our own keeps the floor,
// one beyond the lost link loses it. Then come the requests which the hub was
// asked and has not answered, in the order in which they were made.
func (h *Hub) floorToLocal(ch *channel) {
	if !ch.floor.mirrors {
		return // a link that came back was lost again before the hub answered: nothing has changed here
	}
	h.endTail(ch)
	old := ch.floor.holder
	asked := slices.SortedFunc(maps.Values(ch.up.asked), func(a, b request) int {
		return cmp.Or(a.at.Compare(b.at), compareNames(a.who, b.who))
	})
	ch.floor = floor{}
	clear(ch.up.asked)
	keeps := func(r request) bool { return old != nil && r.repeats(*old) }
	if i := slices.IndexFunc(asked, keeps); i >= 0 { // or it has let go, and the hub's word on that was on its way
		h.keepFloor(ch, *old)
	}
	for _, r := range asked {
		if keeps(r) {
			continue
		}
		if err := ch.place(&r.talker); err != nil {
			h.denyTalker(ch, r.talker, proto.ReasonOf(err))
			continue
		}
		h.arbitrate(ch, r.talker, r.queue)
	}
	if old != nil && ch.floor.holder == nil {
		h.next(ch)
	}
}

// keepFloor lets a holder of our own, whom the hub named, go on here.
func (h *Hub) keepFloor(ch *channel, t talker) {
	l := h.names[t.who]
	if l == nil || l.subs[ch.id] == nil {
		return
	}
	t.link = l.id
	if err := ch.place(&t); err != nil {
		ch.floor.holder = &t
		h.revoke(ch, proto.ReasonOf(err))
		return
	}
	h.grant(ch, t)
}

// endLocalFloor ends local arbitration when the hub is back. Who talks locally
// asks the hub again by the same press: there is one floor, decided in one
// place. Who is speaking is not put in the queue but denied if somebody else
// has the floor: it must hear at once that it talks to nobody.
func (h *Hub) endLocalFloor(ch *channel) {
	h.endTail(ch)
	old := ch.floor
	ch.floor = floor{mirrors: true}
	if old.holder != nil && !old.mirrors {
		h.askAgain(ch, *old.holder, false)
	}
	for _, t := range old.queue {
		h.askAgain(ch, t, true)
	}
}

func (h *Hub) askAgain(ch *channel, t talker, queue bool) {
	l, hub := h.links[t.link], h.peers[ch.charter.Owner]
	if l == nil || l.subs[ch.id] == nil || hub == nil {
		return
	}
	ch.up.asked[t.who] = request{talker: t, queue: queue}
	h.send(hub, &wire.Frame{Endpoint: t.who.String(), Hops: 1, Body: &wire.Frame_FloorRequest{FloorRequest: &wire.FloorRequest{
		Channel: ch.id[:], Burst: t.burst[:], Priority: uint32(t.prio), Queue: queue,
	}}})
}

// routeAgain publishes where a channel's voice goes from here, now.
func (h *Hub) routeAgain(ch *channel) {
	if ch.charter.Owner != h.self.Agency && ch.up.state == upLive {
		h.routeFollower(ch)
		return
	}
	h.routeHub(ch)
}

// routeHub forwards the frames of the floor's holder, or of who has just let go,
// and nobody else's, to every other subscriber.
func (h *Hub) routeHub(ch *channel) {
	t := ch.floor.speaker()
	for _, l := range ch.sortedSubs() {
		s := l.subs[ch.id]
		if t == nil || t.link != l.id {
			h.emit(SetRoute{l.id, s.in, nil})
			continue
		}
		h.emit(SetRoute{l.id, s.in, &Route{Channel: ch.id, Leaf: t.leaf, Bound: t.bound, Floor: true, Keep: h.keepsVoice(ch), Out: ch.outs(l.id)}})
	}
}

// routeFollower sends the hub's voice down to the local subscribers, and up
// that of local endpoints.
func (h *Hub) routeFollower(ch *channel) {
	hub := h.peers[ch.charter.Owner]
	if hub == nil || hub.subs[ch.id] == nil {
		return
	}
	h.emit(SetRoute{hub.id, hub.subs[ch.id].in, &Route{Channel: ch.id, Keep: h.keepsVoice(ch), Out: ch.outs(hub.id)}})
	talkers := slices.Collect(maps.Keys(ch.up.asked))
	if t := ch.floor.tail; t != nil && !slices.Contains(talkers, t.who) {
		talkers = append(talkers, t.who)
	}
	slices.SortFunc(talkers, compareNames)
	for _, who := range talkers {
		if l := h.names[who]; l != nil && l.subs[ch.id] != nil {
			h.emit(SetRoute{l.id, l.subs[ch.id].in, h.routeUp(ch, l)})
		}
	}
}

// routeUp is a follower's route for the voice of a local endpoint: that of one
// which has asked for the floor, or has just let go, goes up to the hub, which lets
// nothing pass before its grant. Other local subscribers hear it once it is granted.
// Nil: nobody hears it.
//
// Before the grant only a member's goes up, under its own leaf, by a roster that is not
// behind; else its talker could say something under another's, whom the hub then hears.
//
// Who asks again just after he has let go waits for the grant: the hub may hear him
// still, and would let the first frames of the new burst pass and not those after them,
// upon which listeners do not wait for these.
func (h *Hub) routeUp(ch *channel, l *link) *Route {
	hub := h.peers[ch.charter.Owner]
	if ch.up.state != upLive || hub == nil || hub.subs[ch.id] == nil {
		return nil
	}
	asks, asked := ch.up.asked[l.peer]
	t, tail := ch.floor.holder, ch.floor.tail
	trails := tail != nil && tail.who == l.peer
	if !asked && !trails || asks.held && (t == nil || !t.repeats(asks.talker)) {
		return nil
	}
	r := &Route{Channel: ch.id, Out: []Out{{hub.id, ch.up.alias}}}
	if trails && (t == nil || t.who != l.peer) {
		t = &tail.talker
	}
	if t != nil && t.who == l.peer { // by the hub's word
		r.Leaf, r.Bound, r.Keep = t.leaf, true, h.keepsVoice(ch)
		r.Out = append(r.Out, ch.outs(l.id)...)
		return r
	}
	if m := ch.followed.members; m != nil && !ch.followed.behind && m.epoch() >= ch.up.epoch {
		if r.Leaf, r.Bound = m.leafOf(l.peer); !r.Bound {
			return nil
		}
	}
	return r
}

// outs lists the subscribers other than one that want voice.
func (ch *channel) outs(except LinkID) []Out {
	outs := make([]Out, 0, len(ch.subs))
	for _, l := range ch.sortedSubs() {
		if s := l.subs[ch.id]; l.id != except && !s.deaf {
			outs = append(outs, Out{l.id, s.out})
		}
	}
	return outs
}
