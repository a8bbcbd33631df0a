package client

import (
	"slices"

	"crossband/proto"
)

// numbers count the messages of a channel by their senders: 1, 2, 3 …, within what
// is sealed, so that nobody on the way can leave one out unseen.
type numbers struct {
	Used uint64                // highest that we have given
	Free []uint64              // below it, and given back: no message will carry them unless they are taken again
	Last map[proto.Name]uint64 // highest of each other sender; nothing is known before the first
}

// take gives the next number.
func (n *numbers) take() uint64 {
	if len(n.Free) > 0 {
		v := n.Free[0]
		n.Free = n.Free[1:]
		return v
	}
	n.Used++
	return n.Used
}

// giveBack takes back the number of a message that will never be sent.
func (n *numbers) giveBack(v uint64) {
	if at, found := slices.BinarySearch(n.Free, v); v != 0 && !found {
		n.Free = slices.Insert(n.Free, at, v)
	}
}

// maxNumber is more than any device will ever say. From one near the end of its
// type the count would begin again, and no receiver would see that one is missing.
const maxNumber = 1 << 48

// adopt goes on from what our relay has seen of us.
func (n *numbers) adopt(seen uint64) {
	if seen > n.Used && seen <= maxNumber {
		n.Used, n.Free = seen, nil
	}
}

// heard notes a sender's number and returns how many before it are missing.
func (n *numbers) heard(from proto.Name, v uint64) (missing uint64) {
	last, known := n.Last[from]
	if v == 0 || v <= last {
		return 0 // uncounted, or one that was missing
	}
	if n.Last == nil {
		n.Last = make(map[proto.Name]uint64)
	}
	n.Last[from] = v
	if !known {
		return 0
	}
	return v - last - 1
}

// forget starts anew with everybody, after entries that we could not see.
func (n *numbers) forget() { n.Last = nil }

// rolledBackLocked finds out, before anything is sealed, that our state is older
// than what our relay has seen of us. A state that has said nothing yet may be that
// of a device which has lost its own. Any other knows better than its relay.
func (ch *Channel) rolledBackLocked(seen uint64) []Event {
	used := ch.numbers.Used
	if seen > maxNumber {
		return []Event{Alarm{ch.id, proto.Refusef(proto.ReasonMalformed, "our relay says that our last message is number %d; it is %d", seen, used)}}
	}
	old := seen > used && ch.restored && ch.group != nil
	if old || used == 0 {
		ch.numbers.adopt(seen)
	}
	if !old {
		return nil
	}
	return ch.oldStateLocked(proto.Refusef(proto.ReasonRolledBack, "our last message there is number %d, here %d", seen, used))
}
