package hub

import (
	"maps"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// placeAgreement enters an agreement that every party has signed.
func (h *Hub) placeAgreement(d *heldDocument) (replaced []*heldDocument, err error) {
	gone, err := h.pacts.Take(*d.Agreement, d.came)
	if err != nil {
		return nil, err
	}
	for _, revision := range gone {
		if old := h.agreementHeld(d.Agreement.ID, revision); old != nil {
			replaced = append(replaced, old)
		}
	}
	return replaced, nil
}

// No agreement, no channel: a charter between agencies must rest on an agreement
// that is held, in force and allows it (readCharter). A channel that was let in runs
// until its end, which every document may move; the hub and each follower find it by
// themselves, whatever the other does.

// opening is when a charter that is registered now can be used.
func (h *Hub) opening(c *proto.Charter) time.Time {
	if begins := h.pacts.Span(c, h.now, false).Begins; begins.After(h.now) {
		return begins
	}
	return h.now
}

// openChannel tells of a channel that has begun who may use it.
func (h *Hub) openChannel(ch *channel) {
	if !ch.waits {
		h.offerEndpoints(ch)
	}
}

// running refuses what is said on a channel that has not begun or has ended.
func (h *Hub) running(ch *channel) error {
	if !h.now.Before(ch.end.At) {
		return ch.end.Refusal()
	}
	if h.now.Before(ch.begins) {
		return proto.Refusef(proto.ReasonClosed, "begins %s", ch.begins.UTC().Format(time.RFC3339))
	}
	return nil
}

// findEnds finds out anew when channels end, and what is allowed now.
func (h *Hub) findEnds() {
	for _, ch := range h.sortedChannels() {
		was := ch.end
		h.findSpan(ch)
		switch {
		case !ch.waits && h.now.Before(ch.begins) && h.now.Before(ch.end.At): // not now, but later
			h.pause(ch, was)
		case ch.ended && h.now.Before(ch.end.At):
			h.runAgain(ch)
		}
	}
	h.judgeUnagreed()
}

// findSpan finds out when a channel runs, as of now.
func (h *Hub) findSpan(ch *channel) {
	s := h.pacts.Span(&ch.charter, h.now, ch.created)
	ch.begins, ch.end = s.Begins, s.End
}

// pause stops a channel that a revision allows no more and a later one will allow
// again.
func (h *Hub) pause(ch *channel, was proto.End) {
	next := ch.end
	if ch.end = was; !ch.ended {
		h.stopChannel(ch)
	}
	ch.end, ch.ended, ch.waits = next, false, true
}

// runAgain offers a channel anew that had ended: a later revision allows it.
func (h *Hub) runAgain(ch *channel) {
	ch.ended = false
	if ch.charter.Owner != h.self.Agency || ch.created {
		h.offerEndpoints(ch)
	}
	for _, p := range sortedLinks(h.peers) {
		if ch.charter.Owner == h.self.Agency && ch.created && ch.charter.HasPartyAt(p.peer.Agency, h.now) {
			h.offer(p, ch)
		}
	}
}

// tickEnd tells of a channel that begins, stops one whose end has come, and lets
// observers go whose time is over.
func (h *Hub) tickEnd(ch *channel) {
	if ch.waits && !h.now.Before(ch.begins) {
		ch.waits = false
		if ch.created {
			h.runAgain(ch)
		} else {
			h.openChannel(ch)
		}
	}
	if !ch.ended && !h.now.Before(ch.end.At) {
		h.stopOrGoOn(ch)
	}
	if !ch.watch.IsZero() && !h.now.Before(ch.watch) {
		ch.watch = ch.charter.NextObserverEnd(h.now)
		h.observersGone(ch)
	}
}

// stopOrGoOn stops a channel whose end has come, unless there is another time for it.
func (h *Hub) stopOrGoOn(ch *channel) {
	was := ch.end
	h.findSpan(ch)
	switch {
	case !h.now.Before(ch.end.At):
		ch.ended = true
		h.stopChannel(ch)
	case h.now.Before(ch.begins):
		h.pause(ch, was)
	}
}

// stopChannel takes floor, subscriptions and routes from everybody.
func (h *Hub) stopChannel(ch *channel) {
	if !ch.floor.mirrors && ch.floor.holder != nil {
		h.endFloor(ch)
	}
	for _, who := range slices.SortedFunc(maps.Keys(ch.up.asked), compareNames) { // whatever the hub says of it
		r := ch.up.asked[who]
		if l := h.names[who]; l != nil {
			h.send(l, &wire.Frame{Body: &wire.Frame_FloorRevoke{FloorRevoke: &wire.FloorRevoke{Channel: ch.id[:], Burst: r.burst[:], Code: uint32(ch.end.Reason)}}})
		}
	}
	clear(ch.up.asked)
	h.dropSubs(ch, func(*link) bool { return true })
	ch.up.state = upIdle
	ch.floor = floor{}
	h.emit(Audit{Actor: h.self, Channel: ch.id, What: "channel ended"})
}

// dropSubs ends the subscriptions of some links.
func (h *Hub) dropSubs(ch *channel, of func(*link) bool) {
	for _, l := range sortedLinks(h.links) {
		switch {
		case l.subs[ch.id] == nil || !of(l):
		case h.isPeer(l) && l.peer.Agency == ch.charter.Owner:
			h.dropUpstreamSub(l, ch)
		default:
			h.unsubscribe(l, ch)
		}
	}
}

// observersGone ends what observers had here whose time is over.
func (h *Hub) observersGone(ch *channel) {
	h.judgeAgain(ch)
	h.dropSubs(ch, func(l *link) bool {
		if l.peer.Role.IsEndpoint() {
			return ch.charter.RightAt(l.peer, h.now) == proto.RightNone
		}
		return l.peer.Agency != h.self.Agency && !ch.charter.HasPartyAt(l.peer.Agency, h.now)
	})
}
