package hub

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	pb "google.golang.org/protobuf/proto"

	"crossband/proto"
	"crossband/proto/wire"
)

// origin is what a follower keeps for its own endpoints on one channel: the
// messages that it has accepted and that the hub has not ordered yet. Those that
// are in the log rest in the store, to be read from there; here is only what
// tells their repetition: as many as the store holds, until they expire.
type origin struct {
	waiting map[proto.MessageID]*outgoing
	ordered map[proto.MessageID]placed
	order   uint64 // of the message accepted last
	busy    int    // requests to the hub that are not answered
}

// outgoing is one accepted message on its way to the hub.
type outgoing struct {
	id       proto.MessageID
	from     proto.Name
	frame    *wire.Frame // its body, as it came
	sum      [32]byte
	at       time.Time // accepted
	order    uint64
	asked    bool         // the hub has it before it
	again    time.Time    // not to be sent before, after no answer came
	told     bool         // its sender has heard that it is kept: it is not refused after, but given back
	returned proto.Reason // it went back to its sender, who may replace it
}

// placed is what is remembered of a message that the hub has ordered.
type placed struct {
	from proto.Name
	sum  [32]byte
	seq  uint64
}

// Bounds of what waits for a hub.
const (
	maxWaitingMessages = 2_000 // on one channel
	maxWaitingOfOne    = 200   // of them by one endpoint
	windowToHub        = 64    // sent and not answered, on one channel
)

func newOrigin() origin {
	return origin{waiting: make(map[proto.MessageID]*outgoing), ordered: make(map[proto.MessageID]placed)}
}

// accept takes a text, hail or reply of an own endpoint on a followed channel: it
// is kept first, then goes to the hub. With the hub away its sender is told that
// it is kept, and it goes when the hub is back; who is then known to be no member
// is refused at once.
func (h *Hub) accept(l *link, ch *channel, actor proto.Name, f *wire.Frame) error {
	if ch.charter.RightOf(actor) != proto.RightSend {
		return proto.Refuse(proto.ReasonListenOnly, actor.String())
	}
	if f.GetHail() != nil && !ch.charter.MayHail(actor) {
		return proto.Refusef(proto.ReasonCharter, "%s may not hail", actor)
	}
	envelope := proto.EnvelopeOf(f)
	id, err := proto.MessageIDFrom(envelope.GetId())
	if err != nil {
		return err
	}
	body := &wire.Frame{Body: f.Body}
	sum, err := sumOf(body)
	if err != nil {
		return err
	}
	if p, ok := ch.origin.ordered[id]; ok { // it is in the log, and kept here for its readers elsewhere
		if p.from != actor || p.sum != sum {
			return proto.Refuse(proto.ReasonConflict, id.String())
		}
		h.appended(l, ch, f, id, p.seq, true)
		return nil
	}
	old := ch.origin.waiting[id]
	switch {
	case old == nil:
		if err := h.originRoom(ch, actor, f); err != nil {
			return err
		}
	case old.from != actor:
		return proto.Refuse(proto.ReasonConflict, id.String())
	case old.returned != 0: // sealed anew, in its old place
		if err := h.storeRoom(f.GetText() != nil); err != nil {
			return err
		}
	case old.sum != sum:
		return proto.Refuse(proto.ReasonConflict, id.String())
	default: // the same again: its sender did not hear that we have it
		old.told = true
		h.appended(l, ch, f, id, 0, true)
		return nil
	}
	if m := h.deciding(ch); m != nil && !m.has(actor) { // the hub would refuse it days later
		return proto.Refuse(proto.ReasonNotMember, actor.String())
	}
	o := &outgoing{id: id, from: actor, frame: body, sum: sum, at: h.now}
	if old != nil {
		o.order, o.at = old.order, old.at
	} else {
		ch.origin.order++
		o.order = ch.origin.order
	}
	ch.origin.waiting[id] = o
	ch.marks.number(actor, envelope.GetNumber())
	h.saveOrigin(ch, o, 0)
	if !h.toHub(ch, o, l.id, f.Id) {
		o.told = true
		h.appended(l, ch, f, id, 0, false)
	}
	return nil
}

func (h *Hub) originRoom(ch *channel, actor proto.Name, f *wire.Frame) error {
	if n := len(ch.origin.waiting); n >= maxWaitingMessages {
		return proto.Refusef(proto.ReasonFull, "%d messages wait for the hub", n)
	}
	n := 0
	for _, o := range ch.origin.waiting {
		if o.from == actor {
			n++
		}
	}
	if n >= maxWaitingOfOne {
		return proto.Refusef(proto.ReasonQuota, "%d messages of %s wait for the hub", n, actor.Short())
	}
	return h.storeRoom(f.GetText() != nil)
}

