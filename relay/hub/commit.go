package hub

import (
	"slices"

	"crossband/proto"
	"crossband/proto/wire"
)

// commit orders one commit per epoch (RFC 9420 14): the first valid one wins.
func (h *Hub) commit(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Commit) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if n := len(b.Message) + len(b.GroupInfo); n > proto.MaxCommit {
		return proto.Refusef(proto.ReasonTooLarge, "a commit of %d octets, limit %d", n, proto.MaxCommit)
	}
	logged := &wire.Commit{Channel: b.Channel, Id: b.Id, Epoch: b.Epoch, Message: b.Message}
	a, err := h.fresh(l, ch, actor, f, b.Id, logged)
	if err != nil || a == nil {
		return err
	}
	m := ch.hosted.members
	if b.Epoch != m.epoch() {
		return proto.Refusef(proto.ReasonStaleEpoch, "commit for epoch %d, the channel is at %d", b.Epoch, m.epoch())
	}
	next, change, err := m.apply(b.Message, b.GroupInfo, actor, h.judge, h.now)
	if err == nil {
		err = ch.mayCome(change)
	}
	var told toldTree
	if err == nil {
		told, err = h.mayBecome(ch, next, m.lacksAny(change.Added))
	}
	if err == nil && !next.lacksAny(change.Removed) {
		err = ch.hosted.room(roomForHelp)
	}
	if err != nil {
		return err
	}
	ch.hosted.members, ch.hosted.epochSeq, ch.told = next, ch.hosted.head+1, told
	h.append(l, ch, f, *a, &wire.Entry{Item: &wire.Entry_Commit{Commit: logged}})
	h.saveChannel(ch)
	h.emit(Audit{Peer: l.peer, Actor: actor, Kind: proto.KindCommit, Channel: ch.id, What: "members changed", Added: change.Added, Removed: change.Removed})
	h.recordMembers(ch, change)
	h.barRemoved(ch, m, change)
	h.sendWelcomes(ch, b, change.Added)
	h.placeAgain(ch)
	h.membersGone(ch, change.Removed)
	h.routeAgain(ch)
	return nil
}

// mayBecome refuses somebody new where the channel runs on for a countdown only, or where
// the group would become so large that its members could not come back any more. Nobody
// may make it larger than what can be told at all; what makes it smaller always may be. It
// returns what is to be told of the ratchet tree.
func (h *Hub) mayBecome(ch *channel, next *membership, new bool) (toldTree, error) {
	most := proto.MaxFrame - answerRest
	if new {
		if err := h.pacts.Covers(&ch.charter, h.now); err != nil {
			return toldTree{}, err
		}
		most = proto.MaxGroup
	}
	told, m := treeOf(next), ch.hosted.members
	n := len(next.info) + len(told.octets) + len(ch.signed)
	if n > most && (new || n > len(m.info)+len(ch.ratchetTree(m))+len(ch.signed)) {
		return toldTree{}, proto.Refusef(proto.ReasonFull, "a group of %d members and %d octets", next.size(), n)
	}
	return told, nil
}

// lacksAny reports whether one of them is no member: it did not come back by the
// commit that removed it.
func (m *membership) lacksAny(list []proto.Name) bool {
	return slices.ContainsFunc(list, func(n proto.Name) bool { return !m.has(n) })
}

// membersGone takes floor and subscription from those a commit removed.
func (h *Hub) membersGone(ch *channel, removed []proto.Name) {
	for _, n := range removed {
		if _, still := ch.hosted.members.leafOf(n); still {
			continue
		}
		h.floorGone(ch, n, proto.ReasonNotMember)
		ch.marks.leave(n)
		if l := h.names[n]; l != nil && l.subs[ch.id] != nil {
			h.unsubscribe(l, ch)
		}
	}
}
