package hub

import (
	"bytes"
	"maps"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// Settings are what the administrator and the state of the store decide. They
// may change while the relay runs.
type Settings struct {
	Room      Room
	Retention Retention
	Held      map[proto.ChannelID]bool // legal holds: nothing of these channels expires
}

// Room says what the store has place for.
type Room uint8

// The states of the store. What is refused for want of room is refused before it
// is accepted; nothing accepted is dropped.
const (
	RoomAll     Room = iota
	RoomControl      // no texts: the rest is for changes of membership and calls for help
	RoomNone         // nothing that would have to be kept; voice goes on
)

// Retention is how long messages are kept from their acceptance on, by class;
// 0 is for ever.
type Retention struct {
	Standing time.Duration // calling and standing channels
	Incident time.Duration // incidents and patrols
	Waiting  time.Duration // messages that no hub has taken: then they go back to their sender
}

// of returns a channel's class.
func (r Retention) of(k proto.CharterKind) time.Duration {
	if k.Opened() {
		return r.Incident
	}
	return r.Standing
}

// Times of expiry.
const (
	sweepEvery = time.Minute // how often each channel is looked through
	dropEvery  = time.Hour   // how often ended channels are
)

// tickRetention asks for what is older than the channel's class allows.
func (h *Hub) tickRetention(ch *channel) {
	if !h.every(sweepEvery) || h.settings.Held[ch.id] {
		return
	}
	if keep := h.settings.Retention.of(ch.charter.Kind); keep > 0 {
		s := Sweep{Channel: ch.id, Before: h.now.Add(-keep)}
		if ch.charter.Owner == h.self.Agency {
			s.Log, s.Before = logBucket(ch.id), h.keeps(ch, s.Before)
		} else {
			s.Origin = originBucket(ch.id)
		}
		h.emit(s)
	}
	if keep := h.settings.Retention.Waiting; keep > 0 {
		for _, o := range ch.origin.sorted() {
			if !o.asked && h.now.Sub(o.at) >= keep {
				h.expireWaiting(ch, o)
			}
		}
	}
}

// keeps returns until when the log may be forgotten, at most before: incidents are
// forgotten whole, and none that has a hail which is not over, but none is kept for
// longer than proto.HailHeld beyond its channel's time.
func (h *Hub) keeps(ch *channel, before time.Time) time.Time {
	t := ch.hosted.book.Keeps(before)
	keep := h.settings.Retention.of(ch.charter.Kind)
	if most := h.now.Add(-keep - proto.HailHeld); keep > 0 && t.Before(most) {
		return minTime(most, before)
	}
	return t
}

func minTime(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}

// mayExpire returns those of the oldest entries that may be forgotten. An incident of
// more entries than one sweep finds cannot go at once: then all of them.
func (h *Hub) mayExpire(ch *channel, list []*wire.StoredEntry) []*wire.StoredEntry {
	if len(list) == 0 {
		return nil
	}
	end := time.UnixMilli(list[len(list)-1].Entry.TimeMs)
	if len(list) < MaxSweep { // it is all that there is of its millisecond
		end = end.Add(time.Millisecond)
	}
	upTo := h.keeps(ch, end).UnixMilli()
	n := slices.IndexFunc(list, func(v *wire.StoredEntry) bool { return v.Entry.TimeMs >= upTo })
	if n < 0 || n == 0 && len(list) >= MaxSweep {
		return list
	}
	return list[:n]
}

func (h *Hub) expireWaiting(ch *channel, o *outgoing) {
	h.eraseWaiting(ch, o)
	h.giveBack(ch, o.id, o.from, proto.Refusef(proto.ReasonRetention, "the hub was away for %v", h.settings.Retention.Waiting))
}

// expired deletes what Sweep found, from the oldest on, and tells the senders of
// messages that some agency never received.
func (h *Hub) expired(e Expired) {
	ch := h.channels[e.Channel]
	if ch == nil || h.settings.Held[ch.id] {
		return
	}
	entries := h.mayExpire(ch, e.Entries)
	for _, v := range entries {
		h.expireEntry(ch, v)
	}
	if len(entries) > 0 {
		h.saveChannel(ch)
		h.emit(Audit{Actor: h.self, Channel: ch.id, What: "log entries expired"})
	}
	for _, v := range e.Messages {
		h.expireMessage(ch, v)
	}
	if len(entries)+len(e.Messages) > 0 {
		h.saveMarks(ch) // the senders' numbers are no longer among what is kept
	}
}

func (h *Hub) expireEntry(ch *channel, v *wire.StoredEntry) {
	seq := v.Entry.Seq
	if id, err := proto.MessageIDFrom(entryID(v.Entry)); err == nil {
		delete(ch.hosted.seen, id)
		if v.Entry.GetHail() != nil {
			ch.hosted.book.Forget(id)
		}
		if proto.EntryEnvelope(v.Entry) != nil && h.undelivered(ch, seq) {
			h.tellExpired(ch, id, v.From)
		}
	}
	h.erase(logBucket(ch.id), seqKey(seq))
	ch.hosted.first = seq + 1
}

func (h *Hub) expireMessage(ch *channel, v *wire.StoredMessage) {
	envelope := proto.EnvelopeOf(v.Frame)
	if envelope == nil || v.Seq == 0 { // what waits has its own rule
		return
	}
	id, err := proto.MessageIDFrom(envelope.GetId())
	if err != nil {
		return
	}
	if h.undelivered(ch, v.Seq) {
		h.tellExpired(ch, id, v.From)
	}
	delete(ch.origin.ordered, id)
	h.erase(originBucket(ch.id), id[:])
}

func (h *Hub) tellExpired(ch *channel, id proto.MessageID, from string) {
	if to, err := proto.ParseName(from); err == nil && to.Agency == h.self.Agency && to.Role.IsEndpoint() {
		h.giveBack(ch, id, to, proto.Refuse(proto.ReasonRetention, ch.charter.Title))
	}
}

// undelivered reports whether some party's relay has never had the entry.
func (h *Hub) undelivered(ch *channel, seq uint64) bool {
	return slices.ContainsFunc(ch.charter.Parties, func(p proto.Party) bool { return ch.marks.delivered[p.Agency] < seq })
}

// endedChannel is a channel whose charter has ended: its log rests until its
// class says otherwise. Nobody can ask for it here.
type endedChannel struct {
	kind  proto.CharterKind
	ended time.Time
}

func (h *Hub) keepEnded(ch *channel) {
	h.ended[ch.id] = endedChannel{ch.charter.Kind, ch.charter.Expires}
	h.save(bucketEnded, ch.id[:], &wire.StoredChannel{Charter: ch.signed, Head: ch.hosted.head, First: ch.hosted.first})
}

func (h *Hub) loadEnded(e Loaded) error {
	v := new(wire.StoredChannel)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	c, err := h.judge.Payload(v.Charter)
	if err == nil {
		h.ended[c.Channel] = endedChannel{c.Kind, c.Expires}
	}
	return err
}

// tickEnded drops the logs of channels that ended long ago. What says that they
// are there goes at a later tick, when they are gone: whoever is stopped in
// between drops them again.
func (h *Hub) tickEnded() {
	for _, id := range h.dropped {
		delete(h.ended, id)
		h.erase(bucketMarks, id[:])
		h.erase(bucketEnded, id[:])
		h.emit(Audit{Actor: h.self, Channel: id, What: "log of an ended channel dropped"})
	}
	h.dropped = nil
	if !h.every(dropEvery) {
		return
	}
	ids := slices.SortedFunc(maps.Keys(h.ended), func(a, b proto.ChannelID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		e := h.ended[id]
		keep := h.settings.Retention.of(e.kind)
		if keep == 0 || h.settings.Held[id] || h.now.Before(e.ended.Add(keep)) {
			continue
		}
		h.emit(Drop{logBucket(id)})
		h.emit(Drop{originBucket(id)})
		h.dropped = append(h.dropped, id)
	}
}
