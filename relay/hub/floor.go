package hub

import (
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// floor is the right to talk on one channel: who holds it and who waits.
// At the hub, and at a follower whose hub is away, it arbitrates; at a
// follower otherwise it mirrors what the hub said.
type floor struct {
	holder  *talker
	tail    *tail // who has just let go; never beside a holder that is decided here
	queue   []talker
	mirrors bool // the holder was named by the hub; nothing is decided here
}

// talker is one request for the floor, waiting or granted.
type talker struct {
	who    proto.Name
	link   LinkID // through which the request came
	burst  proto.BurstID
	prio   proto.Priority
	leaf   uint32
	bound  bool      // leaf is known
	at     time.Time // asked, then granted
	heard  time.Time // last voice
	warned bool
	local  bool // granted by a follower in the hub's absence
}

func (fl *floor) heard(now time.Time) {
	if fl.holder != nil {
		fl.holder.heard = now
	}
}

// taken describes the holder, or is nil when the floor is idle.
func (fl *floor) taken(id proto.ChannelID) *wire.FloorTaken {
	t := fl.holder
	if t == nil {
		return nil
	}
	return &wire.FloorTaken{Channel: id[:], Burst: t.burst[:], Holder: t.who.String(), Leaf: t.leaf, Priority: uint32(t.prio), Local: t.local}
}

// mirror sets the floor to what the hub says. Who has just let go keeps his tail.
func (fl *floor) mirror(t *wire.FloorTaken, now time.Time) {
	*fl = floor{mirrors: true, tail: fl.tail}
	if t == nil {
		return
	}
	who, err := proto.ParseName(t.Holder)
	burst, err2 := proto.BurstIDFrom(t.Burst)
	if err != nil || err2 != nil {
		return
	}
	fl.holder = &talker{who: who, burst: burst, prio: proto.Priority(t.Priority), leaf: t.Leaf, bound: true, at: now, heard: now}
}

// floorRequest arbitrates at the hub.
func (h *Hub) floorRequest(l *link, ch *channel, actor proto.Name, b *wire.FloorRequest) error {
	t, err := h.newTalker(l, ch, actor, b)
	if err != nil {
		return err
	}
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if t.leaf, t.bound = ch.hosted.members.leafOf(actor); !t.bound {
		return proto.Refuse(proto.ReasonNotMember, actor.String())
	}
	h.arbitrate(ch, t, b.Queue)
	return nil
}

func (h *Hub) newTalker(l *link, ch *channel, actor proto.Name, b *wire.FloorRequest) (talker, error) {
	burst, err := proto.BurstIDFrom(b.Burst)
	prio := proto.Priority(b.Priority)
	switch {
	case err != nil:
		return talker{}, err
	case uint32(prio) != b.Priority || !prio.Valid():
		return talker{}, proto.Refusef(proto.ReasonMalformed, "priority %d", b.Priority)
	case ch.charter.RightOf(actor) != proto.RightSend:
		return talker{}, proto.Refuse(proto.ReasonListenOnly, actor.String())
	case prio > ch.charter.MaxPriority(actor):
		return talker{}, proto.Refusef(proto.ReasonPriority, "%v; %s may use up to %v", prio, actor.Agency, ch.charter.MaxPriority(actor))
	case l.subs[ch.id] == nil:
		return talker{}, proto.Refuse(proto.ReasonNotMember, "subscribe first")
	}
	return talker{who: actor, link: l.id, burst: burst, prio: prio, at: h.now, heard: h.now}, nil
}

// arbitrate decides on a request (3GPP TS 24.380 6.3.4).
func (h *Hub) arbitrate(ch *channel, t talker, queue bool) {
	fl := &ch.floor
	if i := slices.IndexFunc(fl.queue, t.repeats); i >= 0 && queue && fl.queue[i].prio == t.prio {
		h.tellPlaces(ch) // the request was repeated: it keeps its place
		return
	}
	moved := fl.drop(t.who) // a new press replaces what the same party had waiting
	if fl.holder != nil && fl.holder.who == t.who {
		if t.repeats(*fl.holder) {
			h.granted(ch) // the request was repeated: say it again
			return
		}
		h.recordFloor(ch, *fl.holder, FloorMoved{Move: FloorReleased})
		fl.holder = nil
		if len(fl.queue) > 0 && fl.queue[0].prio >= t.prio {
			h.next(ch) // a new press ends the old one: it is no way past those who wait
		}
	}
	switch {
	case fl.holder == nil:
		h.grant(ch, t)
	case t.prio.Preempts(fl.holder.prio):
		h.takeFloor(ch, proto.ReasonPreempted, t)
		h.grant(ch, t)
	case !queue:
		h.denyTalker(ch, t, proto.ReasonFloorTaken)
	case len(fl.queue) >= proto.MaxFloorQueue:
		h.denyTalker(ch, t, proto.ReasonFloorQueue)
	default:
		fl.enqueue(t)
		moved = true
	}
	if moved {
		h.tellQueue(ch)
	}
}

// repeats reports whether o is the same press of the same party.
func (t talker) repeats(o talker) bool { return t.who == o.who && t.burst == o.burst }

// enqueue puts t behind those of its own priority and above.
func (fl *floor) enqueue(t talker) {
	i := slices.IndexFunc(fl.queue, func(o talker) bool { return o.prio < t.prio })
	if i < 0 {
		i = len(fl.queue)
	}
	fl.queue = slices.Insert(fl.queue, i, t)
}

func (fl *floor) drop(who proto.Name) bool {
	n := len(fl.queue)
	fl.queue = slices.DeleteFunc(fl.queue, func(t talker) bool { return t.who == who })
	return len(fl.queue) != n
}

func (h *Hub) grant(ch *channel, t talker) {
	t.at, t.heard, t.warned = h.now, h.now, false
	t.local = ch.charter.Owner != h.self.Agency
	ch.floor.holder, ch.floor.tail = &t, nil
	h.recordFloor(ch, t, FloorMoved{Move: FloorGranted})
	h.routeAgain(ch)
	h.granted(ch)
	h.toSubs(ch, &wire.Frame{Body: &wire.Frame_FloorTaken{FloorTaken: ch.floor.taken(ch.id)}})
}

func (h *Hub) granted(ch *channel) {
	t := ch.floor.holder
	left := h.leftTo(ch, t)
	h.tell(t.link, t.who, &wire.Frame{Body: &wire.Frame_FloorGranted{FloorGranted: &wire.FloorGranted{
		Channel: ch.id[:], Burst: t.burst[:], LimitMs: uint32(left.Milliseconds()), Local: t.local,
	}}})
}

// tell sends a floor message to one party, through its relay if need be.
func (h *Hub) tell(id LinkID, who proto.Name, f *wire.Frame) {
	l := h.links[id]
	if l == nil {
		return
	}
	if h.isPeer(l) {
		f.Endpoint = who.String()
	}
	h.send(l, f)
}

func (h *Hub) denyTalker(ch *channel, t talker, why proto.Reason) {
	deny := &wire.FloorDeny{Channel: ch.id[:], Burst: t.burst[:], Code: uint32(why)}
	if o := ch.floor.holder; o != nil {
		deny.Holder, deny.Priority = o.who.String(), uint32(o.prio)
	}
	h.recordFloor(ch, t, FloorMoved{Move: FloorDenied, Reason: why})
	h.barEarly(h.links[t.link], ch, t, proto.EarlyVoice)
	h.tell(t.link, t.who, &wire.Frame{Body: &wire.Frame_FloorDeny{FloorDeny: deny}})
}

// denyFloor answers a request that a rule refuses.
func (h *Hub) denyFloor(l *link, who proto.Name, b *wire.FloorRequest, why *proto.Refusal) {
	if id, err := proto.ChannelIDFrom(b.Channel); err == nil && h.channels[id] != nil {
		h.barEarly(l, h.channels[id], talker{who: who}, proto.EarlyVoice)
	}
	h.tell(l.id, who, &wire.Frame{Body: &wire.Frame_FloorDeny{FloorDeny: &wire.FloorDeny{Channel: b.Channel, Burst: b.Burst, Code: uint32(why.Reason)}}})
}

// barEarly sees that what a party has said to nobody is not heard when the next press is
// granted: what came with the last one, and what of it comes within a while. On an
// endpoint's own link that is all it says. On a relay's it is what comes under the party's
// leaf, and under that of its press: somebody else may be in that place by now.
func (h *Hub) barEarly(l *link, ch *channel, t talker, d time.Duration) {
	if l == nil || l.subs[ch.id] == nil {
		return
	}
	in := l.subs[ch.id].in
	if !h.isPeer(l) {
		h.emit(BarEarly{Link: l.id, Alias: in, For: d})
		return
	}
	var leaf uint32
	member := false
	if m := ch.hosted.members; m != nil {
		leaf, member = m.leafOf(t.who)
	}
	if member {
		h.emit(BarEarly{l.id, in, leaf, true, d})
	}
	if t.bound && !(member && leaf == t.leaf) {
		h.emit(BarEarly{l.id, in, t.leaf, true, d})
	}
}

// tellQueue tells everybody who waits, and those who do their places.
func (h *Hub) tellQueue(ch *channel) {
	list := make([]*wire.FloorWaiting_Waiter, 0, len(ch.floor.queue))
	for _, t := range ch.floor.queue {
		list = append(list, &wire.FloorWaiting_Waiter{Name: t.who.String(), Priority: uint32(t.prio)})
	}
	h.toSubs(ch, &wire.Frame{Body: &wire.Frame_FloorWaiting{FloorWaiting: &wire.FloorWaiting{Channel: ch.id[:], Waiting: list}}})
	h.tellPlaces(ch)
}

func (h *Hub) tellPlaces(ch *channel) {
	holder := ""
	if ch.floor.holder != nil {
		holder = ch.floor.holder.who.String()
	}
	for i, t := range ch.floor.queue {
		h.tell(t.link, t.who, &wire.Frame{Body: &wire.Frame_FloorQueuePosition{FloorQueuePosition: &wire.FloorQueuePosition{
			Channel: ch.id[:], Burst: t.burst[:], Position: uint32(i + 1), Holder: holder,
		}}})
	}
}

// revoke takes the floor from its holder and says why.
func (h *Hub) revoke(ch *channel, why proto.Reason) { h.takeFloor(ch, why, talker{}) }

// takeFloor takes the floor from its holder, for another press if by is one.
func (h *Hub) takeFloor(ch *channel, why proto.Reason, by talker) {
	t := ch.floor.holder
	ch.floor.holder = nil
	h.recordFloor(ch, *t, FloorMoved{Move: FloorReleased, Reason: why, By: by.who, Above: by.prio})
	h.barEarly(h.links[t.link], ch, *t, proto.EarlyVoice)
	h.tell(t.link, t.who, &wire.Frame{Body: &wire.Frame_FloorRevoke{FloorRevoke: &wire.FloorRevoke{
		Channel: ch.id[:], Burst: t.burst[:], Code: uint32(why), By: by.who.String(),
	}}})
	h.emit(Audit{Actor: t.who, Channel: ch.id, Kind: proto.KindFloorRevoke, Refusal: proto.Refuse(why, by.who.String())})
}

// next gives a free floor to the first in the queue, or tells that it is idle.
func (h *Hub) next(ch *channel) {
	fl := &ch.floor
	if len(fl.queue) > 0 {
		t := fl.queue[0]
		fl.queue = slices.Delete(fl.queue, 0, 1)
		h.grant(ch, t)
		h.tellQueue(ch)
		return
	}
	h.routeAgain(ch)
	h.toSubs(ch, &wire.Frame{Body: &wire.Frame_FloorIdle{FloorIdle: &wire.FloorIdle{Channel: ch.id[:]}}})
}

// floorRelease ends the sender's burst, or its wait in the queue.
func (h *Hub) floorRelease(l *link, ch *channel, actor proto.Name, b *wire.FloorRelease) error {
	burst, err := proto.BurstIDFrom(b.Burst)
	if err != nil {
		return err
	}
	h.barEarly(l, ch, talker{who: actor}, proto.FloorTail)
	t := ch.floor.holder
	if t != nil && t.who == actor && t.burst == burst {
		ch.floor.holder = nil
		ch.floor.keepTail(*t, h.now)
		h.recordFloor(ch, *t, FloorMoved{Move: FloorReleased})
		h.next(ch)
		return nil
	}
	if slices.ContainsFunc(ch.floor.queue, func(t talker) bool { return t.who == actor && t.burst == burst }) {
		ch.floor.drop(actor)
		h.tellQueue(ch)
	}
	return nil // the floor may have been revoked while the release was on its way
}

// floorGone frees what one party held or waited for.
func (h *Hub) floorGone(ch *channel, who proto.Name, why proto.Reason) {
	h.endTailOf(ch, who)
	if ch.floor.mirrors {
		return
	}
	if ch.floor.drop(who) {
		h.tellQueue(ch)
	}
	if t := ch.floor.holder; t != nil && t.who == who {
		h.revoke(ch, why)
		h.next(ch)
	}
}

// leftTo is how long a holder may still talk: up to the talk limit, or to the
// channel's end if that is sooner.
func (h *Hub) leftTo(ch *channel, t *talker) time.Duration {
	return min(ch.charter.TalkLimit-h.now.Sub(t.at), ch.end.At.Sub(h.now))
}

// endFloor takes the floor from its holder and from all who wait: the channel has
// ended, and the talk with it.
func (h *Hub) endFloor(ch *channel) {
	waiting := ch.floor.queue
	ch.floor.queue = nil
	h.revoke(ch, ch.end.Reason)
	for _, t := range waiting {
		h.denyTalker(ch, t, ch.end.Reason)
	}
	if len(waiting) > 0 {
		h.tellQueue(ch)
	}
	h.next(ch)
}

// placeAgain binds holder and queue to the leaves that a commit left them: a
// member that lost its state comes back in another place.
func (h *Hub) placeAgain(ch *channel) {
	for i := range ch.floor.queue {
		if leaf, ok := ch.hosted.members.leafOf(ch.floor.queue[i].who); ok {
			ch.floor.queue[i].leaf = leaf
		}
	}
	h.judgeTail(ch, ch.hosted.members)
	t := ch.floor.holder
	if t == nil {
		return
	}
	if leaf, ok := ch.hosted.members.leafOf(t.who); ok && leaf != t.leaf {
		t.leaf = leaf
		h.toSubs(ch, &wire.Frame{Body: &wire.Frame_FloorTaken{FloorTaken: ch.floor.taken(ch.id)}})
	}
}

// releaseLink frees what came through a lost link: at the hub it frees the
// floor, at a follower it tells the hub.
func (h *Hub) releaseLink(ch *channel, l *link) {
	if r, asked := ch.up.asked[l.peer]; asked {
		delete(ch.up.asked, l.peer)
		if hub := h.peers[ch.charter.Owner]; hub != nil && ch.up.state == upLive {
			h.send(hub, releaseFor(ch, l.peer, r.burst))
		}
	}
	if t := ch.floor.tail; t != nil && t.link == l.id {
		h.endTail(ch)
	}
	if ch.floor.mirrors {
		return
	}
	n := len(ch.floor.queue)
	ch.floor.queue = slices.DeleteFunc(ch.floor.queue, func(t talker) bool { return t.link == l.id })
	if len(ch.floor.queue) != n {
		h.tellQueue(ch)
	}
	if t := ch.floor.holder; t != nil && t.link == l.id {
		ch.floor.holder = nil
		h.recordFloor(ch, *t, FloorMoved{Move: FloorReleased, Reason: proto.ReasonNoRoute})
		h.next(ch)
	}
}

func releaseFor(ch *channel, who proto.Name, burst proto.BurstID) *wire.Frame {
	return &wire.Frame{Endpoint: who.String(), Hops: 1, Body: &wire.Frame_FloorRelease{FloorRelease: &wire.FloorRelease{Channel: ch.id[:], Burst: burst[:]}}}
}

// tickFloor runs the floor's timers: tail, silence, warning, limit, queue.
func (h *Hub) tickFloor(ch *channel) {
	h.tickTail(ch)
	fl := &ch.floor
	if fl.mirrors {
		return
	}
	for _, t := range slices.Clone(fl.queue) {
		if h.now.Sub(t.at) >= proto.FloorQueueLife {
			fl.drop(t.who)
			h.denyTalker(ch, t, proto.ReasonQueueExpired)
			h.tellQueue(ch)
		}
	}
	t := fl.holder
	if t == nil {
		return
	}
	left := h.leftTo(ch, t)
	switch {
	case left <= 0:
		h.revoke(ch, proto.ReasonTalkLimit)
		h.next(ch)
	case h.now.Sub(t.heard) >= proto.FloorSilence:
		h.revoke(ch, proto.ReasonSilence)
		h.next(ch)
	case left <= proto.TalkWarning && !t.warned:
		t.warned = true
		h.tell(t.link, t.who, &wire.Frame{Body: &wire.Frame_FloorWarning{FloorWarning: &wire.FloorWarning{
			Channel: ch.id[:], Burst: t.burst[:], LeftMs: uint32(left.Milliseconds()),
		}}})
	}
}