// toHub sends a message to the hub, if it is there and not too much is on its
// way. from and re say who waits for the answer, if anybody does.
func (h *Hub) toHub(ch *channel, o *outgoing, from LinkID, re uint64) bool {
	hub := h.peers[ch.charter.Owner]
	if hub == nil || ch.origin.busy >= windowToHub || h.earlierWaits(ch, o) {
		return false
	}
	asker := h.links[from]
	if asker == nil {
		asker = h.links[SelfLink]
	}
	if err := h.forward(asker, &wire.Frame{Id: re, Body: o.frame.Body}, hub, o.from, ch.id); err != nil {
		return false
	}
	p := hub.pending[h.lastID]
	p.message = o.id
	hub.pending[h.lastID] = p
	o.asked = true
	ch.origin.busy++
	return true
}

// earlierWaits keeps a sender's messages in their order: none is sent before the
// answer to the one before it, for the hub may put that one off and take this.
func (h *Hub) earlierWaits(ch *channel, o *outgoing) bool {
	for _, e := range ch.origin.waiting {
		if e.from == o.from && e.order < o.order && e.returned == 0 {
			return true
		}
	}
	return false
}

// flush sends what waits, in the order in which it was accepted, each sender's one
// after the other.
func (h *Hub) flush(ch *channel) {
	if len(ch.origin.waiting) == 0 || h.peers[ch.charter.Owner] == nil {
		return
	}
	first := make(map[proto.Name]bool) // whose first one has been looked at
	for _, o := range ch.origin.sorted() {
		if ch.origin.busy >= windowToHub {
			return
		}
		if o.returned != 0 || first[o.from] {
			continue
		}
		first[o.from] = true
		if !o.asked && !h.now.Before(o.again) {
			h.toHub(ch, o, SelfLink, 0)
		}
	}
}

func (q *origin) sorted() []*outgoing {
	list := make([]*outgoing, 0, len(q.waiting))
	for _, o := range q.waiting {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *outgoing) int { return cmp.Compare(a.order, b.order) })
	return list
}

// originAnswered takes the hub's answer about one of our messages, or the news
// that there will be none, and tells whoever waits.
func (h *Hub) originAnswered(p pending, a *wire.Appended, why *proto.Refusal) {
	ch := h.channels[p.channel]
	if ch == nil {
		return
	}
	o := ch.origin.waiting[p.message]
	ch.origin.busy--
	waits := h.links[p.from]
	if p.id == 0 {
		waits = nil
	}
	if o == nil {
		return
	}
	o.asked = false
	switch {
	case a != nil:
		h.ordered(ch, o, a.Seq)
		if waits != nil {
			h.send(waits, &wire.Frame{Re: p.id, Body: &wire.Frame_Appended{Appended: a}})
		}
	case why.Reason == proto.ReasonHubAway || why.Reason == proto.ReasonQuota || why.Reason == proto.ReasonFull:
		o.again = h.now.Add(proto.AnswerTimeout) // it stays accepted, and is tried again
		h.sayKept(ch, o, waits, p.id)
	case waits != nil && !o.told: // who asks hears it at once
		h.settleRefused(ch, o, why)
		h.send(waits, refused(p.id, why))
	default:
		h.sayKept(ch, o, waits, p.id)
		h.settleRefused(ch, o, why)
		h.giveBack(ch, o.id, o.from, why)
	}
	h.flush(ch)
}

// sayKept answers a request, if anybody waits for it, with the word that its
// message is kept.
func (h *Hub) sayKept(ch *channel, o *outgoing, waits *link, re uint64) {
	if waits != nil {
		o.told = true
		h.send(waits, &wire.Frame{Re: re, Body: &wire.Frame_Appended{Appended: &wire.Appended{Channel: ch.id[:], Id: o.id[:]}}})
	}
}

// ordered notes a message's place in the log: its content rests in the store from
// now on.
func (h *Hub) ordered(ch *channel, o *outgoing, seq uint64) {
	h.saveOrigin(ch, o, seq)
	delete(ch.origin.waiting, o.id)
	ch.origin.ordered[o.id] = placed{o.from, o.sum, seq}
}

