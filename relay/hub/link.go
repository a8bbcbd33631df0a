package hub

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"crossband/proto"
	"crossband/proto/wire"
)

// link is one connection as the hub sees it.
type link struct {
	id      LinkID
	peer    proto.Name                      // zero: a newcomer enrolling
	subs    map[proto.ChannelID]*sub        // channels that the other side hears from us
	aliases map[proto.Alias]proto.ChannelID // our numbers for voice coming in on this link
	next    proto.Alias
	pending map[uint64]pending // requests that we sent on this link
	lesser  bool               // between relays: dialled by the one with the lesser name
	since   time.Time
	rested  time.Time // not to be asked for another roster before
	bulk    *link     // its bulk link; nil: none
	of      *link     // the live link that this bulk link belongs to; nil: it is a live one

	portions portions // what it is still to be told
}

// sub is one link's subscription to a channel.
type sub struct {
	out proto.Alias // their number: voice that we send
	in  proto.Alias // our number: voice that they send
	// deaf: no voice is sent there. An endpoint's choice, on a link that carries little.
	deaf bool
}

// pending remembers for whom a request was forwarded.
type pending struct {
	re       uint64 // our number of the request
	from     LinkID // who waits; SelfLink with id 0: nobody but us
	id       uint64 // their number of the request
	kind     proto.Kind
	channel  proto.ChannelID
	message  proto.MessageID // of ours that the hub is to order; zero: none
	list     proto.Agency    // whose revocation list it was
	deadline time.Time
}

func newLink(id LinkID, peer proto.Name) *link {
	return &link{
		id: id, peer: peer,
		subs:    make(map[proto.ChannelID]*sub),
		aliases: make(map[proto.Alias]proto.ChannelID),
		pending: make(map[uint64]pending),
	}
}

// isPeer reports whether the link leads to another agency's relay.
func (h *Hub) isPeer(l *link) bool {
	return l.peer.Role == proto.RoleRelay && l.peer.Agency != h.self.Agency
}

func (h *Hub) send(l *link, f *wire.Frame) { h.emit(Send{l.id, f}) }

// bothDialled is how close two links of one peer come when both relays dialled:
// about the time that a dial may take.
const bothDialled = 10 * time.Second

// linkUp takes a link into the tables. The newest link of an identity wins: the
// older one is a socket that has not noticed its end yet. Only when two relays
// dialled each other at once there are two good links: then both keep the one
// that the lesser name dialled, whichever came first at either.
func (h *Hub) linkUp(e LinkUp) {
	if e.Bulk {
		h.bulkUp(e)
		return
	}
	l := newLink(e.Link, e.Peer)
	l.lesser, l.since = e.Dialled == (h.self.Agency < e.Peer.Agency), h.now
	var old *link
	switch {
	case e.Peer.Role == proto.RoleNone:
	case h.isPeer(l):
		old = h.peers[e.Peer.Agency]
	default:
		old = h.names[e.Peer]
	}
	if old != nil && h.isPeer(l) && old.lesser && !l.lesser && h.now.Sub(old.since) < bothDialled {
		h.emit(Close{l.id, proto.Refuse(proto.ReasonReplaced, e.Peer.String())})
		return
	}
	if old != nil {
		h.emit(Close{old.id, proto.Refuse(proto.ReasonReplaced, e.Peer.String())})
		h.linkDown(old.id)
	}
	h.links[l.id] = l
	switch {
	case e.Peer.Role == proto.RoleNone:
	case h.isPeer(l):
		h.peers[e.Peer.Agency] = l
		h.relayBack(e.Peer)
		h.peerUp(l)
	default:
		h.names[e.Peer] = l
		h.endpointUp(l)
	}
}

