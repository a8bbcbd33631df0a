package client

import (
	"maps"
	"slices"
	"strings"

	"crossband/proto"
	"crossband/proto/wire"
)

// MessageState is how far a message of ours has come.
type MessageState uint8

// The states of a message. Kept is passed over when the hub answers at once;
// Delivered and Read come once for each agency and each reader.
const (
	MessageQueued    MessageState = iota + 1 // in the outbox
	MessageKept                              // our relay has it, on disk
	MessageOrdered                           // the channel's hub has given it its place in the log
	MessageDelivered                         // other agencies' relays have it
	MessageRead                              // it has been shown to readers
	MessageFailed                            // it is not on its way, or expired unread: Why says why
)

// String returns the state in one word.
func (s MessageState) String() string {
	switch s {
	case MessageQueued:
		return "queued"
	case MessageKept:
		return "accepted"
	case MessageOrdered:
		return "in the log"
	case MessageDelivered:
		return "delivered"
	case MessageRead:
		return "read"
	case MessageFailed:
		return "failed"
	}
	return "unknown"
}

// sent is a message of ours in the log.
type sent struct {
	ID  proto.MessageID
	Seq uint64
}

// sentList holds the newest of our messages that others may still be reading.
type sentList []sent

// maxSent bounds the messages whose delivery is followed; the oldest goes.
const maxSent = 64

func (l *sentList) add(id proto.MessageID, seq uint64) {
	if len(*l) == maxSent {
		*l = (*l)[1:]
	}
	*l = append(*l, sent{id, seq})
}

// progressLocked takes in how far the others have come, as the relays say, and
// tells which of our messages that concerns.
func (s *Session) progressLocked(b *wire.Progress) []Event {
	ch := s.channelLocked(b.Channel)
	if ch == nil {
		return nil
	}
	var news []Event
	for _, m := range ch.mine {
		moved := MessageMoved{Channel: ch.id, ID: m.ID, State: MessageDelivered, Seq: m.Seq}
		for _, d := range b.Delivered {
			if a := proto.Agency(d.Name); ch.charter.HasParty(a) && a != s.Name().Agency && ch.delivered[a] < m.Seq && m.Seq <= d.Seq {
				moved.Agencies = append(moved.Agencies, a)
			}
		}
		if len(moved.Agencies) > 0 {
			news = append(news, moved)
		}
		read := MessageMoved{Channel: ch.id, ID: m.ID, State: MessageRead, Seq: m.Seq}
		for _, r := range b.Read {
			if n, err := proto.ParseName(r.Name); err == nil && ch.isReaderLocked(n) && n != s.Name() && ch.read[n] < m.Seq && m.Seq <= r.Seq {
				read.Readers = append(read.Readers, n)
			}
		}
		if len(read.Readers) > 0 {
			news = append(news, read)
		}
	}
	ch.noteProgressLocked(b)
	s.changedLocked()
	return news
}

func (ch *Channel) noteProgressLocked(b *wire.Progress) {
	for _, d := range b.Delivered {
		if a, err := proto.ParseAgency(d.Name); err == nil && ch.charter.HasParty(a) {
			ch.delivered[a] = max(ch.delivered[a], d.Seq)
		}
	}
	for _, r := range b.Read {
		if n, err := proto.ParseName(r.Name); err == nil && ch.isReaderLocked(n) {
			ch.read[n] = max(ch.read[n], r.Seq)
		}
	}
	if len(ch.read) > maxReaders {
		maps.DeleteFunc(ch.read, func(n proto.Name, _ uint64) bool { _, in := ch.present[n]; return !in })
	}
}

// maxReaders bounds the readers that are remembered; beyond it those who have left
// go.
const maxReaders = 4 * proto.MaxMembers

// isReaderLocked reports whether n is a member, or has read here as one. The relays
// can name anybody; only the group says who is there.
func (ch *Channel) isReaderLocked(n proto.Name) bool {
	_, in := ch.present[n]
	_, was := ch.read[n]
	return in || was
}

// Delivery is how far one of our messages has come.
type Delivery struct {
	State     MessageState
	Seq       uint64         // its place in the log; 0: none yet
	Delivered []proto.Agency // whose relays have it
	Read      []proto.Name   // who has been shown it
}

// Delivery returns how far a message has come; the zero State for one that this
// endpoint does not follow, or not any more.
func (ch *Channel) Delivery(id proto.MessageID) Delivery {
	ch.s.mu.Lock()
	defer ch.s.mu.Unlock()
	return ch.deliveryLocked(id)
}

func (ch *Channel) deliveryLocked(id proto.MessageID) Delivery {
	if o := ch.findOutLocked(id); o != nil {
		if o.Kept {
			return Delivery{State: MessageKept}
		}
		return Delivery{State: MessageQueued}
	}
	i := slices.IndexFunc(ch.mine, func(m sent) bool { return m.ID == id })
	if i < 0 {
		return Delivery{}
	}
	d := Delivery{State: MessageOrdered, Seq: ch.mine[i].Seq}
	for a, seq := range ch.delivered {
		if seq >= d.Seq && a != ch.s.Name().Agency {
			d.Delivered = append(d.Delivered, a)
			d.State = MessageDelivered
		}
	}
	for n, seq := range ch.read {
		if seq >= d.Seq && n != ch.s.Name() {
			d.Read = append(d.Read, n)
			d.State = MessageRead
		}
	}
	slices.Sort(d.Delivered)
	slices.SortFunc(d.Read, func(a, b proto.Name) int { return strings.Compare(a.String(), b.String()) })
	return d
}
