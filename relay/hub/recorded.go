package hub

import (
	"slices"
	"time"

	"crossband/crypto/mls/policy"
	"crossband/proto"
	"crossband/proto/wire"
)

// Recorded is what belongs into the record of an incident, in the order in which it
// happened at this hub. The caller makes it durable with the Writes of the same turn.
type Recorded struct {
	Incident proto.IncidentID
	Channel  proto.ChannelID // where it happened
	Exercise bool
	Parties  []proto.Agency // of the channel and of what it may open, ascending: they are to cosign
	Told     []proto.Agency // of the channel: they may know of it
	Rests    []Resting      // documents in force
	Actor    proto.Name
	What     Happening
}

func (Recorded) effect() {}

// Resting is a signed document that is in force when something happens: the agreement
// under which it happens, or a change that a party has announced and that is under way.
type Resting struct {
	Kind   proto.DocumentKind
	Title  string
	Signed []byte
}

// Happening is what happened: Said, MembersMoved, FloorMoved, Spoken or LinkGone.
type Happening interface{ happening() }

// Said is an entry of the channel's log that members said, or the hub of a hail.
type Said struct {
	Entry *wire.Entry
	Had   proto.Name // of an incident that is handed over: who had it
}

// MembersMoved is a change of the members.
type MembersMoved struct {
	Epoch          uint64
	Added, Removed []Member
}

// Member is one who came or went.
type Member struct {
	Name     proto.Name
	Observer bool
}

// FloorMoved is a decision on the floor, of a press by the actor.
type FloorMoved struct {
	Move     FloorMove
	Burst    proto.BurstID
	Priority proto.Priority
	Reason   proto.Reason   // 0: the talker let go
	By       proto.Name     // who took it
	Above    proto.Priority // of By
}

// FloorMove is what became of a press.
type FloorMove uint8

// The decisions on a press.
const (
	FloorGranted  FloorMove = 1
	FloorReleased FloorMove = 2 // by the talker, or from it
	FloorDenied   FloorMove = 3
)

// Spoken is a talker's word on a burst that it has said. Whether it signed it is for
// the caller to judge, by the chain that it has as a member.
type Spoken struct {
	Burst *wire.Burst
	Chain [][]byte
}

// LinkGone says that a partner's relay has been away for some time, or is back.
type LinkGone struct {
	Relay proto.Name
	Lost  time.Time
	Back  time.Time // zero: it is away
}

func (LinkGone) happening()     {}
func (Said) happening()         {}
func (MembersMoved) happening() {}
func (FloorMoved) happening()   {}
func (Spoken) happening()       {}

// record emits what happened, if it belongs to an incident.
func (h *Hub) record(ch *channel, incident proto.IncidentID, actor proto.Name, exercise bool, what Happening) {
	if incident == (proto.IncidentID{}) || ch.charter.Owner != h.self.Agency {
		return
	}
	h.emit(Recorded{
		Incident: incident, Channel: ch.id, Exercise: exercise, Parties: ch.charter.Agencies(), Told: ch.charter.Members(),
		Rests: h.rests(ch), Actor: actor, What: what,
	})
}

// rests lists the documents in force on a channel: its agreement, and after it the
// changes under way that its agencies have announced.
func (h *Hub) rests(ch *channel) (list []Resting) {
	if pact := h.pacts[ch.charter.Agreement]; pact != nil {
		a := pact.Current(h.now)
		if d := h.agreementHeld(a.ID, a.Revision); d != nil {
			list = append(list, Resting{d.Kind, a.Title, d.signed})
		}
	}
	for _, d := range h.underWay(ch.charter.Agencies()) {
		list = append(list, Resting{d.Kind, d.Notice.Title, d.signed})
	}
	return list
}

// recordEntry records what was said: all of it on an incident's channel, on a
// calling channel what concerns a hail.
func (h *Hub) recordEntry(ch *channel, actor proto.Name, e *wire.Entry) {
	incident, exercise := ch.charter.Incident, ch.charter.Exercise
	switch item := e.Item.(type) {
	case *wire.Entry_Commit:
		return // recordMembers says more
	case *wire.Entry_Hail:
		incident, exercise = proto.IncidentID(item.Hail.Incident), item.Hail.Exercise
	case *wire.Entry_HailReply:
		incident, exercise = ch.incidentOf(item.HailReply.Hail)
	case *wire.Entry_Page:
		incident, exercise = ch.incidentOf(item.Page.Hail)
	case *wire.Entry_PageResult:
		incident, exercise = ch.incidentOf(item.PageResult.Hail)
	case *wire.Entry_Incident:
		k, _ := ch.hosted.book.Case(proto.IncidentID(item.Incident.Incident)) // has been judged
		h.record(ch, k.ID, actor, k.Exercise, Said{e, k.Had})
		return
	}
	h.record(ch, incident, actor, exercise, Said{Entry: e})
}