// settleRefused ends a message that the hub does not take. One that was sealed
// too long ago keeps its place for its sender to seal it again.
func (h *Hub) settleRefused(ch *channel, o *outgoing, why *proto.Refusal) {
	if why.Reason == proto.ReasonStaleEpoch {
		o.returned = why.Reason
		h.saveOrigin(ch, o, 0)
		return
	}
	h.eraseWaiting(ch, o)
}

// eraseWaiting forgets a message that never reached the log, but not its number:
// its sender has used it.
func (h *Hub) eraseWaiting(ch *channel, o *outgoing) {
	delete(ch.origin.waiting, o.id)
	h.erase(originBucket(ch.id), o.id[:])
	h.saveMarks(ch)
}

// endWaiting gives back what still waits for the hub of a channel that is to be
// forgotten. Under a legal hold the records stay.
func (h *Hub) endWaiting(ch *channel) {
	if len(ch.origin.waiting) == 0 {
		return
	}
	why := ch.end.Refusal()
	for _, o := range ch.origin.sorted() {
		if !h.settings.Held[ch.id] {
			h.erase(originBucket(ch.id), o.id[:])
		}
		h.giveBack(ch, o.id, o.from, why)
	}
	h.saveMarks(ch) // their numbers are used
}

// fetchSealed answers from the store of the messages' origin, or asks the relay
// that has them.
func (h *Hub) fetchSealed(l *link, ch *channel, actor proto.Name, f *wire.Frame, b *wire.FetchSealed) error {
	a, err := proto.ParseAgency(b.Agency)
	switch {
	case err != nil:
		return proto.Refuse(proto.ReasonMalformed, "agency")
	case len(b.Ids) == 0 || len(b.Ids) > proto.MaxEntries:
		return proto.Refusef(proto.ReasonMalformed, "%d messages asked for, 1 to %d are allowed", len(b.Ids), proto.MaxEntries)
	case !ch.charter.HasParty(a):
		return proto.Refuse(proto.ReasonNoRoute, b.Agency)
	}
	if a != h.self.Agency {
		to := h.peers[a]
		if to == nil && ch.charter.Owner != h.self.Agency {
			to = h.peers[ch.charter.Owner]
		}
		if to == nil || to == l.live() {
			return proto.Refuse(proto.ReasonNoRoute, string(a))
		}
		return h.forward(l, f, to, proto.Name{}, ch.id)
	}
	read := ReadSealed{Link: l.id, Bucket: originBucket(ch.id), Answer: &wire.Frame{
		Re: f.Id, Body: &wire.Frame_Sealed{Sealed: &wire.Sealed{Channel: ch.id[:]}},
	}}
	for _, raw := range b.Ids {
		id, err := proto.MessageIDFrom(raw)
		if err != nil {
			return err
		}
		read.Keys = append(read.Keys, id[:])
	}
	h.emit(read)
	return nil
}

func originBucket(id proto.ChannelID) string { return originPrefix + id.String() }

func (h *Hub) saveOrigin(ch *channel, o *outgoing, seq uint64) {
	h.save(originBucket(ch.id), o.id[:], &wire.StoredMessage{
		Frame: o.frame, From: o.from.String(), TimeMs: o.at.UnixMilli(), Seq: seq, Order: o.order, Returned: uint32(o.returned),
	})
}

func (h *Hub) loadOrigin(ch *channel, e Loaded) error {
	v := new(wire.StoredMessage)
	if err := pb.Unmarshal(e.Value, v); err != nil {
		return err
	}
	id, err := proto.MessageIDFrom(e.Key)
	if err != nil {
		return err
	}
	from, err := proto.ParseName(v.From)
	envelope := proto.EnvelopeOf(v.Frame)
	if err != nil || envelope == nil || !bytes.Equal(envelope.GetId(), e.Key) {
		return proto.Refuse(proto.ReasonMalformed, "stored message")
	}
	ch.origin.order = max(ch.origin.order, v.Order)
	ch.marks.number(from, envelope.GetNumber())
	sum, err := sumOf(v.Frame)
	if err != nil {
		return err
	}
	if v.Seq != 0 {
		ch.origin.ordered[id] = placed{from, sum, v.Seq}
		return nil
	}
	ch.origin.waiting[id] = &outgoing{
		id: id, from: from, frame: v.Frame, sum: sum, at: time.UnixMilli(v.TimeMs), order: v.Order, returned: proto.Reason(v.Returned),
	}
	return nil
}
