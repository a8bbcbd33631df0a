package hub

import (
	"time"

	"crossband/proto"
)

// A talker's release goes by the control stream and overtakes his last voice
// datagrams: a path has jitter, and voice waits for the congestion window up to
// proto.VoiceQueue while control goes ahead. So after a release that the talker
// himself sent, and that left the floor to nobody, his route stays for
// proto.FloorTail, or until somebody is granted the floor. It is not a floor:
// nobody is shown as holder, no grant waits for it, no timer and no record knows
// of it. An end that he did not choose leaves no tail.

// tail is whose route stays, and until when.
type tail struct {
	talker
	until time.Time
}

// keepTail lets the route of a talker who has let go stay as it is for a while.
func (fl *floor) keepTail(t talker, now time.Time) {
	fl.tail = &tail{t, now.Add(proto.FloorTail)}
}

// speaker is whose voice may pass: the holder, else who has just let go, else nil.
func (fl *floor) speaker() *talker {
	switch {
	case fl.holder != nil:
		return fl.holder
	case fl.tail != nil:
		return &fl.tail.talker
	}
	return nil
}

// trails reports whether the tail is that of a party's burst.
func (fl *floor) trails(who proto.Name, burst []byte) bool {
	return fl.tail != nil && fl.tail.who == who && string(fl.tail.burst[:]) == string(burst)
}

// endTail closes the route of a talker who has let go, unless he has asked again.
func (h *Hub) endTail(ch *channel) {
	t := ch.floor.tail
	if t == nil {
		return
	}
	ch.floor.tail = nil
	if l := h.links[t.link]; l != nil && l.subs[ch.id] != nil {
		h.emit(SetRoute{l.id, l.subs[ch.id].in, h.routeUp(ch, l)})
	}
}

// endTailOf does so if the tail is that party's.
func (h *Hub) endTailOf(ch *channel, who proto.Name) {
	if t := ch.floor.tail; t != nil && t.who == who {
		h.endTail(ch)
	}
}

// judgeTail ends the tail of who is no member any more, or has come back in another
// place, by a roster that is not behind.
func (h *Hub) judgeTail(ch *channel, m *membership) {
	t := ch.floor.tail
	if t == nil {
		return
	}
	if leaf, member := m.leafOf(t.who); !member || t.bound && leaf != t.leaf {
		h.endTail(ch)
	}
}

// tickTail ends the tail when its time is over.
func (h *Hub) tickTail(ch *channel) {
	if t := ch.floor.tail; t != nil && !h.now.Before(t.until) {
		h.endTail(ch)
	}
}