// incidentOf returns the incident of a hail; none if the hail is not known.
func (ch *channel) incidentOf(hail []byte) (proto.IncidentID, bool) {
	id, err := proto.MessageIDFrom(hail)
	if err != nil {
		return proto.IncidentID{}, false
	}
	c, _ := ch.hosted.book.Call(id)
	return c.Incident, c.Exercise
}

func (h *Hub) recordMembers(ch *channel, d policy.Difference) {
	if len(d.Added)+len(d.Removed) == 0 {
		return // keys were renewed, and nobody came or went
	}
	h.record(ch, ch.charter.Incident, d.By, ch.charter.Exercise, MembersMoved{ch.hosted.members.epoch(), ch.described(d.Added), ch.described(d.Removed)})
}

func (ch *channel) described(names []proto.Name) []Member {
	list := make([]Member, 0, len(names))
	for _, n := range names {
		_, observes := ch.charter.Observes(n.Agency)
		list = append(list, Member{n, observes})
	}
	return list
}

// recordFloor records a decision on a press. What a follower decides while the hub is
// away is in no record: it has none of the hub's.
func (h *Hub) recordFloor(ch *channel, t talker, m FloorMoved) {
	if ch.charter.Incident == (proto.IncidentID{}) || ch.charter.Owner != h.self.Agency {
		return
	}
	m.Burst, m.Priority = t.burst, t.prio
	if m.Move == FloorReleased {
		ch.spoken.add(spoken{t.who, t.burst})
	}
	h.record(ch, ch.charter.Incident, t.who, ch.charter.Exercise, m)
}

// spoken is a burst that has ended, of which the talker may still tell.
type spoken struct {
	who   proto.Name
	burst proto.BurstID
}

// spokenList holds the newest of them; beyond its bound the oldest goes, and its
// talker's word comes too late.
type spokenList []spoken

const maxSpoken = 64

func (l *spokenList) add(s spoken) {
	if len(*l) == maxSpoken {
		*l = slices.Delete(*l, 0, 1)
	}
	*l = append(*l, s)
}

// take removes a burst, so that it is told of once.
func (l *spokenList) take(s spoken) bool {
	i := slices.Index(*l, s)
	if i < 0 {
		return false
	}
	*l = slices.Delete(*l, i, i+1)
	return true
}

// burstSaid takes a talker's word on its burst into the record.
func (h *Hub) burstSaid(ch *channel, actor proto.Name, b *wire.Burst) error {
	if err := h.maySend(ch, actor); err != nil {
		return err
	}
	burst, err := proto.BurstIDFrom(b.Burst)
	if err != nil {
		return err
	}
	if len(b.Digest) != digestLen || len(b.Certificate) != digestLen {
		return proto.Refuse(proto.ReasonMalformed, "a burst's digest")
	}
	if !ch.spoken.take(spoken{actor, burst}) {
		return proto.Refusef(proto.ReasonNotHolder, "burst %s", burst)
	}
	h.record(ch, ch.charter.Incident, actor, ch.charter.Exercise, Spoken{b, ch.hosted.members.chainOf(actor)})
	return nil
}

const digestLen = 32 // octets of SHA-256

// chainOf returns the certificates that a member shows in the group.
func (m *membership) chainOf(n proto.Name) [][]byte {
	for _, member := range m.group.Members() {
		if member.Leaf == m.leaves[n] {
			return member.Credential.Chain
		}
	}
	return nil
}

// Recording is a frame about records. The hub knows none: the caller keeps them.
type Recording struct {
	Link  LinkID
	Peer  proto.Name // who brought it
	Frame *wire.Frame
}

func (Recording) effect() {}

// Concerns reports whether a record that owner's relay keeps is of what is known here:
// of the channel on which the incident was opened, or of the incident's own.
func (h *Hub) Concerns(owner proto.Agency, incident proto.IncidentID, opened proto.ChannelID) bool {
	if ch := h.channels[opened]; ch != nil && ch.charter.Owner == owner {
		return true
	}
	for _, ch := range h.channels {
		if ch.charter.Owner == owner && ch.charter.Incident == incident {
			return true
		}
	}
	return false
}
