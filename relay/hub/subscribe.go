package hub

import (
	"crossband/proto"
	"crossband/proto/wire"
)

func (h *Hub) subscribe(l *link, ch *channel, f *wire.Frame, b *wire.Subscribe) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if err := h.addSub(l, ch, b); err != nil {
		return err
	}
	h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_Subscribed{Subscribed: h.subscribed(l, ch)}})
	h.tellMarks(l, ch)
	h.routeAgain(ch)
	return nil
}

// tellMarks brings who has just come up to date.
func (h *Hub) tellMarks(l *link, ch *channel) {
	for _, p := range ch.marks.frames(ch.id, ch.marks.all()) {
		h.send(l, &wire.Frame{Body: &wire.Frame_Progress{Progress: p}})
	}
}

// addSub enters a subscription and gives it a number for voice coming in.
func (h *Hub) addSub(l *link, ch *channel, b *wire.Subscribe) error {
	alias := b.Alias
	if alias == 0 || alias > uint64(proto.MaxAlias) {
		return proto.Refusef(proto.ReasonMalformed, "voice alias %d", alias)
	}
	s := l.subs[ch.id]
	if s == nil {
		if limit := h.subLimit(l); len(l.subs) >= limit {
			return proto.Refusef(proto.ReasonQuota, "%d channels on one link", limit)
		}
		s = &sub{in: l.freeAlias()}
		l.aliases[s.in] = ch.id
		l.subs[ch.id] = s
		ch.subs[l.id] = l
	}
	s.out, s.deaf = proto.Alias(alias), b.Deaf && !h.isPeer(l) // a relay has listeners of its own
	delete(ch.expects, l.peer)
	return nil
}

func (h *Hub) subLimit(l *link) int {
	if h.isPeer(l) {
		return proto.MaxChannels
	}
	return proto.MaxSubscribed
}

func (l *link) freeAlias() proto.Alias {
	for {
		l.next = l.next%proto.MaxAlias + 1
		if _, used := l.aliases[l.next]; !used {
			return l.next
		}
	}
}

func (h *Hub) subscribed(l *link, ch *channel) *wire.Subscribed {
	s := &wire.Subscribed{
		Channel: ch.id[:], Alias: uint64(l.subs[ch.id].in), Charter: ch.signed, Floor: ch.floor.taken(ch.id),
	}
	if l.peer.Role.IsEndpoint() {
		s.Number = ch.marks.numbers[l.peer]
	}
	if ch.charter.Owner == h.self.Agency {
		s.First = ch.hosted.first
		s.Head, s.Epoch = ch.hosted.head, ch.hosted.members.epoch()
	} else {
		s.Head, s.Epoch, s.HubAway = ch.up.head, ch.up.epoch, ch.up.state != upLive
	}
	return s
}

func (h *Hub) unsubscribe(l *link, ch *channel) {
	s := l.subs[ch.id]
	if s == nil {
		return
	}
	h.emit(SetRoute{l.id, s.in, nil})
	delete(l.aliases, s.in)
	delete(l.subs, ch.id)
	if h.isPeer(l) {
		ch.absent(l.peer.Agency)
	}
	delete(ch.subs, l.id) // before the floor is freed: the news of it is not for this link
	h.releaseLink(ch, l)
	if h.leavesHub(ch) {
		h.leaveUpstream(ch)
	}
	h.routeAgain(ch)
}