func (h *Hub) peerUp(l *link) {
	h.sendLists(l, "") // first: what follows may already be the removal of who is listed
	h.handDocuments(l) // before the channels that rest on them
	for _, ch := range h.sortedChannels() {
		switch {
		case ch.charter.Owner == h.self.Agency && ch.created && !ch.ended && ch.charter.HasPartyAt(l.peer.Agency, h.now):
			h.offer(l, ch)
		case ch.charter.Owner == l.peer.Agency && ch.created && !ch.ended:
			h.hubBack(l, ch)
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(h.welcomes), compareNames) {
		if name.Agency == l.peer.Agency {
			h.deliverWelcomes(l, name)
		}
	}
}

func (h *Hub) endpointUp(l *link) {
	if !l.peer.Role.IsEndpoint() {
		return
	}
	if h.trust != nil {
		h.send(l, &wire.Frame{Body: &wire.Frame_TrustList{TrustList: &wire.TrustList{Signed: h.trust}}})
	}
	h.sendLists(l, "") // before anything else that it judges
	h.handDocuments(l)
	for _, ch := range h.sortedChannels() {
		if !ch.ended && !ch.waits && ch.charter.RightAt(l.peer, h.now) != proto.RightNone {
			h.offer(l, ch)
		}
	}
	h.hand(l, h.packagesLeft(l.peer)) // last of what a device waits for: then it knows its channels
	h.deliverWelcomes(l, l.peer)
	h.deliverReturned(l)
}

// linkDown frees everything that hung on the link.
func (h *Hub) linkDown(id LinkID) {
	l := h.links[id]
	if l == nil || id == SelfLink {
		return
	}
	if l.of != nil {
		h.bulkDown(l)
		return
	}
	for _, ch := range h.sortedChannels() {
		if ch.charter.Owner == l.peer.Agency && h.isPeer(l) {
			h.dropUpstreamSub(l, ch)
			continue
		}
		h.expect(l, ch)
		h.unsubscribe(l, ch)
	}
	delete(h.links, id)
	h.forgetBeats(id)
	if h.names[l.peer] == l {
		delete(h.names, l.peer)
	}
	if h.isPeer(l) && h.peers[l.peer.Agency] == l {
		delete(h.peers, l.peer.Agency)
		h.hubLost(l)
		h.relayLost(l.peer)
	}
	h.abandon(l)
	if l.bulk != nil {
		h.emit(Close{l.bulk.id, proto.Refuse(proto.ReasonClosing, "the live link has ended")})
		h.bulkDown(l.bulk)
	}
}

// abandon refuses what waits for answers on a link that has ended.
func (h *Hub) abandon(l *link) {
	for _, re := range slices.Sorted(maps.Keys(l.pending)) {
		h.listTold(l, l.pending[re], proto.Refuse(proto.ReasonHubAway, "link lost"))
		h.refusePending(l.pending[re], proto.Refuse(proto.ReasonHubAway, l.peer.String()))
	}
}

// forward passes a request on towards another relay and remembers who waits.
// actor is whom we speak for; the zero Name when we ask for ourselves.
func (h *Hub) forward(from *link, f *wire.Frame, to *link, actor proto.Name, ch proto.ChannelID) error {
	if n := to.waiting(); n >= proto.MaxPending {
		return proto.Refusef(proto.ReasonQuota, "%d requests wait for %s", n, to.peer.Agency)
	}
	if f.Hops >= proto.MaxHops {
		return proto.Refusef(proto.ReasonHops, "%d", f.Hops)
	}
	to, f = viaBulk(to, f)
	h.lastID++
	to.pending[h.lastID] = pending{re: h.lastID, from: from.id, id: f.Id, kind: proto.KindOf(f), channel: ch, deadline: h.now.Add(to.answerTime())}
	h.send(to, &wire.Frame{Id: h.lastID, Endpoint: actor.String(), Hops: f.Hops + 1, Body: f.Body})
	return nil
}

// ask sends a request of our own and returns its number.
func (h *Hub) ask(to *link, ch proto.ChannelID, f *wire.Frame) (uint64, error) {
	err := h.forward(h.links[SelfLink], f, to, proto.Name{}, ch)
	if err != nil {
		h.audit(to, proto.Name{}, f, proto.AsRefusal(err))
	}
	return h.lastID, err
}

func (h *Hub) expirePending(l *link) {
	for _, id := range slices.Sorted(maps.Keys(l.pending)) {
		if p := l.pending[id]; !h.now.Before(p.deadline) {
			delete(l.pending, id)
			h.listTold(l, p, proto.Refuse(proto.ReasonHubAway, "no answer"))
			h.refusePending(p, proto.Refusef(proto.ReasonHubAway, "%s did not answer in %v", l.peer, l.answerTime()))
		}
	}
}

func (h *Hub) refusePending(p pending, why *proto.Refusal) {
	if p.message != (proto.MessageID{}) {
		h.originAnswered(p, nil, why)
		return
	}
	if p.kind == proto.KindSubscribe && p.from == SelfLink {
		if ch := h.upstreamAsked(p); ch != nil {
			h.upstreamRefused(ch, why)
		}
		return
	}
	if p.asksRoster() {
		h.rosterAnswered(p, nil, why)
		return
	}
	if l := h.links[p.from]; l != nil && p.id != 0 {
		h.send(l, refused(p.id, why))
	}
}

func refused(re uint64, why *proto.Refusal) *wire.Frame {
	return &wire.Frame{Re: re, Body: &wire.Frame_Refused{Refused: &wire.Refused{Code: uint32(why.Reason), Detail: why.Detail}}}
}

// sortedLinks puts links in the order in which they came, so that the same
// events always have the same effects.
func sortedLinks[K comparable](links map[K]*link) []*link {
	return slices.SortedFunc(maps.Values(links), func(a, b *link) int { return cmp.Compare(a.id, b.id) })
}

func compareNames(a, b proto.Name) int { return cmp.Compare(a.String(), b.String()) }
