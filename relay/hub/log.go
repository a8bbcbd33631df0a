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
	a, err := h.fresh(l, ch, actor, f, b.Id, b)
	if err != nil || a == nil {
		return err
	}
	if err := ch.inTime(b.Epoch); err != nil {
		return err
	}
	h.append(l, ch, f, *a, &wire.Entry{Item: &wire.Entry_Text{Text: b}})
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

// accepted is a message that is new and will be kept.
type accepted struct {
	id   proto.MessageID
	sum  [32]byte
	from proto.Name // the hub's own for what it says itself
}

// sumOf is what tells a repetition from another message of the same identifier.
func sumOf(m pb.Message) ([32]byte, error) {
	octets, err := pb.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return [32]byte{}, proto.Refuse(proto.ReasonMalformed, "message cannot be encoded again")
	}
	return sha256.Sum256(octets), nil
}

// fresh tells a new message from a repeated one. It returns nil when the
// repetition has been answered.
func (h *Hub) fresh(l *link, ch *channel, actor proto.Name, f *wire.Frame, id []byte, m pb.Message) (*accepted, error) {
	mid, err := proto.MessageIDFrom(id)
	if err != nil {
		return nil, err
	}
	sum, err := sumOf(m)
	if err != nil {
		return nil, err
	}
	if old, ok := ch.hosted.seen[mid]; ok {
		if old.sum != sum {
			return nil, proto.Refuse(proto.ReasonConflict, mid.String())
		}
		h.appended(l, ch, f, mid, old.seq, true)
		return nil, nil
	}
	if err := h.room(ch, m); err != nil {
		return nil, err
	}
	return &accepted{mid, sum, actor}, nil
}

// What a log holds beyond texts, duty and re-arming, so that help can still be called; beyond that,
// so that ladders of what has been called are climbed; and beyond that, so that
// whoever has filled it can still be removed.
const (
	roomForHelp     = proto.MaxLog / 20
	roomForPages    = proto.MaxLog * 3 / 40
	roomForRemovals = proto.MaxLog / 10
)

// room refuses what there is no place for, before it is accepted: nothing is
// dropped afterwards. Of commits only those that remove somebody have all of it:
// see commit.
func (h *Hub) room(ch *channel, m pb.Message) error {
	more := uint64(roomForHelp)
	_, talk := m.(*wire.Text)
	switch m := m.(type) {
	case *wire.Text, *wire.Duty:
		more = 0
	case *wire.Incident:
		if proto.Act(m.Act) == proto.ActRearm {
			more = 0
		}
	case *wire.Commit:
		more = roomForRemovals
	}
	if err := ch.hosted.room(more); err != nil {
		return err
	}
	return h.storeRoom(talk)
}

// room refuses what would take the log beyond its limit and so many more.
func (s *hosted) room(more uint64) error {
	if n := s.kept(); n >= proto.MaxLog+more {
		return proto.Refusef(proto.ReasonFull, "%d log entries", n)
	}
	return nil
}

func (h *Hub) storeRoom(talk bool) error {
	if h.settings.Room == RoomNone || talk && h.settings.Room == RoomControl {
		return proto.Refuse(proto.ReasonFull, "the store")
	}
	return nil
}

// kept is how many entries the log holds.
func (s *hosted) kept() uint64 {
	if s.first > 0 {
		return s.head + 1 - s.first
	}
	return s.head
}

// append gives an entry its number, stores it, acknowledges it and feeds it to
// every subscriber, in this order: acknowledged means kept.
func (h *Hub) append(l *link, ch *channel, f *wire.Frame, a accepted, e *wire.Entry) {
	ch.hosted.head++
	e.Seq, e.TimeMs, e.Agency = ch.hosted.head, h.now.UnixMilli(), string(a.from.Agency)
	ch.hosted.seen[a.id] = stored{e.Seq, a.sum}
	if m := proto.EntryEnvelope(e); m != nil {
		ch.marks.number(a.from, m.GetNumber())
	}
	h.saveEntry(ch, a, e)
	h.recordEntry(ch, a.from, e)
	if f != nil {
		h.appended(l, ch, f, a.id, e.Seq, false)
	}
	feed, toRelays := ch.fed(e), ch.fed(commitWith(ch.hosted.members.info, e))
	for _, s := range ch.sortedSubs() {
		if h.isPeer(s) {
			h.send(s, toRelays)
		} else {
			h.send(s, feed)
		}
	}
}

func (ch *channel) fed(e *wire.Entry) *wire.Frame {
	return &wire.Frame{Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch.id[:], Entries: []*wire.Entry{e}, Head: e.Seq}}}
}

func (h *Hub) appended(l *link, ch *channel, f *wire.Frame, id proto.MessageID, seq uint64, dup bool) {
	if f.Id != 0 {
		h.send(l, &wire.Frame{Re: f.Id, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: ch.id[:], Id: id[:], Seq: seq, Duplicate: dup}}})
	}
}

// fetchLog answers from the store. Sealed parts that may lie at their sender's
// agency only are not in it: the reader asks for them by FetchSealed.
func (h *Hub) fetchLog(l *link, ch *channel, f *wire.Frame, b *wire.FetchLog) error {
	h.emit(ReadLog{
		Link: l.id, Bucket: logBucket(ch.id), After: b.After, Most: logMost(b.Most), Channel: ch.id,
		Answer: &wire.Frame{Re: f.Id, Body: &wire.Frame_Entries{Entries: &wire.Entries{Channel: ch.id[:], Head: ch.hosted.head, First: ch.hosted.first}}},
	})
	return nil
}

// logMost is how many octets of entries an answer holds of which so many are asked for.
func logMost(most uint32) int {
	if most == 0 || most > proto.MaxEntriesBytes {
		return proto.MaxEntriesBytes
	}
	return int(most)
}

// withoutSeal is an entry as a relay may store it that may not store its sealed
// part: the digest takes its place.
func withoutSeal(e *wire.Entry) *wire.Entry {
	m := proto.EntryEnvelope(e)
	if m == nil || len(m.GetSealed()) == 0 {
		return e
	}
	sum := sha256.Sum256(m.GetSealed())
	bare := pb.Clone(e).(*wire.Entry)
	proto.SetSealed(proto.EntryEnvelope(bare), nil, m.GetEpoch())
	bare.Digest = sum[:]
	return bare
}

func logBucket(id proto.ChannelID) string { return logPrefix + id.String() }

// seqOf reads a key of the log; 0 when it is none.
func seqOf(key []byte) uint64 {
	if len(key) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
