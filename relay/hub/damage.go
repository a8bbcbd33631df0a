package hub

import (
	"fmt"
	"strings"

	"crossband/proto"
)

// What the store has lost leaves a hole that everybody can see. Nothing new takes
// its place: others have what was there, and would be told another thing under the
// same number.

// loss is what is gone of a channel that could not be loaded.
type loss uint8

const (
	lossOfRecord   loss = iota + 1 // who its members are, in which epoch
	lossOfMessages                 // and there are messages that nobody can place
)

// damaged takes in the name of a record that cannot be served.
func (h *Hub) damaged(e Damaged) {
	if e.Bucket == bucketChannels {
		if id, err := proto.ChannelIDFrom(e.Key); err == nil {
			h.lose(id, lossOfRecord)
		}
		return
	}
	if e.Bucket == bucketDocuments {
		h.loseDocument(e.Key)
		return
	}
	id, ok := messagesOf(e.Bucket)
	ch := h.channels[id]
	switch {
	case !ok:
	case ch == nil:
		h.lose(id, lossOfMessages)
	case strings.HasPrefix(e.Bucket, logPrefix) && ch.charter.Owner == h.self.Agency:
		h.loseEntry(ch, seqOf(e.Key))
	}
}

// lose notes a channel that is not there, though its records are.
func (h *Hub) lose(id proto.ChannelID, l loss) {
	if _, ended := h.ended[id]; !ended && h.channels[id] == nil {
		h.lost[id] = max(h.lost[id], l)
	}
}

// notLost refuses to begin a channel anew whose records are there and cannot be
// placed: its log would be written over, its members would see another group. The
// administrator decides. A partner's channel of which we kept no messages has lost
// nothing that its hub does not tell again.
func (h *Hub) notLost(ch *channel) error {
	l := h.lost[ch.id]
	if l == 0 || l == lossOfRecord && ch.charter.Owner != h.self.Agency {
		return nil
	}
	return proto.Refusef(proto.ReasonLost, "the record of channel %s: restore a backup", ch.id)
}

func (h *Hub) loseEntry(ch *channel, seq uint64) {
	switch {
	case seq == 0 || seq < ch.hosted.first:
	case seq > ch.hosted.head:
		h.lostUpTo(ch, seq)
	default:
		h.auditLost(ch, fmt.Sprintf("entry %d of the log", seq))
	}
}

// lostUpTo goes on after a number that the log had reached.
func (h *Hub) lostUpTo(ch *channel, seq uint64) {
	if head := ch.hosted.head; seq > head {
		ch.hosted.head = seq
		h.saveChannel(ch)
		h.auditLost(ch, fmt.Sprintf("entries %d to %d of the log", head+1, seq))
	}
}

func (h *Hub) auditLost(ch *channel, what string) {
	h.emit(Audit{Actor: h.self, Channel: ch.id, What: "stored record lost", Alarm: true, Refusal: proto.Refuse(proto.ReasonLost, what)})
}
