package client

import (
	"crossband/proto"
	"crossband/proto/wire"
)

// FloorWaiting says who waits for a channel's floor, the next one first; nobody when it
// is empty. A channel that is idle has nobody who waits. It is the hub's word, as far as
// the names are those of members that may send.
type FloorWaiting struct {
	Channel proto.ChannelID
	Waiting []Waiter // at most proto.MaxFloorQueue
}

// Waiter is one who waits for the floor.
type Waiter struct {
	Name     proto.Name
	Priority proto.Priority
}

func (FloorWaiting) event() {}

func (s *Session) waitingLocked(b *wire.FloorWaiting) []Event {
	ch := s.channelLocked(b.GetChannel())
	if ch == nil {
		return nil
	}
	if len(b.Waiting) > proto.MaxFloorQueue {
		return []Event{Alarm{ch.id, proto.Refusef(proto.ReasonMalformed, "%d wait for the floor", len(b.Waiting))}}
	}
	w := FloorWaiting{Channel: ch.id}
	for _, x := range b.Waiting {
		name, err := ch.holderLocked(x.Name)
		prio := proto.Priority(x.Priority)
		if err == nil && (uint32(prio) != x.Priority || !prio.Valid()) {
			err = proto.Refusef(proto.ReasonMalformed, "priority %d", x.Priority)
		}
		if err != nil {
			return []Event{Alarm{ch.id, proto.AsRefusal(err)}}
		}
		w.Waiting = append(w.Waiting, Waiter{name, prio})
	}
	return []Event{w}
}
