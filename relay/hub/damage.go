package hub

import (
	"fmt"
	"strings"

	"crossband/proto"
)

// What the store has lost leaves a hole that everybody can see. Nothing new takes
// its place: others have what was there, and would be told another thing under the
// same number.

// damaged takes in the name of a record that cannot be served.
func (h *Hub) damaged(e Damaged) {
	hex, ok := strings.CutPrefix(e.Bucket, logPrefix)
	if !ok {
		return
	}
	id, err := proto.ParseChannelID(hex)
	ch := h.channels[id]
	if err != nil || ch == nil || ch.charter.Owner != h.self.Agency {
		return
	}
	switch seq := seqOf(e.Key); {
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
