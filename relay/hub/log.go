package hub

import (
	"crypto/sha256"
	"encoding/binary"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// text accepts a sealed message of a member that may send.
func (h *Hub) text(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.Text) error {
	if err := h.maySend(ch, actor); err != nil {
		return err
	}
	id, sum, err := h.fresh(l, ch, f, b.Id, b)
	if err != nil || sum == nil {
		return err
	}
	if err := ch.inTime(b.Epoch); err != nil {
		return err
	}
	h.append(l, ch, f, id, *sum, actor.Agency, &wire.Entry{Item: &wire.Entry_Text{Text: b}})
	return nil
}

// pastEpochs is how many epochs back a sealed message may be: members keep
// that many epochs' message secrets. It may not be from before the last time
// that somebody came or went: who has come could not open it and would miss
// it, who has gone still could. Its sender seals it again.
const pastEpochs = 2

// inTime refuses what was sealed too long ago. It is asked after fresh: whoever
// repeats what has been accepted must hear so, however much later.
func (ch *channel) inTime(epoch uint64) error {
	m := ch.hosted.members
	if now := m.epoch(); epoch > now || now-epoch > pastEpochs || epoch < m.since {
		return proto.Refusef(proto.ReasonStaleEpoch, "sealed in epoch %d, the channel is at %d", epoch, now)
	}
	return nil
}

func (h *Hub) maySend(ch *channel, actor proto.Name) error {
	if !ch.created {
		return proto.Refuse(proto.ReasonNoChannel, ch.id.Short())
	}
	if ch.charter.RightOf(actor) != proto.RightSend {
		return proto.Refuse(proto.ReasonListenOnly, actor.String())
	}
	if _, ok := ch.hosted.members.leafOf(actor); !ok {
		return proto.Refuse(proto.ReasonNotMember, actor.String())
	}
	return nil
}

func (h *Hub) fetchLog(l *link, ch *channel, f *wire.Frame, b *wire.FetchLog) error {
	h.emit(ReadLog{
		Link: l.id, Bucket: logBucket(ch.id), After: b.After, Channel: ch.id,
		Answer: &wire.Frame{Re: f.Id, Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch.id[:], Head: ch.hosted.head}}},
	})
	return nil
}

// fresh tells a new message from a repeated one. It returns a nil sum when the
// repetition has been answered.
func (h *Hub) fresh(l *link, ch *channel, f *wire.Frame, id []byte, m pb.Message) (proto.MessageID, *[32]byte, error) {
	mid, err := proto.MessageIDFrom(id)
	if err != nil {
		return mid, nil, err
	}
	octets, err := pb.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return mid, nil, proto.Refuse(proto.ReasonMalformed, "message cannot be encoded again")
	}
	sum := sha256.Sum256(octets)
	if old, ok := ch.hosted.seen[mid]; ok {
		if old.sum != sum {
			return mid, nil, proto.Refuse(proto.ReasonConflict, mid.String())
		}
		h.appended(l, ch, f, mid, old.seq, true)
		return mid, nil, nil
	}
	limit := uint64(proto.MaxLog)
	if _, talk := m.(*wire.Text); !talk {
		limit += proto.MaxLog / 10 // whoever fills the log with texts must still be removed
	}
	if ch.hosted.head >= limit {
		return mid, nil, proto.Refusef(proto.ReasonFull, "%d log entries", ch.hosted.head)
	}
	return mid, &sum, nil
}

// append gives an entry its number, stores it, acknowledges it and feeds it to
// every subscriber, in this order: acknowledged means kept.
func (h *Hub) append(l *link, ch *channel, f *wire.Frame, id proto.MessageID, sum [32]byte, from proto.Agency, e *wire.Entry) {
	ch.hosted.head++
	e.Seq, e.TimeMs, e.Agency = ch.hosted.head, h.now.UnixMilli(), string(from)
	ch.hosted.seen[id] = stored{e.Seq, sum}
	octets, _ := pb.Marshal(e) // cannot fail: every part came off the wire or is ours
	h.emit(Write{logBucket(ch.id), seqKey(e.Seq), octets})
	if f != nil {
		h.appended(l, ch, f, id, e.Seq, false)
	}
	feed := &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch.id[:], Entries: []*wire.Entry{e}, Head: e.Seq}}}
	for _, s := range ch.sortedSubs() {
		h.send(s, feed)
	}
}

func (h *Hub) appended(l *link, ch *channel, f *wire.Frame, id proto.MessageID, seq uint64, dup bool) {
	if f.Id != 0 {
		h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: ch.id[:], Id: id[:], Seq: seq, Duplicate: dup}}})
	}
}

func logBucket(id proto.ChannelID) string { return "log/" + id.String() }

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
